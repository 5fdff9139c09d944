"""Runs the pages' shell blocks as a reader would, and compares what they print with what the page shows."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import copy_of
import shell
from page import Block, Page

# Far more than any block takes: what hangs should say so. It includes the wait for cargo's lock, which clippy may hold at a low
# priority.
SECONDS = 1_800
PORT = 7071
# curl is content with an error's page unless it is told otherwise.
BEFORE = 'set -eu\ncurl() { command curl --fail-with-body --silent --show-error --max-time 60 "$@"; }\n'


# A limit that pages show, and the one that this run uses: a machine that runs other steps is slower than a reader's.
SHOWN_LIMIT, USED_LIMIT = "p99<2s", "p99<30s"

# What a page says whose readers have lab, but not this repository.
OWN_FOLDER = "<!-- These commands run in an empty folder, with lab in PATH. -->"


class Failed(Exception):
    """A block did not do what its page says."""


def run(root: Path, page: Page, steps: list[str]) -> Iterator[str]:
    """Runs a page's blocks in their order, and tells what each took; raises `Failed` at the first wrong one."""
    with contextlib.ExitStack() as stack:
        data = stack.enter_context(tempfile.TemporaryDirectory(prefix="elastic-visits-docs-"))
        # PostgreSQL runs as another user where this one is root.
        os.chmod(data, 0o755)
        # The reader's own register is none of this run's business.
        environment = {**os.environ, "XDG_DATA_HOME": data, "NO_COLOR": "1"}
        for name in ("DATABASE_URL", "SQLITE_PATH", "FUNCTIONS_KEY", "PGHOST"):
            environment.pop(name, None)
        folder = root
        if OWN_FOLDER in page.prose:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="function-app-docs-")))
            environment["PATH"] = f"{root / 'target' / 'quick'}{os.pathsep}{environment['PATH']}"
            # The readers' builds are where their tools put them.
            environment.pop("CARGO_TARGET_DIR", None)
        elif copy_of.CHANGES_FILES in page.prose:
            # On the same disk, because of the links.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="copy-", dir=root / "target")))
            environment.pop("CARGO_TARGET_DIR", None)
            copy_of.make(root, folder)
        served = stack.enter_context(contextlib.ExitStack())
        for position, block in enumerate(page.blocks):
            if copy_of.CHANGES_FILES in page.prose and copy_of.is_step(block):
                try:
                    copy_of.put(folder, page, block)
                except (OSError, ValueError) as wrong:
                    raise Failed(str(wrong)) from None
            if block.language != "sh":
                continue
            mark, _ = shell.mark_of(block, steps)
            program = shell.program_of(block)
            if program and not shutil.which(program):
                yield f"{block.place} was NOT run: {program} is not installed"
                continue
            begun = time.monotonic()
            if mark == shell.SERVE:
                # One app at a time, as on the reader's machine.
                served.close()
                served.enter_context(serve(folder, block.place, block.text, environment))
            elif mark == shell.STARTS:
                served.close()
                for command in filter(None, shell.commands(block.text)):
                    with serve(folder, block.place, command, environment):
                        yield f"{block.place} `{command}` serves after {time.monotonic() - begun:.1f} s"
                    begun = time.monotonic()
                continue
            elif mark == shell.RUN:
                following = page.blocks[position + 1] if position + 1 < len(page.blocks) else None
                shown = patient(following.text) if following and following.language == "text" else None
                ended_in = _run(folder, block, environment, shown)
                if OWN_FOLDER in page.prose:
                    folder = ended_in
            else:
                continue
            did = "serves after" if mark == shell.SERVE else "took"
            yield f"{block.place} {did} {time.monotonic() - begun:.1f} s"


def _run(folder: Path, block: Block, environment: dict[str, str], shown: str | None) -> Path:
    """Runs a block in a folder, and gives the folder in which it ended."""
    script = subprocess.Popen(
        ["sh", "-c", f"{BEFORE}{patient(block.text)}\nprintf '\\n%s' \"$PWD\""],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        said, complained = script.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        _signal(script, signal.SIGKILL)
        said, complained = script.communicate()
        raise Failed(f"{block.place}: not done after {SECONDS} s\n{said}{complained}") from None
    if script.returncode:
        raise Failed(f"{block.place}: exit code {script.returncode}\n{said}{complained}")
    said, _, ended_in = said.rpartition("\n")
    if shown is not None and not fits(shown, said):
        raise Failed(f"{block.place}: the page shows\n{shown}\nbut it printed\n{said}")
    return Path(ended_in)


def patient(text: str) -> str:
    """A command or an output with the limit of this run."""
    return text.replace(SHOWN_LIMIT, USED_LIMIT)


def fits(shown: str, said: str) -> bool:
    """Whether an output is the one shown, where `...` stands for anything, and alone in a line for any lines."""
    pattern = ""
    for line in shown.rstrip().splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in line.rstrip().split("...")) + r" *\n"
    return re.fullmatch(pattern, said.rstrip() + "\n") is not None


@contextlib.contextmanager
def serve(folder: Path, place: str, command: str, environment: dict[str, str]) -> Iterator[None]:
    """Starts the app, says yes if it asks, waits until it serves, and ends it as Ctrl+C does."""
    with contextlib.suppress(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", PORT), timeout=5).close()
        raise Failed(f"{place}: port {PORT} is in use; stop what listens there")
    app = subprocess.Popen(
        ["sh", "-c", f"set -eu\n{command}"],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert app.stdin
    # It may end before it reads this; what it said then tells why.
    with contextlib.suppress(BrokenPipeError):
        app.stdin.write("y\n")
        app.stdin.close()
    said: list[str] = []
    heard = threading.Event()

    def hear() -> None:
        assert app.stdout
        for line in app.stdout:
            said.append(line)
            if line.startswith("Ready: http"):
                heard.set()
        # It ended, whether it ever served or not.
        heard.set()

    listener = threading.Thread(target=hear, daemon=True)
    listener.start()
    try:
        heard.wait(SECONDS)
        if not any(line.startswith("Ready: http") for line in said):
            raise Failed(f"{place}: `{command.strip()}` does not serve\n{''.join(said)}")
        yield
    finally:
        _signal(app, signal.SIGINT)
        try:
            app.wait(30)
        except subprocess.TimeoutExpired:
            _signal(app, signal.SIGKILL)
            app.wait()
        # Until everything that the app started has closed its output.
        listener.join(60)


def _signal(process: subprocess.Popen[str], which: signal.Signals) -> None:
    """Sends a signal to a process and its children, as a terminal does."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, which)
