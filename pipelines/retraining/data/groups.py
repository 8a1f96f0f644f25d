"""What must stay together: pictures of one clip, camera or day, and pictures that show nearly the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.retraining.data.dataset import Picture
from pipelines.retraining.data.duplicates import Pairs

Labelling = NDArray[np.int64]
"""`(n,)`: for each picture the index of the first picture of its group."""


def join(count: int, links: Iterable[tuple[int, int]]) -> Labelling:
    """Groups of `count` things of which some are linked, by union-find with path halving: `(count,)`."""
    parent = list(range(count))

    def first_of(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for a, b in links:
        one, other = first_of(a), first_of(b)
        parent[max(one, other)] = min(one, other)
    return np.array([first_of(one) for one in range(count)], np.int64)


def alike(count: int, pairs: Pairs) -> Labelling:
    """Groups of near-duplicates, and of their near-duplicates in turn: `(count,)`."""
    return join(count, zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))


def inseparable(pictures: Sequence[Picture], pairs: Pairs) -> Labelling:
    """Groups that a split must not cut: of one `group`, of the same bytes, near-duplicates, and any chain of these."""
    links = list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    first: dict[str, int] = {}
    for place, picture in enumerate(pictures):
        # A digest is 64 hexadecimal digits: the prefixes keep a group of that name from being one.
        links += [(first.setdefault(key, place), place) for key in (f"g {picture.group}", f"d {picture.sha256}")]
    return join(len(pictures), links)


def members(labels: Labelling) -> dict[int, NDArray[np.int64]]:
    """The pictures of each group, by the index of its first, in order."""
    order = np.argsort(labels, kind="stable")
    firsts, starts = np.unique(labels[order], return_index=True)
    return dict(zip(firsts.tolist(), np.split(order, starts[1:]), strict=True)) if len(labels) else {}
