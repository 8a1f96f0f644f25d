"""From what a labelling tool wrote to a data set that can be trained on: every picture opened, every box checked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Dataset, Labels, Picture
from pipelines.retraining.data.formats.export import Export, Mark, Sheet
from pipelines.retraining.data.formats.faults import Fault, lost
from pipelines.retraining.data.formats.grouping import Grouping, by_clip
from pipelines.retraining.data.formats.opening import opened

SMALLEST_PX = 1.0
"""A box narrower or lower than this, once clipped, holds nothing to learn from."""
_SLACK_PX = 1.0
"""Tools round: a box that sticks out by less is clipped without a word."""
_ASPECT = 0.01
"""A picture resized after it was labelled keeps its sides' ratio within this share."""


@dataclass(frozen=True, slots=True)
class Intake:
    """How a source becomes a data set.

    Attributes:
        name: of the data set.
        mapping: the source's class to ours; an empty name drops the class. Classes not named keep their name.
        classes: ours, in this order; what is not among them after mapping is an unknown class. Empty: the source's.
        licence: under which the pictures may be used.
        source: where they are from.
        group: from a picture's path below the root to its group.
    """

    name: str = "unnamed"
    mapping: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    licence: str = "not stated"
    source: str = "not stated"
    group: Grouping = by_clip


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of it.

    Attributes:
        dataset: what can be used.
        root: the folder below which its pictures lie.
        faults: what was wrong, in the order of the source.
        dropped: boxes left out because the mapping drops their class, by the source's name.
        emptied: pictures that are negatives only by that.
    """

    dataset: Dataset
    root: Path
    faults: tuple[Fault, ...]
    dropped: Mapping[str, int]
    emptied: int


def take_in(export: Export, intake: Intake, progress: Callable[[Sequence[Sheet]], Iterable[Sheet]] = iter) -> Imported:
    """Open every picture, check every label, map the classes and find the groups.

    Args:
        export: what a format's parser found.
        intake: how it becomes a data set.
        progress: wraps the sheets, to show how far it is.

    Raises:
        DatasetError: the mapping names a class that the source does not have.
    """
    work = _Work(export, intake)
    pictures = [picture for sheet in progress(export.sheets) if (picture := work.picture(sheet)) is not None]
    dataset = Dataset(intake.name, work.classes, export.keypoints, intake.licence, intake.source, tuple(pictures))
    return Imported(dataset, export.root, (*export.faults, *work.faults), dict(work.dropped), work.emptied)


class _Work:
    """One import: what was found so far."""

    def __init__(self, export: Export, intake: Intake) -> None:
        unknown = sorted(set(intake.mapping) - set(export.classes))
        if unknown:
            raise DatasetError(f"map: the source has no class {', '.join(unknown)}; it has {', '.join(export.classes)}")
        if len(set(intake.classes)) != len(intake.classes):
            raise DatasetError(f"classes: found {', '.join(intake.classes)}, allowed is each name once")
        self._export, self._intake = export, intake
        mapped = (intake.mapping.get(name, name) for name in export.classes)
        self.classes = intake.classes or tuple(dict.fromkeys(name for name in mapped if name))
        self._ids = {name: place for place, name in enumerate(self.classes)}
        self._known = set(export.classes)
        self._seen: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.dropped: Counter[str] = Counter()
        self.emptied = 0

    def picture(self, sheet: Sheet) -> Picture | None:
        """The picture with its labels, None when it can not be used."""
        name = _below(sheet.path, self._export.root)
        found = opened(sheet.path)
        if isinstance(found, str):
            self._fault(found, name, name, found, "a whole picture", "picture left out")
            return None
        digest, width, height = found
        if digest in self._seen:
            found = f"the same bytes as {self._seen[digest]}"
            self._fault("duplicate picture", name, name, found, "each picture once", "picture left out")
            return None
        if not self._fits(sheet, name, width, height):
            return None
        self._seen[digest] = name
        before = len(self.faults)
        labels = self._labels(sheet, name, width, height)
        gone = sheet.lost + lost(self.faults[before:])
        if gone and not len(labels):
            # A fire whose only box was wrong must not be learnt as "no fire here".
            found = f"{gone} label{'s' if gone > 1 else ''}, none of which can be used"
            self._fault("no label left", name, name, found, "one that can be used, or none", "picture left out")
            return None
        return Picture(sheet.path.absolute(), digest, width, height, self._group(sheet, name), sheet.split, labels)

    def _fits(self, sheet: Sheet, name: str, width: int, height: int) -> bool:
        """Was it labelled in this size, or in one with the same ratio of sides?"""
        if sheet.stated is None or sheet.stated == (width, height) or 0 in sheet.stated:
            return True
        found = f"labelled as {sheet.stated[0]}×{sheet.stated[1]}, the file has {width}×{height}"
        same = math.isclose(sheet.stated[0] / sheet.stated[1], width / height, rel_tol=_ASPECT)
        self._fault(
            "picture of another size", name, name, found, "the size it was labelled in, upright",
            "boxes scaled" if same else "picture left out",
        )  # fmt: skip
        return same

    def _group(self, sheet: Sheet, name: str) -> str:
        if sheet.group is not None and self._intake.group is by_clip:
            return sheet.group
        group = self._intake.group(Path(name))
        if group is None:
            self._fault("no group", name, name, name, "a path that the group's pattern finds", "a group of its own")
            return name
        return group

    def _labels(self, sheet: Sheet, name: str, width: int, height: int) -> Labels:
        across, down = sheet.extent or (float(width), float(height))
        scale = np.array([width / across, height / down], np.float64)
        boxes, ids, points = [], [], []
        for mark in sheet.marks:
            class_id = self._class(mark, name)
            box = None if class_id is None else self._box(mark, name, scale, (width, height))
            if box is not None:
                boxes.append(box)
                ids.append(class_id)
                points.append(self._points(mark, name, scale, (width, height)))
        n, k = len(boxes), len(self._export.keypoints)
        self.emptied += n == 0 and any(self._intake.mapping.get(mark.name) == "" for mark in sheet.marks)
        return Labels(
            np.array(boxes, np.float32).reshape(n, 4),
            np.array(ids, np.int64),
            np.array(points, np.float32).reshape(n, k, 3),
        )

    def _class(self, mark: Mark, name: str) -> int | None:
        ours = self._intake.mapping.get(mark.name, mark.name)
        if mark.name in self._intake.mapping and not ours:
            self.dropped[mark.name] += 1
            return None
        if mark.name not in self._known or ours not in self._ids:
            found = mark.name or "no name"
            self._fault("unknown class", name, mark.place, found, ", ".join(self.classes), "box left out")
            return None
        return self._ids[ours]

    def _box(self, mark: Mark, name: str, scale: NDArray[np.float64], size: tuple[int, int]) -> list[float] | None:
        """Clipped to the picture, in pixels; None when nothing is left of it."""
        # To a hundredth: shares written with seven digits must not make a box of one pixel a hair smaller.
        corners = np.round(np.array(mark.corners, np.float64).reshape(2, 2) * scale, 2)
        found = f"[{', '.join(f'{edge:.1f}' for edge in corners.ravel())}]"
        if not np.isfinite(corners).all():
            self._fault("malformed label", name, mark.place, found, "four finite numbers", "box left out")
            return None
        low, high = corners.min(axis=0), corners.max(axis=0)
        if (low < corners[0]).any():
            allowed = "upper left corner first"
            self._fault("corners exchanged", name, mark.place, found, allowed, "put in order")
        inner = np.clip(np.stack([low, high]), 0, size)
        if (np.round(inner[1] - inner[0], 2) < SMALLEST_PX).any():
            outside = ((high - low) >= SMALLEST_PX).all()
            what = "box outside the picture" if outside else "box without size"
            allowed = f"at least {SMALLEST_PX:g}×{SMALLEST_PX:g} px inside {size[0]}×{size[1]}"
            self._fault(what, name, mark.place, found, allowed, "box left out")
            return None
        if max((-low).max(), (high - np.array(size)).max()) > _SLACK_PX:
            self._fault("box outside the picture", name, mark.place, found, f"0 to {size[0]}×{size[1]}", "clipped")
        return [float(edge) for edge in np.round(inner.ravel(), 1)]

    def _points(
        self, mark: Mark, name: str, scale: NDArray[np.float64], size: tuple[int, int]
    ) -> list[tuple[float, float, int]]:
        """Keypoints in pixels; one that is not labelled, or lies outside the picture, has no place."""
        points = []
        for x, y, visibility in mark.points or ((0.0, 0.0, 0),) * len(self._export.keypoints):
            place = np.array([x, y]) * scale
            inside = bool(((place >= -_SLACK_PX) & (place <= np.array(size) + _SLACK_PX)).all())
            if visibility and not inside:
                found = f"[{place[0]:.1f}, {place[1]:.1f}]"
                allowed = f"0 to {size[0]}×{size[1]}"
                self._fault("keypoint outside the picture", name, mark.place, found, allowed, "keypoint left out")
            across, down = np.round(np.clip(place, 0, size), 1)
            points.append((float(across), float(down), visibility) if visibility and inside else (0.0, 0.0, 0))
        return points

    def _fault(self, what: str, picture: str, place: str, found: str, allowed: str, outcome: str) -> None:
        self.faults.append(Fault(what, picture, place, found, allowed, outcome))


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
