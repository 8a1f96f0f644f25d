"""What is wrong with a data set that comes in: listed one by one, nothing dropped in silence."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one picture or one of its labels.

    Attributes:
        what: the kind, a few words that are the same for all faults of it: `box outside the picture`.
        picture: path or name as the source writes it.
        place: where in the source: `labels/train/a.txt line 3`, `annotations[17]`.
        found: what stands there.
        allowed: what may stand there.
        outcome: what became of it: `clipped`, `box left out`, `picture left out`.
    """

    what: str
    picture: str
    place: str
    found: str
    allowed: str
    outcome: str

    def line(self) -> str:
        """As one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)


LOST = frozenset({"box left out", "shape left out", "labels left out"})
"""Outcomes by which a picture has one label less than the source gave it."""


def lost(faults: Iterable[Fault]) -> int:
    """How many labels were lost by these faults."""
    return sum(fault.outcome in LOST for fault in faults)


def by_kind(faults: Iterable[Fault]) -> list[tuple[str, str, int, Fault]]:
    """Kind, outcome, how many, and the first of them; the most frequent kind first."""
    first: dict[tuple[str, str], Fault] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for fault in faults:
        key = (fault.what, fault.outcome)
        counts[key] += 1
        first.setdefault(key, fault)
    return [(*key, count, first[key]) for key, count in counts.most_common()]
