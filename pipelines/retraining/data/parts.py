"""Parts of one split's pictures in those of another: mosaics and close crops, which a hash of the whole does not see.

Corners of both pictures (ORB) are matched, and a part is found where at least `POINTS` of the matches agree on one
shift, turn and scale (RANSAC). In 99 of the ready-made mosaics of ppe's train split it finds parts of 14 of the 114
pictures of val; of these the dozen plainest were looked at and are right. With fewer than 10 points about half of the
finds are wrong; a part without texture (sky, a wall) is not found, and things of straight lines and right angles may
be taken for one another. It takes about 0.15 s of a core for each picture of the larger split and 100 of the smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.retraining.data.dataset import Picture
from pipelines.retraining.data.duplicates import Pairs, decode_grey

POINTS = 10
"""So many corners must agree."""

_CORNERS = 250
_BITS_APART = 48
"""Of the 256 bits of an ORB descriptor; corners of different things are about 100 apart."""
_OFF_PX = 4.0
_SCALES = 0.4, 2.5
"""A "part" at another scale than these is a few corners fallen together."""
_LEAST_SIDE_PX = 32
"""ORB has nothing to look at in a smaller picture."""

Corners = tuple[NDArray[np.float32], NDArray[np.uint8]]
"""Places `(n, 2)` px, and descriptors `(n, 32)`."""


def part_pairs(
    pictures: Sequence[Picture],
    splits: Sequence[str | None],
    progress: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> Pairs:
    """Pictures of two splits that show a part of each other.

    Args:
        pictures: any.
        splits: that they are in; those under None are left out.
        progress: wraps the numbers of the pictures while they are compared.

    Returns:
        The pairs, each once; `distance` is the number of corners that agree.

    Raises:
        DatasetError: a picture can not be read.
    """
    where: dict[str, list[int]] = {}
    for place, split in enumerate(splits):
        if split is not None:
            where.setdefault(split, []).append(place)
    found = []
    for pair in combinations(sorted(where), 2):
        few, many = sorted((where[name] for name in pair), key=len)
        for one, other, count in _between(pictures, few, many, progress):
            found.append((min(one, other), max(one, other), count))
    columns = np.array(sorted(found), np.int64).reshape(-1, 3).T
    return Pairs(columns[0], columns[1], columns[2])


def _between(
    pictures: Sequence[Picture],
    few: Sequence[int],
    many: Sequence[int],
    progress: Callable[[Sequence[int]], Iterable[int]],
) -> Iterator[tuple[int, int, int]]:
    """Compare every picture of the larger split with all of the smaller at once."""
    known = [_corners(pictures[place]) for place in few]
    owner = np.repeat(np.arange(len(few)), [len(places) for places, _ in known])
    places = np.concatenate([places for places, _ in known])
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING)
    matcher.add([np.concatenate([descriptors for _, descriptors in known])])
    for place in progress(many):
        own, descriptors = _corners(pictures[place])
        if not len(own) or not len(places):
            continue
        matches = np.array([
            (match.queryIdx, match.trainIdx) for match in matcher.match(descriptors) if match.distance <= _BITS_APART
        ], np.int64).reshape(-1, 2)  # fmt: skip
        owners = owner[matches[:, 1]]
        for number in np.flatnonzero(np.bincount(owners, minlength=1) >= POINTS).tolist():
            chosen = matches[owners == number]
            count = _agreeing(own[chosen[:, 0]], places[chosen[:, 1]])
            if count >= POINTS:
                yield place, few[number], count


def _corners(picture: Picture) -> Corners:
    grey = decode_grey(picture)
    if min(grey.shape) < _LEAST_SIDE_PX:
        return np.empty((0, 2), np.float32), np.empty((0, 32), np.uint8)
    found: Any = cv2.ORB_create(_CORNERS, fastThreshold=8).detectAndCompute(grey, None)  # type: ignore[attr-defined]
    corners, descriptors = found
    places = np.array([corner.pt for corner in corners], np.float32).reshape(-1, 2)
    return places, np.empty((0, 32), np.uint8) if descriptors is None else descriptors


def _agreeing(here: NDArray[np.float32], there: NDArray[np.float32]) -> int:
    """How many matches follow the one shift, turn and scale that most of them follow: `(n, 2), (n, 2)`."""
    # A corner matched many times over proves one place only.
    if min(len(np.unique(here, axis=0)), len(np.unique(there, axis=0))) < POINTS:
        return 0
    turn, agree = cv2.estimateAffinePartial2D(here, there, ransacReprojThreshold=_OFF_PX)
    if turn is None or not _SCALES[0] <= float(np.hypot(turn[0, 0], turn[1, 0])) <= _SCALES[1]:
        return 0
    return int(agree.sum())
