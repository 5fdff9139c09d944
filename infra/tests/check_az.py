"""Lets the real `az` parse all command lines of the project. There is no login, so no command reaches Azure.

    PYTHON infra/tests/check_az.py LINES

PYTHON belongs to the environment in which azure-cli is installed. LINES is the file that the tests of the scripts have written
(AZ_LINES). A line passes if `az` reports that a login is required: it has then checked the command, all options, and the
values as far as it can. All lines run in one process, because each start of `az` takes a second.
Exit codes: 0 all lines were parsed; 1 a line was not parsed, or no line contains a command of a script.
"""

from __future__ import annotations

import importlib
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import az_lines

ROOT = Path(__file__).resolve().parents[2]

# Messages of `az` after it has parsed a line: it requires a login, a known subscription, or a confirmation.
PARSED = ("az login", "doesn't exist in cloud 'AzureCloud'", "Unable to prompt for confirmation")

# Commands that need no login and only describe the installation.
WITHOUT_LOGIN = {("az", "version")}

# Commands that act without a login. They are not run, because they would start a login or install another version.
ACTS_AT_ONCE = {("az", "login"), ("az", "upgrade")}

# Commands of extensions that `az` installs at their first use.
OF_EXTENSIONS = {("az", "monitor", "log-analytics", "query"): "log-analytics"}

# Lines that `az` must reject. If it accepted one, the check would prove nothing.
WRONG = (
    "az functionapp restart --resource-group g --name n --no-such-option 1",
    "az functionapp resart --resource-group g --name n",
    "az functionapp restart --name n",
    "az appservice plan show --ids not-an-id",
)

# Replaces a variable in the documentation, or a placeholder of a dry run, by an ID.
AN_ID = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.Web/serverfarms/p"


def documented() -> list[list[str]]:
    """The lines in the documentation, in the texts of the scripts, and in the workflows."""
    files = [
        *sorted(ROOT.glob("docs/**/*.md")),
        *sorted(ROOT.glob("*.md")),
        ROOT / "infra" / "README.md",
        # In messages.
        *sorted(ROOT.glob("infra/*.py")),
        *sorted(ROOT.glob(".github/workflows/*.yml")),
    ]
    return [line for file in files for line in az_lines.in_text(file.read_text(encoding="utf-8"))]


def commands_of_scripts() -> dict[str, str]:
    """The commands in the scripts, such as `az functionapp restart`, each with its place."""
    found: dict[str, str] = {}
    shell = [file for file in sorted((ROOT / "scripts").glob("*")) if file.is_file()]
    for file in [*shell, *sorted((ROOT / "scripts" / "azure").glob("*.py"))]:
        # In a shell script, an option, a variable or a quotation mark ends the command. In Python, each word is quoted.
        pattern = r'"az"((?:, "[a-z][a-z-]+")+)' if file.suffix else r"(?<![\w<'-])az((?: [a-z][a-z-]+)+)(?= -| \\| \"|\"|\)|$)"
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if line.lstrip().startswith("#"):
                continue
            for match in re.finditer(pattern, line):
                words = re.findall(r"[a-z][a-z-]*", match[1])
                found.setdefault(" ".join(["az", *words]), f"{file.relative_to(ROOT)}:{number}")
    return found


def plain(line: Sequence[str]) -> tuple[str, ...]:
    """The line without the parts that differ between tests: temporary folders and digests."""
    words = (re.sub(r"^\$\{?[A-Za-z_]+\}?$", AN_ID, word) for word in line)
    words = (re.sub(r"/tmp/.*/(?=target/|infra/)|/tmp/tmp\.\w+/", "", word) for word in words)
    return tuple(re.sub(r"\b[0-9a-f]{64}\b", "0" * 64, word) for word in words)


class Az:
    """The Azure CLI with its own configuration folder, without a login."""

    def __init__(self, folder: str) -> None:
        os.environ |= {
            "AZURE_CONFIG_DIR": folder,
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_NO_COLOR": "true",
            "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
        }
        self.core: Any = importlib.import_module("azure.cli.core")

    def fault(self, line: Sequence[str]) -> str:
        """Why `az` rejects the line; empty if it parsed the line."""
        code, said = self._invoke(line)
        if code == 0 and tuple(line[:2]) in WITHOUT_LOGIN:
            return ""
        if code == 1 and any(sentence in said for sentence in PARSED):
            return ""
        return said or f"it ended with {code} and without a message"

    def _invoke(self, line: Sequence[str]) -> tuple[int, str]:
        # The log handlers of `az` keep their first stream, so the file descriptors themselves are redirected.
        kept = os.dup(2), os.dup(1), os.dup(0)
        with tempfile.TemporaryFile() as heard, open(os.devnull, "rb") as nobody:
            os.dup2(heard.fileno(), 2)
            os.dup2(heard.fileno(), 1)
            os.dup2(nobody.fileno(), 0)
            try:
                # Each line has its own instance. A used instance would apply the previous line's --query to this result.
                code = self.core.get_default_cli().invoke([*line[1:]])
            except SystemExit as ended:
                code = ended.code
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                for number, descriptor in zip((2, 1, 0), kept, strict=True):
                    os.dup2(descriptor, number)
                    os.close(descriptor)
            heard.seek(0)
            return int(code or 0), heard.read().decode(errors="replace").strip()


def main(lines_file: str) -> int:
    """Checks all lines, prints each with its result, and returns the exit code."""
    file = Path(lines_file)
    if not file.is_file():
        print(f"{file} does not exist; the tests of the scripts create it: ./scripts/test --only azure")
        return 1
    tested = [plain(line) for line in az_lines.kept(file)]
    lines = [
        line
        for line in dict.fromkeys([*tested, *map(plain, documented())])
        if line[:2] not in ACTS_AT_ONCE and line[:4] not in OF_EXTENSIONS
    ]
    with tempfile.TemporaryDirectory() as folder:
        az = Az(folder)
        accepted = [text for text in WRONG if not az.fault(text.split())]
        refused = 0
        for line in lines:
            found = az.fault(line)
            refused += bool(found)
            print("refused" if found else "parsed ", shlex.join(line))
            for sentence in found.splitlines():
                print(f"        {sentence}")
    commands = commands_of_scripts()
    never = {
        command: place
        for command, place in commands.items()
        if not any(" ".join(line).startswith(command) for line in tested) and tuple(command.split()[:2]) not in ACTS_AT_ONCE
    }
    for command, place in never.items():
        print(f"{place}: {command} was neither called nor shown in a test")
    for text in accepted:
        print(f"wrongly parsed: {text}")
    print(
        f"{len(lines)} command lines with all of the scripts' {len(commands)} commands: {len(lines) - refused} parsed, "
        f"{refused} refused; {len(WRONG)} wrong ones: {len(WRONG) - len(accepted)} refused"
    )
    return 1 if refused or never or accepted or not commands else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
