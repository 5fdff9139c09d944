"""What can be seen without running a block. Each check yields sentences that begin with the place."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import copy_of
import shell
from page import Block, Page

SPANISH = "docs/es/"
# It leads to the Spanish pages, and translates none.
SPANISH_START = "docs/es/README.md"
# The English page of each other Spanish one.
ORIGINALS = {
    "docs/es/quick-start.md": "docs/start/quick-start.md",
    "docs/es/guide.md": "docs/concepts/autoscaling.md",
    "docs/es/commands.md": "docs/reference/commands.md",
    "docs/es/problems.md": "docs/troubleshooting.md",
}
MOST_KILOBYTES = {".png": 300, ".webp": 3000}
MOST_WORDS_OF_README = 900
MOST_WORDS = 2000


def links(root: Path, pages: dict[str, Page]) -> Iterator[str]:
    """Every relative link leads to a file of the repository, and its anchor to a heading."""
    for page in pages.values():
        for link in page.links:
            if re.match(r"[a-z]+:", link.target):
                continue
            path, _, anchor = link.target.partition("#")
            target = (root / page.name).parent / path if path else root / page.name
            if not target.exists():
                yield f"{page.name}:{link.line}: {link.target} leads nowhere"
                continue
            name = target.resolve().relative_to(root).as_posix()
            if anchor and name in pages and anchor not in pages[name].anchors:
                yield f"{page.name}:{link.line}: {name} has no heading for #{anchor}"


def fences(pages: dict[str, Page], steps: list[str]) -> Iterator[str]:
    """Every block says what it is, and every shell block is run, or says why not."""
    for page in pages.values():
        before: Block | None = None
        for block in page.blocks:
            if not block.language:
                yield f"{block.place}: the block does not say what it is"
            elif copy_of.CHANGES_FILES in page.prose and block.language in copy_of.LANGUAGES and not copy_of.is_step(block):
                yield f"{block.place}: the fence names no file, such as ```{block.language} handler/src/lib.rs"
            elif block.language in ("bash", "shell", "console"):
                yield f"{block.place}: shell blocks are called sh here, so that they are run"
            elif block.language == "sh":
                if wrong := shell.mark_of(block, steps)[1]:
                    yield f"{block.place}: {wrong}"
            elif block.language == "text" and not (before and before.language == "sh"):
                yield f"{block.place}: an output follows the commands that print it"
            before = block


def calls(pages: dict[str, Page], programs: shell.Programs) -> Iterator[str]:
    """Shell blocks are sound, and call our programs with options that they know."""
    for page in pages.values():
        for block in page.blocks:
            if block.language != "sh":
                continue
            read = subprocess.run(["sh", "-n"], input=block.text, capture_output=True, text=True, check=False)
            if read.returncode:
                yield f"{block.place}: {read.stderr.strip()}"
            for wrong in programs.faults(block):
                yield f"{block.place}: {wrong}"


def translations(pages: dict[str, Page]) -> Iterator[str]:
    """A Spanish page has the commands, outputs and headings of its English one."""
    for name, page in pages.items():
        if not name.startswith(SPANISH) or name == SPANISH_START:
            continue
        original = pages.get(ORIGINALS.get(name, ""))
        if original is None:
            yield f"{name}: ORIGINALS in scripts/docs/checks.py names no English page for it"
            continue
        for theirs, ours in zip(original.blocks, page.blocks, strict=False):
            if _uncommented(theirs) != _uncommented(ours):
                yield f"{ours.place}: differs from {theirs.place}"
        if len(original.blocks) != len(page.blocks):
            yield f"{name}: {len(page.blocks)} code blocks, {len(original.blocks)} in {original.name}"
        if [level for level, _ in original.headings] != [level for level, _ in page.headings]:
            yield f"{name}: its headings are not those of {original.name}"


def _uncommented(block: Block) -> tuple[object, ...]:
    text = block.text
    if block.language == "sh":
        text = "\n".join(line for line in shell.commands(text) if line)
    return block.language, block.words, text


def length(root: Path, pages: dict[str, Page]) -> Iterator[str]:
    """README.md takes two minutes to read, and a page of docs/ has one subject."""
    for name in pages:
        if name == "README.md":
            most, remedy = MOST_WORDS_OF_README, "move details to docs/"
        elif name.startswith("docs/"):
            most, remedy = MOST_WORDS, "split it"
        else:
            continue
        words = len((root / name).read_text(encoding="utf-8").split())
        if words > most:
            yield f"{name}: {words} words; it may have {most}: {remedy}"


def settings(reference: Page, programs: shell.Programs) -> Iterator[str]:
    """The table of settings has exactly the handler's settings."""
    text = programs.help_of("target/quick/handler") or ""
    known = set(re.findall(r"\[env: ([A-Z][A-Z_]+)", text))
    section = reference.prose.partition("\n## All settings\n")[2].partition("\n## ")[0]
    told = {
        name
        for row in section.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`([A-Z][A-Z_]+)`", row.split("|")[1])
    }
    if not known or not told:
        yield f"{reference.name}: no settings were found: {len(known)} in `handler --help`, {len(told)} in the table"
        return
    for name in sorted(known - told):
        yield f"{reference.name}: the settings lack {name}"
    for name in sorted(told - known):
        yield f"{reference.name}: {name} is not a setting of the handler"


def every_command(page: Page, programs: shell.Programs) -> Iterator[str]:
    """The page of commands names every script, every subcommand of lab, and every step of scripts/test."""
    whole = page.prose + "".join(block.text for block in page.blocks)
    scripts, subcommands = programs.scripts(), programs.subcommands()
    if not scripts or not subcommands:
        yield f"{page.name}: found {len(scripts)} scripts and {len(subcommands)} subcommands to look for"
    for name in scripts + [f"lab {name}" for name in subcommands]:
        if not re.search(rf"\b{re.escape(name)}\b", whole):
            yield f"{page.name}: {name} is missing"


def examples(helps: dict[str, Page], programs: shell.Programs) -> Iterator[str]:
    """The examples of the help texts know their options, and there are some."""
    if not any(shell.mark_of(block, [])[0] == shell.RUN for page in helps.values() for block in page.blocks):
        yield "no help text shows an example that can be run: has the way they are written changed?"
    for block in (block for page in helps.values() for block in page.blocks):
        if re.search(r"\S {2,}\S", block.text):
            yield f"{block.place}: put # before the remark, because the shell would pass it to the command: {block.text}"
    yield from calls(helps, programs)


def pictures(root: Path, pages: dict[str, Page]) -> Iterator[str]:
    """No picture is too big for a page, and each is shown somewhere."""
    shown = {
        ((root / page.name).parent / link.target).resolve()
        for page in pages.values()
        for link in page.links
        if not re.match(r"[a-z]+:|#", link.target)
    }
    for file in sorted((root / "docs" / "pictures").glob("*")):
        name = file.relative_to(root).as_posix()
        most = MOST_KILOBYTES.get(file.suffix)
        if most is None or file.stat().st_size > most * 1000:
            yield f"{name}: {file.stat().st_size // 1000} kB; a {file.suffix} may have {most or 0}"
        if file.resolve() not in shown:
            yield f"{name}: no page shows it"
