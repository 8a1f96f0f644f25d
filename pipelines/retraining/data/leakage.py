"""The leakage test: does anything that a model is judged by stand, nearly the same, in what it was trained on?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations

import numpy as np

from pipelines.retraining.data.dataset import Dataset, Picture
from pipelines.retraining.data.duplicates import BITS, Pairs, hash_pictures, near_pairs
from pipelines.retraining.data.groups import inseparable
from pipelines.retraining.data.parts import part_pairs

WITHHELD = "withheld"
"""The split of pictures that are used for nothing: they would leak, wherever they went."""


class LeakKind(StrEnum):
    """How two pictures of two splits belong together."""

    DIGEST = "same file"
    GROUP = "same group"
    NEAR = "near-duplicates"
    PART = "part of each other"


@dataclass(frozen=True, slots=True, eq=False)
class Leak:
    """Two pictures that must not lie in two splits.

    Attributes:
        kind: why not.
        first: in the split whose name sorts first.
        second: in the other one.
        distance: bits of the perceptual hash that differ; of parts, the corners that agree; None for other kinds.
    """

    kind: LeakKind
    first: Picture
    second: Picture
    distance: int | None = None

    def __str__(self) -> str:
        how = {
            LeakKind.DIGEST: f"{self.kind} (sha256 {self.first.sha256[:12]}…)",
            LeakKind.GROUP: f"{self.kind} ({self.first.group})",
            LeakKind.NEAR: f"{self.kind} ({self.distance} of {BITS} bits differ)",
            LeakKind.PART: f"{self.kind} ({self.distance} corners agree)",
        }[self.kind]
        return f"{how}: {self.first.split} has {self.first.path}, {self.second.split} has {self.second.path}"


def find_leaks(
    *datasets: Dataset, progress: Callable[[Sequence[Picture]], Iterable[Picture]] = iter
) -> tuple[Leak, ...]:
    """Every leak between two splits, within one data set or across several that one model is made of.

    Pictures without a split, and those in the split `withheld`, are used for nothing and leak nothing. Groups of two
    data sets are two groups, even under one name; files and looks are compared across.

    Args:
        datasets: those that a model is trained on and judged by.
        progress: wraps the pictures while they are opened.

    Raises:
        DatasetError: a picture can not be read.
    """
    pictures = [
        replace(picture, group=f"{dataset.name}/{picture.group}") if len(datasets) > 1 else picture
        for dataset in datasets
        for picture in dataset.pictures
        if used_in(picture) is not None
    ]
    if len({picture.split for picture in pictures}) < 2:
        return ()
    return leaks_among(pictures, near_pairs(hash_pictures(pictures, progress)))


def leaks_among(pictures: Sequence[Picture], pairs: Pairs, parts: Pairs | None = None) -> tuple[Leak, ...]:
    """Leaks between pictures whose near-duplicates are known: files first, then groups, looks, and parts.

    Of one file or one group a single pair for each two splits is listed, of the others every pair, plainest first.
    """
    leaks = [*_shared(pictures, LeakKind.DIGEST), *_shared(pictures, LeakKind.GROUP)]
    known = {(id(leak.first), id(leak.second)) for leak in leaks if leak.kind is LeakKind.DIGEST}
    for kind, found, sign in ((LeakKind.NEAR, pairs, 1), (LeakKind.PART, parts, -1)):
        for first, second, distance in _apart(pictures, found, sign) if found is not None else ():
            if (id(first), id(second)) not in known:
                known.add((id(first), id(second)))
                leaks.append(Leak(kind, first, second, distance))
    return tuple(leaks)


def clear_of(pictures: Sequence[Picture], others: Sequence[Picture], *, parts: bool = False) -> tuple[Picture, ...]:
    """Those of `pictures` that share no file, group or looks, in any chain, with `others`: safe to train on.

    Args:
        pictures: to choose from.
        others: what the model is judged by.
        parts: leave out mosaics that show a part of one of `others`, too; see `part_pairs` for what it costs.

    Raises:
        DatasetError: a picture can not be read.
    """
    both = [*pictures, *others]
    pairs = near_pairs(hash_pictures(both))
    if parts:
        pairs = pairs.joined(part_pairs(both, ["ours"] * len(pictures) + ["theirs"] * len(others)))
    labels = inseparable(both, pairs)
    taken = set(labels[len(pictures) :].tolist())
    return tuple(picture for picture, label in zip(pictures, labels.tolist(), strict=False) if label not in taken)


def used_in(picture: Picture) -> str | None:
    """The split in which the picture is used; None where it is used for nothing."""
    return None if picture.split == WITHHELD else picture.split


def _apart(pictures: Sequence[Picture], pairs: Pairs, sign: int) -> Iterator[tuple[Picture, Picture, int]]:
    """The pairs that lie in two splits, by distance, from the least (1) or the greatest (-1) on."""
    splits = np.array([used_in(picture) or "" for picture in pictures], object)
    one, other = splits[pairs.first], splits[pairs.second]
    apart = np.flatnonzero((one != other) & (one != "") & (other != ""))
    for place in apart[np.argsort(sign * pairs.distance[apart], kind="stable")].tolist():
        first, second = _ordered(pictures[pairs.first[place]], pictures[pairs.second[place]])
        yield first, second, int(pairs.distance[place])


def _ordered(one: Picture, other: Picture) -> tuple[Picture, Picture]:
    return (one, other) if (one.split or "") <= (other.split or "") else (other, one)


def _shared(pictures: Sequence[Picture], kind: LeakKind) -> Iterator[Leak]:
    """For every file or group that lies in several splits, its first picture in each, two by two."""
    where: dict[str, dict[str, Picture]] = {}
    for picture in pictures:
        split = used_in(picture)
        if split is not None:
            key = picture.sha256 if kind is LeakKind.DIGEST else picture.group
            where.setdefault(key, {}).setdefault(split, picture)
    for splits in where.values():
        for one, other in combinations(sorted(splits), 2):
            yield Leak(kind, splits[one], splits[other])
