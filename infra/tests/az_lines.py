"""Every `az` command line of the project, for the real `az` to parse.

They come from three places: what the scripts call while their tests run, with every failure on the way (a stand-in records
them); what the scripts print for a person to paste; and what the documentation and the workflows say.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import cast

# Where the tests of the scripts write what they saw, one JSON list a line. Without it they write nothing.
VARIABLE = "AZ_LINES"


def keep(calls: Iterable[list[str]], printed: str) -> None:
    """Appends a script's calls of `az`, and the lines for a person in what it printed, to the file that `AZ_LINES` names."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    lines = [call for call in calls if call[0] == "az"] + in_text(printed)
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def kept(path: Path) -> list[tuple[str, ...]]:
    """The different lines of the file, in the order in which they first came."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(tuple(cast(list[str], json.loads(line))) for line in lines))


def in_text(text: str) -> list[list[str]]:
    """The lines of a text that are commands, as a shell would split them."""
    found: list[list[str]] = []
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        for match in re.finditer(r"(?:^\s*(?:[$>] )?|`|\$\(|\brun: )(az [a-z][^`]*)", line):
            words = _words(match[1])
            # Text names commands as well; one that is to be run there has options besides the form of its output.
            named = match[0].startswith("`") and not [word for word in words if re.match("--(?!output)", word)]
            if len(words) > 1 and re.fullmatch(r"[a-z-]+", words[1]) and not named:
                found.append(words)
    return found


def _words(command: str) -> list[str]:
    """Up to where a comment, a pipe, or the explanation after three spaces begins, outside of quotation marks."""
    quoted = ""
    for position, character in enumerate(command):
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "'\"":
            quoted = character
        elif character in "|;&)#>" or command[position : position + 3] == "   ":
            return shlex.split(command[:position])
    return shlex.split(command) if not quoted else []
