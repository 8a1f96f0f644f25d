"""Fewer pictures where one clip shows the same fire a hundred times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.retraining.data.dataset import Picture
from pipelines.retraining.data.duplicates import NEAR, Hashes, distances, hash_pictures, near_pairs
from pipelines.retraining.data.groups import alike, members


def thin(pictures: Sequence[Picture], at_most: int, limit: int = NEAR) -> tuple[Picture, ...]:
    """Keep at most so many of each group of near-duplicates: those that differ most, in the order given.

    Args:
        pictures: of one training set; their `group` does not matter, only how they look.
        at_most: of one group of near-duplicates, 1 or more.
        limit: bits of the perceptual hash that near-duplicates differ in at most.

    Raises:
        DatasetError: a picture can not be read.
        ValueError: `at_most` is below 1.
    """
    if at_most < 1:
        raise ValueError(f"at_most: {at_most}, allowed is 1 or more")
    hashes = hash_pictures(pictures)
    groups = members(alike(len(pictures), near_pairs(hashes, limit))).values()
    kept = np.concatenate([np.empty(0, np.int64), *(spread(group, hashes, at_most) for group in groups)])
    return tuple(pictures[place] for place in sorted(kept.tolist()))


def spread(group: NDArray[np.int64], hashes: Hashes, at_most: int) -> NDArray[np.int64]:
    """At most so many of the pictures in `group`, by farthest-point sampling from its first one on.

    Pictures equally far from those chosen are taken from the longest stretch of the order without a choice, which in
    frames of a clip is time.
    """
    if len(group) <= at_most:
        return group
    chosen = [0]
    far = distances(hashes[group], hashes[group[:1]])[:, 0].astype(np.int64)
    places = np.arange(len(group))
    lapse = places.copy()
    while len(chosen) < at_most:
        best = int(np.lexsort((lapse, far))[-1])
        chosen.append(best)
        far = np.minimum(far, distances(hashes[group], hashes[group[best : best + 1]])[:, 0])
        lapse = np.minimum(lapse, np.abs(places - best))
        far[chosen] = lapse[chosen] = -1
    kept: NDArray[np.int64] = group[np.sort(chosen)]
    return kept
