"""Runs az and pulumi, and shows every command in a form that can be pasted into a shell.

The commands are shown on stderr, because the results for the calling script go to stdout.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import Any


class Failed(Exception):
    """A command failed. The text is its output on stderr."""


def say(text: str = "") -> None:
    """Shows a line. If the program that reads the output has ended (such as `| tee` after Ctrl+C), the work continues."""
    try:
        print(text, file=sys.stderr, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


@dataclass
class Commands:
    """Runs commands, or only shows them in a dry run."""

    dry_run: bool

    def text(self, placeholder: str, *command: str) -> str:
        """The output of the command, or the placeholder in a dry run.

        Raises `Failed` with its output on stderr.
        """
        say(f"  $ {shlex.join(command)}")
        if self.dry_run:
            return placeholder
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        except OSError as error:
            raise Failed(str(error)) from None
        if done.returncode != 0:
            raise Failed(done.stderr.strip() or done.stdout.strip())
        return done.stdout.strip()

    def json(self, placeholder: Any, *command: str) -> Any:
        """The same for a command that prints JSON. Nothing printed means null."""
        text = self.text("", *command)
        if self.dry_run:
            return placeholder
        try:
            return json.loads(text or "null")
        except json.JSONDecodeError:
            raise Failed(f"{command[0]} did not print JSON: {text[:200]}") from None

    def wait(self, seconds: int) -> None:
        """Waits, except in a dry run."""
        if not self.dry_run:
            subprocess.run(("sleep", str(seconds)), check=False)


def assignments(values: dict[str, str]) -> str:
    """Lines that a POSIX shell evaluates to these variables."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
