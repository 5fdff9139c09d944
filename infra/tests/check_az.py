"""Has the real `az` parse every command line of the project. Nobody is logged in, so none of them reaches Azure.

    python infra/tests/check_az.py AZ LINES

AZ is the program, LINES the file that the tests of the scripts have written (AZ_LINES). A line passes when `az` gets as far as
asking for a login: it then has checked the command, every option, and what it can check of the values.
Exit codes: 0 all were parsed; 1 one was not, or a command in a script appears in no line.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import az_lines

ROOT = Path(__file__).resolve().parents[2]

ASKS_FOR_A_LOGIN = "az login"

# What needs no login and tells of the installation only.
WITHOUT_LOGIN = {("az", "version")}

# Lines that must not be parsed; were one, the check would prove nothing.
WRONG = (
    "az functionapp restart --resource-group g --name n --no-such-option 1",
    "az functionapp resart --resource-group g --name n",
    "az functionapp restart --name n",
    "az postgres flexible-server show --ids not-an-id",
)


def documented() -> list[list[str]]:
    """The lines in the documentation, in the scripts' own texts, and in the workflows."""
    files = [
        *sorted(ROOT.glob("docs/**/*.md")),
        *sorted(ROOT.glob("*.md")),
        ROOT / "infra" / "README.md",
        *sorted(ROOT.glob(".github/workflows/*.yml")),
    ]
    return [line for file in files for line in az_lines.in_text(file.read_text(encoding="utf-8"))]


def commands_of_scripts() -> dict[str, str]:
    """The commands that stand in the scripts, such as `az functionapp restart`, with where each is."""
    found: dict[str, str] = {}
    scripts = [file for file in sorted((ROOT / "scripts").glob("*")) if file.is_file()]
    for file in [*scripts, *sorted((ROOT / "scripts" / "azure").glob("*.py")), *sorted((ROOT / "infra").glob("*.sh"))]:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            # An option, a variable or a quotation mark ends the command.
            for match in re.finditer(r"(?<![\w<'-])az((?: [a-z][a-z-]+)+)(?= -| \\| \"|\"|\)|$)", line):
                if not line.lstrip().startswith("#"):
                    found.setdefault(f"az{match[1]}", f"{file.relative_to(ROOT)}:{number}")
    return found


def fault(az: str, line: Sequence[str], folder: str) -> str:
    """What `az` says against the line; empty when it parsed it."""
    environment = {
        **os.environ,
        "AZURE_CONFIG_DIR": folder,
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
        "AZURE_CORE_NO_COLOR": "true",
        "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [az, *line[1:]], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
    )
    said = done.stderr.strip()
    if done.returncode == 0 and tuple(line[:2]) in WITHOUT_LOGIN:
        return ""
    if done.returncode == 1 and ASKS_FOR_A_LOGIN in said:
        return ""
    return said or f"it ended with {done.returncode} and said nothing"


def main(az: str, lines_file: str) -> int:
    """Checks all lines, prints each with its result, and returns the exit code."""
    tested = az_lines.kept(Path(lines_file))
    # `az login` itself can only be tried: it would begin to log in.
    lines = [line for line in dict.fromkeys([*tested, *map(tuple, documented())]) if line[:2] != ("az", "login")]
    with tempfile.TemporaryDirectory() as folder:
        # The first run writes the index of commands that the others read.
        subprocess.run([az, "version"], env={**os.environ, "AZURE_CONFIG_DIR": folder}, capture_output=True, check=True)
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            accepted = [text for text in WRONG if not fault(az, text.split(), folder)]
            faults = list(pool.map(lambda line: fault(az, line, folder), lines))
    for line, found in zip(lines, faults, strict=True):
        print("refused" if found else "parsed ", " ".join(repr(word) if re.search(r"\s", word) else word for word in line))
        if found:
            print("        " + found.replace("\n", "\n        "))
    never = {
        command: place
        for command, place in commands_of_scripts().items()
        if not any(" ".join(line).startswith(command) for line in tested) and command != "az login"
    }
    for command, place in never.items():
        print(f"{place}: {command} was neither called nor shown in a test")
    for text in accepted:
        print(f"parsed, and must not be: {text}")
    refused = sum(1 for found in faults if found)
    print(f"{len(lines)} command lines: {len(lines) - refused} parsed, {refused} refused; {len(WRONG)} wrong ones: "
          f"{len(WRONG) - len(accepted)} refused")
    return 1 if refused or never or accepted or not tested else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
