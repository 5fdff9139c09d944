"""Runs az and pulumi in the open: every command is shown, as it can be pasted into a shell.

What is shown goes to stderr, since the answers for the calling script go to stdout.
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
    """A command failed; the text is what it wrote to stderr."""


def say(text: str = "") -> None:
    """Shows a line. Where the reader of the output has ended (`| tee`, which Ctrl+C ends too), the work goes on unseen."""
    try:
        print(text, file=sys.stderr, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


@dataclass
class Commands:
    """Runs commands, or in a rehearsal only shows them."""

    dry_run: bool

    def text(self, placeholder: str, *command: str) -> str:
        """What the command prints; in a rehearsal, the placeholder.

        Raises `Failed` with what it wrote to stderr.
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
            raise Failed(f"{command[0]} printed no JSON: {text[:200]}") from None

    def wait(self, seconds: int) -> None:
        """Waits, as the shell scripts do; not in a rehearsal."""
        if not self.dry_run:
            subprocess.run(("sleep", str(seconds)), check=False)


def assignments(values: dict[str, str]) -> str:
    """Lines that a POSIX shell evaluates to these variables."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
