"""Checks that the scripts in the workflows exist and accept the options.

The workflows in the documentation, for other apps, call lab itself. Without this check, only a deployment would reveal a
renamed option.
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
    parser.add_argument("--lab", required=True, help="the lab binary; scripts/load and scripts/check pass options on to it")
    parser.add_argument("--shown", required=True, type=Path, help="the folder with the workflows of the documentation")
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
                wrong.append(f"{file.name}: {script} is not a program")
                continue
            options = OPTION.findall(words)
            if script.endswith(".sh"):
                continue
            known = help_of([str(path)])
            if script in ("scripts/load", "scripts/check"):
                known += help_of([lab, Path(script).name])
                # The lines before the call collect these options.
                options += [option for line in text.splitlines() if line.strip().startswith(("*:*) set --", "set --"))
                            for option in OPTION.findall(line.split("set --", 1)[1])]
            wrong += [
                f"{file.name}: {script} does not accept {option}"
                for option in options
                if not re.search(rf"(?<!\S){re.escape(option)}\b", known)
            ]
    for file in sorted(arguments.shown.glob("*.yml")):
        for subcommand, words in LAB.findall(file.read_text()):
            calls += 1
            known = help_of([lab, subcommand])
            wrong += [
                f"{file.name}: lab {subcommand} does not accept {option}"
                for option in OPTION.findall(words)
                if not re.search(rf"(?<!\S){re.escape(option)}\b", known)
            ]
    if not calls:
        wrong.append("no call of a script was found: has their form changed?")
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    if not wrong:
        print(f"workflows: {calls} calls of scripts and lab, with accepted options only")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
