"""Holds what the workflows run against what the scripts take: every script they call is there, and knows every option.

The workflows that the documentation shows, for other people's apps, call lab itself. A renamed option would otherwise be found out by a deployment.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOWS = ROOT / ".github" / "workflows"
CALL = re.compile(r"\./(scripts/[a-z]+|\.github/workflows/[a-z-]+\.sh)\b([^\n#|;&]*)")
LAB = re.compile(r"^ *(?:run: |- run: )?lab ([a-z]+)\b([^\n#|;&]*)", re.MULTILINE)
OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]*)")


def help_of(command: list[str]) -> str:
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab", required=True, help="the lab, whose options scripts/load and scripts/check pass on")
    parser.add_argument("--shown", required=True, type=Path, help="the folder of the workflows that the documentation shows")
    arguments = parser.parse_args()
    lab = arguments.lab
    calls = 0
    wrong: list[str] = []
    for file in sorted([*FLOWS.glob("*.yml"), *FLOWS.glob("*.sh")]):
        text = file.read_text()
        for script, words in CALL.findall(text):
            calls += 1
            path = ROOT / script
            if not path.is_file() or not path.stat().st_mode & 0o100:
                wrong.append(f"{file.name}: {script} is no program")
                continue
            options = OPTION.findall(words)
            if script.endswith(".sh"):
                continue
            known = help_of([str(path)])
            if script in ("scripts/load", "scripts/check"):
                known += help_of([lab, Path(script).name])
                # They are put together in the lines before.
                options += [option for line in text.splitlines() if line.strip().startswith(("*:*) set --", "set --"))
                            for option in OPTION.findall(line.split("set --", 1)[1])]
            wrong += [
                f"{file.name}: {script} does not know {option}"
                for option in options
                if not re.search(rf"(?<!\S){re.escape(option)}\b", known)
            ]
    for file in sorted(arguments.shown.glob("*.yml")):
        for subcommand, words in LAB.findall(file.read_text()):
            calls += 1
            known = help_of([lab, subcommand])
            wrong += [
                f"{file.name}: lab {subcommand} does not know {option}"
                for option in OPTION.findall(words)
                if not re.search(rf"(?<!\S){re.escape(option)}\b", known)
            ]
    if not calls:
        wrong.append("no call of a script was found: has the way they are written changed?")
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    if not wrong:
        print(f"workflows: {calls} calls of scripts and lab, with options that they know")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
