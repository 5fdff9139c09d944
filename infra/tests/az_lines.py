"""Collects all `az` command lines of the project, so that the real `az` can parse them.

There are three sources: the calls of the scripts during their tests, which cover the failures as well (a stand-in records the
calls); the commands that the scripts print for the user; and the documentation and the workflows.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import cast

# The file to which the tests of the scripts append the lines, one JSON list per line. Without the variable they write nothing.
VARIABLE = "AZ_LINES"


def keep(calls: Iterable[list[str]], printed: str) -> None:
    """Appends a script's calls of `az`, and the commands in its output, to the file in `AZ_LINES`."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    lines = [call for call in calls if call[0] == "az"] + in_text(printed)
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def kept(path: Path) -> list[tuple[str, ...]]:
    """The lines of the file without duplicates, in the order of their first occurrence."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(tuple(cast(list[str], json.loads(line))) for line in lines))


def in_text(text: str) -> list[list[str]]:
    """The commands in a text, split into words as a shell does."""
    found: list[list[str]] = []
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        for match in re.finditer(r"(?:^\s*(?:[$>] )?|`|\$\(|\brun: )(az [a-z][^`]*)", line):
            words = _words(match[1])
            # Text also mentions commands by name. A command that the reader should run has more options than --output.
            named = match[0].startswith("`") and not [word for word in words if re.match("--(?!output)", word)]
            if len(words) > 1 and re.fullmatch(r"[a-z-]+", words[1]) and not named:
                found.append(words)
    return found


def _words(command: str) -> list[str]:
    """The words before a comment, a pipe, or an explanation after three spaces, except inside quotation marks."""
    quoted = ""
    for position, character in enumerate(command):
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "'\"":
            quoted = character
        elif character in "|;&)#>" or command[position : position + 3] == "   ":
            return shlex.split(command[:position])
    return shlex.split(command) if not quoted else []
