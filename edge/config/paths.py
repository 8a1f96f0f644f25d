"""Where something stands in a site file, as a person would point at it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

KeyPath = tuple[str | int, ...]


def spell(path: KeyPath) -> str:
    """`("sources", 1, "zones", 0)` as `sources[1].zones[0]`; the whole file as `site file`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "site file"


def closest(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that was probably meant; None if none is near."""
    words = {w.lower(): w for w in allowed}
    near = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    return words[near[0]] if near else None


def choices(word: str, allowed: Iterable[str]) -> str:
    """`did you mean 'fire'? allowed: fire, smoke`, without the question where nothing is near."""
    allowed = list(allowed)
    near = closest(word, allowed)
    question = f"did you mean {near!r}? " if near else ""
    return f"{question}allowed: {', '.join(allowed)}"
