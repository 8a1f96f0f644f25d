"""What is in a data set, in figures: pictures, negatives, groups, and for each class boxes, their sizes and shapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.boxes import area
from pipelines.retraining.data.dataset import Dataset, Picture
from pipelines.retraining.data.groups import Labelling

SMALL_PX, LARGE_PX = 32, 96
"""COCO's bounds: a box is small below 32² px, large from 96² px on. https://cocodataset.org/#detection-eval"""
NO_SPLIT = "none"

_PERCENTILES = (5, 50, 95)
Range = tuple[float, float, float]
"""5th percentile, median, 95th percentile."""


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """The boxes of one class in one split.

    Attributes:
        boxes: how many.
        pictures: in how many pictures.
        small: boxes below COCO's bound, in pixels of the file.
        medium: boxes between the two.
        large: boxes above.
        side: square root of the share of the picture that a box covers, which does not depend on the picture's size;
            None without boxes.
        aspect: width divided by height; None without boxes.
    """

    boxes: int
    pictures: int
    small: int
    medium: int
    large: int
    side: Range | None
    aspect: Range | None


@dataclass(frozen=True, slots=True)
class SplitFigures:
    """The pictures of one split.

    Attributes:
        pictures: how many.
        empty: how many of these have no box.
        groups: clips, cameras or days, by the manifest.
        alike: different pictures: near-duplicates, and theirs in turn, count as one.
        most_alike: pictures in the largest group of near-duplicates.
        width: of the files, pixels; None without pictures.
        height: likewise.
        classes: by name, in the order of the set.
    """

    pictures: int
    empty: int
    groups: int
    alike: int
    most_alike: int
    width: Range | None
    height: Range | None
    classes: dict[str, ClassFigures]


def statistics(dataset: Dataset, alike: Labelling) -> dict[str, SplitFigures]:
    """Figures of each split, by its name; pictures without one come last, as `none`.

    Args:
        dataset: any.
        alike: `(n,)`, the group of near-duplicates that each picture is in.
    """
    rows: dict[str | None, list[int]] = {}
    for place, picture in enumerate(dataset.pictures):
        rows.setdefault(picture.split, []).append(place)
    ordered = sorted(rows, key=lambda split: (split is None, split or ""))
    return {
        split or NO_SPLIT: _of_split([dataset.pictures[i] for i in rows[split]], alike[rows[split]], dataset.classes)
        for split in ordered
    }


def _of_split(pictures: Sequence[Picture], alike: Labelling, classes: Sequence[str]) -> SplitFigures:
    counts = Counter(alike.tolist())
    return SplitFigures(
        pictures=len(pictures),
        empty=sum(len(picture.labels) == 0 for picture in pictures),
        groups=len({picture.group for picture in pictures}),
        alike=len(counts),
        most_alike=max(counts.values(), default=0),
        width=_range(np.array([picture.width for picture in pictures], np.float64)),
        height=_range(np.array([picture.height for picture in pictures], np.float64)),
        classes=_of_classes(pictures, classes),
    )


def _of_classes(pictures: Sequence[Picture], classes: Sequence[str]) -> dict[str, ClassFigures]:
    where = np.repeat(np.arange(len(pictures)), [len(picture.labels) for picture in pictures])
    ids = np.concatenate([np.empty(0, np.int64), *(picture.labels.class_id for picture in pictures)])
    boxes = np.concatenate([np.empty((0, 4), np.float32), *(picture.labels.xyxy for picture in pictures)])
    extent = np.array([picture.width * picture.height for picture in pictures], np.float64)[where]
    covered = area(boxes).astype(np.float64)
    sides = boxes[:, 2:] - boxes[:, :2]
    aspect = sides[:, 0] / np.maximum(sides[:, 1], np.finfo(np.float32).tiny)
    figures = {}
    for number, name in enumerate(classes):
        chosen = ids == number
        size = np.digitize(covered[chosen], [SMALL_PX**2, LARGE_PX**2])
        small, medium, large = np.bincount(size, minlength=3).tolist()
        figures[name] = ClassFigures(
            boxes=int(chosen.sum()), pictures=len(np.unique(where[chosen])), small=small, medium=medium, large=large,
            side=_range(np.sqrt(covered[chosen] / extent[chosen])), aspect=_range(aspect[chosen].astype(np.float64)),
        )  # fmt: skip
    return figures


def _range(values: NDArray[np.float64]) -> Range | None:
    if not len(values):
        return None
    low, middle, high = np.percentile(values, _PERCENTILES).tolist()
    return round(low, 4), round(middle, 4), round(high, 4)
