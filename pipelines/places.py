"""Hazards as places on the ground: what a moving camera sees many times is one, wherever it is in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from calibration.ground import GroundPoint, between, moved
from pipelines.hazards import Box

SAME = 9.21
"""Squared Mahalanobis distance up to which two sightings are of one place: 99 % in two dimensions."""

LEAST_SIGHTINGS = 3
LEAST_S = 1.0
"""A place is believed when it was seen so often, over so long."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One box in one frame, with the place that it stands on.

    Attributes:
        kind: of the hazard.
        point: where its foot is on the ground.
        score: of the detector.
        time_s: of the frame.
        box: in 0–1 of the frame.
    """

    kind: str
    point: GroundPoint
    score: float
    time_s: float
    box: Box


@dataclass(slots=True)
class Place:
    """What was seen at one place.

    Attributes:
        kind: of the hazard.
        sightings: all of them, in order.
        latitude_deg, longitude_deg: the mean of the sightings, the surer ones counting more.
        covariance: that of the surest sighting: what is wrong with position and compass is wrong in all of them, and
            does not grow less by looking again.
    """

    kind: str
    sightings: list[Sighting] = field(default_factory=list)
    latitude_deg: float = 0.0
    longitude_deg: float = 0.0
    covariance: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.0), (0.0, 0.0))

    @property
    def point(self) -> GroundPoint:
        """Where it is."""
        distance_m = min(sighting.point.distance_m for sighting in self.sightings)
        return GroundPoint(self.latitude_deg, self.longitude_deg, self.covariance, distance_m)

    @property
    def best(self) -> Sighting:
        """The one to show: the surest of the detector."""
        return max(self.sightings, key=lambda sighting: sighting.score)

    @property
    def believed(self) -> bool:
        """It was seen often and long enough."""
        lasted_s = self.sightings[-1].time_s - self.sightings[0].time_s
        return len(self.sightings) >= LEAST_SIGHTINGS and lasted_s >= LEAST_S

    def take(self, sightings: Sequence[Sighting]) -> None:
        """Count them in."""
        self.sightings = sorted([*self.sightings, *sightings], key=lambda sighting: sighting.time_s)
        points = [sighting.point for sighting in self.sightings]
        origin = (points[0].latitude_deg, points[0].longitude_deg)
        offsets = np.array([between(origin, (point.latitude_deg, point.longitude_deg)) for point in points])
        spreads = np.array([np.trace(np.array(point.covariance)) for point in points])
        north, east = np.average(offsets, axis=0, weights=1 / spreads).tolist()
        self.latitude_deg, self.longitude_deg = moved(*origin, north, east)
        self.covariance = points[int(np.argmin(spreads))].covariance


class Places:
    """Gathers sightings into places."""

    def __init__(self) -> None:
        self._places: list[Place] = []

    @property
    def believed(self) -> list[Place]:
        """Those that were seen often enough, in the order of their first sighting."""
        found = [place for place in self._places if place.believed]
        return sorted(found, key=lambda place: place.sightings[0].time_s)

    @property
    def every(self) -> list[Place]:
        """All of them, also those that are not believed."""
        return list(self._places)

    @property
    def doubtful(self) -> int:
        """How many were seen too seldom to be believed."""
        return sum(not place.believed for place in self._places)

    def add(self, sighting: Sighting) -> Place:
        """Count it in: with the nearest place of its kind that it may be, else as a new one."""
        near = [(_apart(place.point, sighting.point), place) for place in self._places if place.kind == sighting.kind]
        distance, nearest = min(near, key=lambda found: found[0], default=(float("inf"), None))
        if nearest is None or distance > SAME:
            nearest = Place(sighting.kind)
            self._places.append(nearest)
        nearest.take([sighting])
        self._join(nearest)
        return nearest

    def _join(self, place: Place) -> None:
        """Two that have grown together are one."""
        for other in [each for each in self._places if each is not place and each.kind == place.kind]:
            if _apart(place.point, other.point) <= SAME:
                place.take(other.sightings)
                self._places.remove(other)


def _apart(first: GroundPoint, second: GroundPoint) -> float:
    """Squared Mahalanobis distance between two points, each with its own error."""
    offset = np.array(between((first.latitude_deg, first.longitude_deg), (second.latitude_deg, second.longitude_deg)))
    both = np.array(first.covariance) + np.array(second.covariance)
    return float(offset @ np.linalg.solve(both, offset))
