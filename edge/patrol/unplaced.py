"""What was seen without a place on the ground: a plume above the horizon, or anything while nobody knows the pose."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from calibration.ground import between, ray
from calibration.pose import Pose
from edge.patrol.cover import Spot
from pipelines.hazards import Box
from pipelines.places import LEAST_S, LEAST_SIGHTINGS, Place

_GAP_S = 10.0  # who was not seen for longer is told once more
_SAME_DEG = 15.0  # directions that differ by less may be to one thing


@dataclass(frozen=True, slots=True)
class Sight:
    """One box in one frame, whose place on the ground is not known.

    Attributes:
        kind: of the hazard.
        score: of the detector.
        time_s: of the frame.
        box: in 0–1 of the frame.
        reason: why it has no place.
        seen_from: where the camera was; None where nobody knows that either.
        bearing_deg: in which direction the middle of the box lies from there, clockwise from north; None likewise.
    """

    kind: str
    score: float
    time_s: float
    box: Box
    reason: str
    seen_from: Spot | None = None
    bearing_deg: float | None = None


@dataclass(slots=True)
class Stretch:
    """What was seen without a place for some time, as far as anybody can tell one thing.

    Attributes:
        first, last: by their time.
        best: the surest of the detector.
        count: of sights.
    """

    first: Sight
    last: Sight
    best: Sight
    count: int = 1

    @property
    def kind(self) -> str:
        """Of the hazard."""
        return self.first.kind

    @property
    def believed(self) -> bool:
        """It was seen as often and as long as a place has to be."""
        return self.count >= LEAST_SIGHTINGS and self.last.time_s - self.first.time_s >= LEAST_S

    def take(self, sight: Sight) -> None:
        """Count it in."""
        self.last = sight
        self.best = max(self.best, sight, key=lambda each: each.score)
        self.count += 1

    def goes_on_with(self, sight: Sight) -> bool:
        """Is this likely the same thing?"""
        return (
            self.kind == sight.kind
            and sight.time_s - self.last.time_s <= _GAP_S
            and _apart_deg(self.last.bearing_deg, sight.bearing_deg) <= _SAME_DEG
        )

    def is_at(self, place: Place) -> bool:
        """A place on the ground explains it: it lies in its direction, or was seen before and after."""
        if place.kind != self.kind:
            return False
        if self.best.seen_from is None or self.best.bearing_deg is None:
            return place.first.time_s <= self.first.time_s and self.last.time_s <= place.last.time_s
        north, east = between(self.best.seen_from, (place.latitude_deg, place.longitude_deg))
        return _apart_deg(math.degrees(math.atan2(east, north)), self.best.bearing_deg) <= _SAME_DEG


@dataclass(slots=True)
class Unplaced:
    """Gathers sights into stretches.

    Attributes:
        reasons: how many sights have no place, by hazard and reason.
    """

    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    _stretches: list[Stretch] = field(default_factory=list)

    @property
    def every(self) -> list[Stretch]:
        """All of them, in the order of their first sight."""
        return list(self._stretches)

    def add(self, sight: Sight) -> Stretch:
        """Count it in."""
        self.reasons[sight.kind, sight.reason] += 1
        for stretch in reversed(self._stretches):
            if stretch.goes_on_with(sight):
                stretch.take(sight)
                return stretch
        self._stretches.append(Stretch(sight, sight, sight))
        return self._stretches[-1]

    def believed(self, places: Iterable[Place]) -> list[Stretch]:
        """Those that were seen often enough and that no place explains."""
        known = list(places)
        return [each for each in self._stretches if each.believed and not any(map(each.is_at, known))]


def bearing_deg(pose: Pose, box: Box, size: tuple[int, int]) -> float | None:
    """In which direction the middle of a box lies, clockwise from north; None where nobody knows.

    Args:
        pose: of the camera.
        box: in 0–1 of the picture.
        size: width and height of the picture, pixels.
    """
    if pose.lens is None or pose.attitude is None:
        return None
    middle = ((box[0] + box[2]) / 2 * size[0], (box[1] + box[3]) / 2 * size[1])
    north, east, _ = ray(pose.lens, middle, pose.attitude)
    return math.degrees(math.atan2(east, north)) % 360.0


def _apart_deg(one: float | None, other: float | None) -> float:
    """Between two directions; none where one of them is not known."""
    if one is None or other is None:
        return 0.0
    return abs((one - other + 180.0) % 360.0 - 180.0)
