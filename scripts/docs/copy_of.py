"""A copy of the repository, for pages that change its files."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from page import Block, Page

# The comment in a page that changes files.
CHANGES_FILES = "<!-- These commands run in a copy of the repository. -->"
LANGUAGES = ("rust", "diff")


def make(root: Path, to: Path) -> None:
    """Copies the files of the repository, and links the build results.

    Cargo identifies a crate by its path in the workspace, and detects a change by the time of a file. The copy keeps the times, so
    Cargo builds only the crates that the page changes.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, to / name)
    built = root / "target" / "quick"
    for part in (".fingerprint", "build", "deps"):
        if (built / part).is_dir():
            # A build at the same time has temporary folders for metadata, which disappear.
            without = shutil.ignore_patterns("rmeta??????")
            shutil.copytree(built / part, to / "target" / "quick" / part, ignore=without, copy_function=_copy_or_link)


def _copy_or_link(source: str, to: str) -> None:
    """Links libraries and programs, because a build replaces them. Copies other files, because a build may write into them.

    Leaves out a file that a build at the same time has deleted.
    """
    with contextlib.suppress(FileNotFoundError):
        if source.endswith((".rlib", ".rmeta", ".so")) or os.access(source, os.X_OK):
            os.link(source, to)
        else:
            shutil.copy2(source, to)


def is_step(block: Block) -> bool:
    """Whether the fence of the block names a file for it."""
    return block.language in LANGUAGES and len(block.words) == 1


def put(folder: Path, page: Page, block: Block) -> None:
    """Changes the file as a reader of the block would. Raises `ValueError` if that is not possible."""
    name = block.words[0]
    file = folder / name
    if f"`{name}`" not in page.prose:
        raise ValueError(f"{block.place}: the page does not tell readers that this belongs into {name}")
    if block.language == "rust":
        if file.exists():
            raise ValueError(f"{block.place}: {name} exists already")
        file.write_text(block.text, encoding="utf-8")
        return
    lines = block.text.splitlines(keepends=True)
    if wrong := next((line for line in lines if line[0] not in " -+"), None):
        raise ValueError(f"{block.place}: the line begins with none of ' ', '-' and '+': {wrong.rstrip()}")
    before, after = ("".join(line[1:] for line in lines if line[0] in kept) for kept in (" -", " +"))
    text = file.read_text(encoding="utf-8")
    changed, found = re.subn(rf"^{re.escape(before)}", lambda _: after, text, flags=re.MULTILINE)
    if found != 1:
        raise ValueError(f"{block.place}: {name} has these lines {found} times, not once:\n{before}")
    file.write_text(changed, encoding="utf-8")
