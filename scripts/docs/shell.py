"""The shell blocks of the pages: what their marks mean, which of our programs they call, with which options."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from page import Block, Page

RUN = "run"
SERVE = "serve"
STARTS = "starts"
WHERE = "where"
MARKS = {
    SERVE: "starts the app, for the blocks after it on the page",
    STARTS: "each line starts it, and it is ended as soon as it serves",
    "elsewhere": "run by a step of scripts/test, which is named",
    "azure": "needs Azure",
    "hand": "by hand: it installs something, takes very long, or needs what a test machine does not have",
}
CALL = re.compile(r"(?:^|[\s(])(?:\./)?(scripts/[a-z]+|target/(?:quick|debug|release)/(?:lab|handler))(?=[\s)]|$)(.*)")
# The lab of a release, which is in PATH or in the folder.
LAB = re.compile(r"^\s*(?:\w+=\S*\s+)*(?:\./)?(lab)(?=\s|$)(.*)")
# A name that the reader fills in, such as NAME, URL or RUN.json.
PLACEHOLDER = re.compile(r"\.\.\.|(?<![$A-Z_])[A-Z]{2,}(?![A-Z_=])")
# The commands of lab whose examples end within a second or two, and need nothing that is not in the repository.
SHORT = ("rules", "simulate", "replay")
OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]*)")


def mark_of(block: Block, steps: list[str]) -> tuple[str, str | None]:
    """What is to be done with a shell block, and what is wrong with its mark, if anything."""
    words = block.words
    if WHERE in words:
        at = words.index(WHERE)
        if len(words) != at + 2:
            return RUN, f"{WHERE!r} comes last, with the one program that the block needs"
        words = words[:at]
    if not words:
        return RUN, None
    mark, *rest = words
    if mark not in MARKS:
        return mark, f"the mark {mark!r} is none of {', '.join(MARKS)}"
    if mark == "elsewhere":
        if len(rest) != 1 or rest[0] not in steps:
            return mark, f"'elsewhere' wants one of scripts/test's steps: {', '.join(steps)}"
    elif rest:
        return mark, f"the mark {mark!r} stands alone"
    return mark, None


def program_of(block: Block) -> str | None:
    """The program without which a block is not run, where its fence names one."""
    return block.words[-1] if WHERE in block.words else None


def commands(text: str) -> list[str]:
    """The block's commands, one a line, without comments."""
    joined = re.sub(r"\\\n\s*", " ", text)
    return [re.sub(r"(?:^|\s)#.*", "", line).strip() for line in joined.splitlines()]


def examples(text: str) -> list[str]:
    """The commands that a help text shows: lines with two spaces before them, and maybe a remark after two or more.

    A remark without # stays: the shell would pass it to the command.
    """
    lines = re.sub(r" \\\n *", " ", text).splitlines()
    shown = [line[2:] for line in lines if re.match(r"  [^ -]", line) and CALL.search(line.lstrip().split("  ")[0])]
    return [re.split(r" {2,}# ", command)[0] for command in shown]


class Programs:
    """What our own programs say of themselves, asked once each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._helps: dict[tuple[str, ...], str | None] = {}

    def help_of(self, *command: str) -> str | None:
        """The text of `--help`, or nothing where there is no such program or subcommand."""
        if command not in self._helps:
            self._helps[command] = None
            if (self.root / command[0]).is_file():
                asked = subprocess.run(
                    [*command, "--help"], cwd=self.root, capture_output=True, text=True, timeout=60, check=False
                )
                self._helps[command] = asked.stdout if asked.returncode == 0 else None
        return self._helps[command]

    def scripts(self) -> list[str]:
        """The scripts that a user starts."""
        files = sorted((self.root / "scripts").iterdir())
        return [f"scripts/{file.name}" for file in files if file.is_file() and file.stat().st_mode & 0o100]

    def subcommands(self) -> list[str]:
        """The commands of lab."""
        listed = (self.help_of("target/quick/lab") or "").partition("Commands:")[2].partition("Options:")[0]
        return [name for name in re.findall(r"^  ([a-z]+) ", listed, re.MULTILINE) if name != "help"]

    def helps(self) -> dict[str, Page]:
        """The examples in each help text, as a page. Those with a placeholder are not run."""
        asked = [(name,) for name in self.scripts()] + [("target/quick/lab", name) for name in self.subcommands()]
        pages: dict[str, Page] = {}
        for command in asked:
            name = f"{' '.join(command)} --help"
            found = examples(self.help_of(*command) or "")
            blocks = tuple(
                Block(name, number, "sh", () if command[-1] in SHORT and not PLACEHOLDER.search(each) else ("hand",), each)
                for number, each in enumerate(found, 1)
            )
            pages[name] = Page(name, blocks, (), frozenset(), (), "")
        return pages

    def faults(self, block: Block) -> list[str]:
        """Scripts that are not there, subcommands and options that are not known."""
        found: list[str] = []
        for command in commands(block.text):
            for part in re.split(r"\|\|?|&&|;", command):
                if call := CALL.search(part) or LAB.search(part):
                    found += self._wrong(call[1], call[2])
        return found

    def _wrong(self, program: str, words: str) -> list[str]:
        # The rest of a call that runs another program belongs to that one.
        words = words.split(" -- ")[0]
        if program == "lab" or program.startswith("target/"):
            name = program.rsplit("/", 1)[-1]
            first = words.split()[:1]
            subcommand = [first[0]] if first and not first[0].startswith("-") else []
            # Whatever profile the page speaks of, the program is the same.
            asked = [f"target/quick/{name}", *subcommand]
        else:
            asked = [program]
        text = self.help_of(*asked)
        if text is None:
            return [f"there is no `{' '.join(asked)}`, or it has no --help"]
        # What these do not know they pass on.
        passed_on = {"scripts/run": "up", "scripts/demo": "demo", "scripts/load": "load", "scripts/check": "check"}
        if program in passed_on:
            text += self.help_of("target/quick/lab", passed_on[program]) or ""
        return [
            f"`{' '.join(asked)}` does not know {option}"
            for option in OPTION.findall(words)
            if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text)
        ]
