"""A data set imported again: what was decided about its pictures before still stands."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipelines.retraining.data.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Renewed:
    """The new data set, and what became of the old one.

    Attributes:
        dataset: the new pictures; those that the old one had split keep their split.
        kept: how many kept it.
        gone: how many of the old are not in the new.
    """

    dataset: Dataset
    kept: int
    gone: int


def renewed(old: Dataset, new: Dataset) -> Renewed:
    """Carry the splits of `old` over to the pictures of `new` with the same digest, where `new` brings none."""
    splits = {picture.sha256: picture.split for picture in old.pictures}
    pictures = tuple(
        replace(picture, split=splits.get(picture.sha256)) if picture.split is None else picture
        for picture in new.pictures
    )
    kept = sum(1 for a, b in zip(new.pictures, pictures, strict=True) if a.split != b.split)
    gone = len(splits.keys() - {picture.sha256 for picture in pictures})
    return Renewed(replace(new, pictures=pictures), kept, gone)
