"""The pages of the project and the code blocks that stand in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\S*) *$")
_NOT_RUN = re.compile(r"<!-- not run: (?P<why>.+?) -->\s*$")
_FILE_NAME = re.compile(r"# (?P<name>[\w-]+\.yaml)$")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        page: where it stands.
        line: number of its first line.
        language: the word after the fence.
        text: what is in it.
        not_run: why it is not run; empty when it is.
    """

    page: Path
    line: int
    language: str
    text: str
    not_run: str

    @property
    def file_name(self) -> str | None:
        """The file this block is, if its first line is a comment with a name."""
        named = _FILE_NAME.match(self.text.partition("\n")[0])
        return named["name"] if named else None

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def pages(root: Path) -> list[Path]:
    """Every page for people: those at the top and those under docs/."""
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    lines = page.read_text().splitlines()
    start: tuple[int, str, str] | None = None
    for number, line in enumerate(lines):
        fence = _FENCE.match(line)
        if fence is None:
            continue
        if start is None:
            start = (number, fence["language"], fence["indent"])
            continue
        first, language, indent = start
        text = "\n".join(inner.removeprefix(indent) for inner in lines[first + 1 : number]) + "\n"
        reason = _NOT_RUN.search(lines[first - 1]) if first else None
        found.append(Block(page, first + 2, language, text, reason["why"] if reason else ""))
        start = None
    return found
