"""A page of documentation, as far as it can be checked: its code blocks, headings and links.

No Markdown library: the pages keep to fences of three backticks, headings with #, and links that are written out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^( *)```(.*)$")
HEADING = re.compile(r"^(#{1,6}) +(.*?) *$")
LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")
DEFINITION = re.compile(r"^\[[^\]]+\]: +(\S+)$")
IMAGE = re.compile(r"""<(?:img|source)[^>]* (?:src|srcset)="([^"]+)\"""")
INLINE_CODE = re.compile(r"`[^`]*`")


@dataclass(frozen=True)
class Block:
    """What stands between two fences."""

    page: str
    line: int
    """The first fence's."""

    language: str
    words: tuple[str, ...]
    """What the fence says after the language; readers do not see it."""

    text: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Link:
    """A link to elsewhere, or a picture."""

    line: int
    target: str


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    name: str
    """Its path below the repository's root."""

    blocks: tuple[Block, ...]
    headings: tuple[tuple[int, str], ...]
    """Level and text."""

    anchors: frozenset[str]
    links: tuple[Link, ...]
    prose: str
    """Everything but the code blocks."""


def read(root: Path, name: str) -> Page:
    """Reads a page; raises `ValueError` where a fence is not closed."""
    return parse(name, (root / name).read_text(encoding="utf-8"))


def parse(name: str, text: str) -> Page:
    """Takes a page's text apart."""
    blocks: list[Block] = []
    headings: list[tuple[int, str]] = []
    links: list[Link] = []
    prose: list[str] = []
    opened: tuple[int, int, str] | None = None
    inside: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if opened:
            start, indent, info = opened
            if fence and not fence[2].strip():
                language, *words = info.split() or [""]
                blocks.append(Block(name, start, language, tuple(words), "".join(inside)))
                opened, inside = None, []
            else:
                inside.append(line[min(indent, len(line) - len(line.lstrip(" "))) :] + "\n")
        elif fence:
            opened = number, len(fence[1]), fence[2]
        else:
            prose.append(line)
            if heading := HEADING.match(line):
                headings.append((len(heading[1]), heading[2]))
            spoken = INLINE_CODE.sub("", line)
            for pattern in (LINK, DEFINITION, IMAGE):
                links += [Link(number, target) for target in pattern.findall(spoken)]
    if opened:
        raise ValueError(f"{name}:{opened[0]}: the code block is not closed")
    anchors = frozenset(_anchors(title for _, title in headings))
    return Page(name, tuple(blocks), tuple(headings), anchors, tuple(links), "\n".join(prose))


def _anchors(titles):
    """The names that GitHub gives to headings, so that links may lead to them."""
    given: dict[str, int] = {}
    for title in titles:
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "")
        anchor = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        again = given.get(anchor, 0)
        given[anchor] = again + 1
        yield f"{anchor}-{again}" if again else anchor
