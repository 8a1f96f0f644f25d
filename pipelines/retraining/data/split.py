"""Pictures dealt to splits: whole groups only, alike in classes, and the same again when data is added."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor, isclose, log2

import numpy as np
from numpy.typing import NDArray

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Dataset, Picture
from pipelines.retraining.data.duplicates import Pairs
from pipelines.retraining.data.groups import inseparable, members
from pipelines.retraining.data.leakage import WITHHELD, Leak, leaks_among


@dataclass(frozen=True, slots=True, eq=False)
class Dealt:
    """What came of a split.

    Attributes:
        dataset: every picture with its split.
        leaks: between splits that were there before; none if the leaking pictures were withheld.
        withheld: pictures that were withheld this time.
    """

    dataset: Dataset
    leaks: tuple[Leak, ...]
    withheld: tuple[Picture, ...]


def split_dataset(
    dataset: Dataset,
    shares: Mapping[str, float],
    pairs: Pairs,
    *,
    parts: Pairs | None = None,
    seed: int = 0,
    again: Collection[str] = (),
    withhold: bool = False,
) -> Dealt:
    """Deal pictures to splits.

    Groups are never cut: a clip, a file that is there twice, near-duplicates, and any chain of these. What has a
    split keeps it, and draws the new pictures of its group into it; a split that `shares` does not name is closed,
    and new pictures of its groups are withheld. A group that lies in two splits already is a leak: it is listed, or,
    with `withhold`, the closed or smaller split keeps its pictures and those in the others are withheld.

    Args:
        dataset: in part split, or not at all.
        shares: of the pictures, by split; they add up to 1.
        pairs: the near-duplicates among the set's pictures.
        parts: those of two splits that show a part of each other.
        seed: another one, another deal; the order of the pictures has no influence.
        again: splits whose pictures are dealt anew.
        withhold: take leaking pictures out of use.

    Raises:
        DatasetError: the shares do not add up, or name no proper splits.
    """
    _check(shares)
    pictures = dataset.pictures
    before = [None if picture.split in again else picture.split for picture in pictures]
    groups = members(inseparable(pictures, pairs if parts is None else pairs.joined(parts)))
    after: list[str | None] = list(before)
    free = []
    for group in groups.values():
        if all(before[place] is None for place in group):
            free.append(group)
        else:
            _settle(group, before, after, shares, withhold=withhold)
    _deal(free, after, _strata(dataset), shares, [_lot(pictures, group, seed) for group in free])
    dealt = tuple(replace(picture, split=split) for picture, split in zip(pictures, after, strict=True))
    withheld = tuple(new for new, old in zip(dealt, before, strict=True) if new.split == WITHHELD != old)
    return Dealt(replace(dataset, pictures=dealt), leaks_among(dealt, pairs, parts), withheld)


def _check(shares: Mapping[str, float]) -> None:
    for name, share in shares.items():
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or name == WITHHELD:
            raise DatasetError(f"share {name}={share:g}: a split's name is letters, digits, - and _, not {WITHHELD}")
        if not 0 < share <= 1:
            raise DatasetError(f"share {name}={share:g}: allowed is more than 0, at most 1")
    if not isclose(sum(shares.values()), 1, abs_tol=1e-6):
        told = ", ".join(f"{name}={share:g}" for name, share in shares.items())
        raise DatasetError(f"shares: {told or 'none'} add up to {sum(shares.values()):g}, expected 1")


def _settle(
    group: NDArray[np.int64],
    before: Sequence[str | None],
    after: list[str | None],
    shares: Mapping[str, float],
    *,
    withhold: bool,
) -> None:
    """What becomes of a group of which some pictures have a split."""
    there = {split for place in group if (split := before[place]) not in {None, WITHHELD}}
    # A closed split comes before an open one, a small one before a large one: what judges keeps its pictures.
    owner = min(there, key=lambda split: (split in shares, shares.get(split, 0.0), split), default=None)
    home = owner if len(there) == 1 and owner in shares else WITHHELD
    for place in group.tolist():
        if before[place] is None:
            after[place] = home
        elif withhold and before[place] != owner:
            after[place] = WITHHELD


def _strata(dataset: Dataset) -> NDArray[np.float64]:
    """What is to be shared out evenly, each kind adding up to 1: pictures, negatives, pictures of each class."""
    counts = np.zeros((len(dataset.pictures), 2 + len(dataset.classes)))
    for row, picture in zip(counts, dataset.pictures, strict=True):
        row[0] = 1
        row[1] = len(picture.labels) == 0
        row[2 + np.unique(picture.labels.class_id)] = 1
    strata: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=0), 1)
    return strata


def _deal(
    groups: Sequence[NDArray[np.int64]],
    after: list[str | None],
    strata: NDArray[np.float64],
    shares: Mapping[str, float],
    lots: Sequence[float],
) -> None:
    """Large groups first, each to the split that it fills the least: greedy, after Sechidis et al. (2011).

    "On the Stratification of Multi-Label Data", ECML PKDD 2011; here whole groups stand for single examples. Groups
    of about one size (within a factor of two) come in the order of their lots.
    """
    names = list(shares)
    wanted = np.array([shares[name] for name in names])[:, None]
    have = np.array([strata[[split == name for split in after]].sum(axis=0) for name in names])
    weights = [strata[group].sum(axis=0) for group in groups]
    order = sorted(range(len(groups)), key=lambda i: (-floor(log2(weights[i].sum()) + 1e-9), lots[i]))
    for place in order:
        weight = weights[place]
        best = int(np.argmin(((have + weight) / wanted) @ weight))
        have[best] += weight
        for member in groups[place].tolist():
            after[member] = names[best]


def _lot(pictures: Sequence[Picture], group: NDArray[np.int64], seed: int) -> float:
    """A number in 0–1 drawn by the group's files."""
    first = min(pictures[place].sha256 for place in group.tolist())
    return int.from_bytes(hashlib.sha256(f"{seed} {first}".encode()).digest()[:8]) / 2**64
