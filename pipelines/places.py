"""Hazards as places on the ground: what a moving camera sees many times is one, wherever it is in the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

from calibration.ground import SAME, GroundPoint, between, moved
from pipelines.hazards import Box

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

    @property
    def spread(self) -> float:
        """How far off its point may be, m²: north and east together."""
        (north, _), (_, east) = self.point.covariance
        return north + east


class Place:
    """What was seen at one place. Keeps no more of its sightings than four, however many there were.

    Args:
        number: the same for as long as it exists.
        first: its first sighting.

    Attributes:
        kind: of the hazard.
        count: of sightings.
        best: the one to show: the surest of the detector.
        surest: the one whose point is known best.
        first, last: by their time.
    """

    def __init__(self, number: int, first: Sighting) -> None:
        self.number = number
        self.kind = first.kind
        self.count = 1
        self.best = self.surest = self.first = self.last = first
        self._at = (first.point.latitude_deg, first.point.longitude_deg)
        self._weight = 1 / first.spread

    @property
    def point(self) -> GroundPoint:
        """Where it is: the mean of the sightings, the surer ones counting more.

        Its error is that of the surest sighting: what is wrong with position and compass is wrong in all of them, and
        does not grow less by looking again.
        """
        return GroundPoint(*self._at, self.surest.point.covariance, self.surest.point.distance_m)

    @property
    def latitude_deg(self) -> float:
        """Of its point."""
        return self._at[0]

    @property
    def longitude_deg(self) -> float:
        """Of its point."""
        return self._at[1]

    @property
    def believed(self) -> bool:
        """It was seen often and long enough."""
        return self.count >= LEAST_SIGHTINGS and self.last.time_s - self.first.time_s >= LEAST_S

    def take(self, sighting: Sighting) -> None:
        """Count it in."""
        self.join(Place(self.number, sighting))

    def join(self, other: Place) -> None:
        """Count in all of another."""
        weight = self._weight + other._weight
        north, east = between(self._at, other._at)
        share = other._weight / weight
        self._at, self._weight = moved(*self._at, north * share, east * share), weight
        self.count += other.count
        self.best = max(self.best, other.best, key=lambda sighting: sighting.score)
        self.surest = min(self.surest, other.surest, key=lambda sighting: sighting.spread)
        self.first = min(self.first, other.first, key=lambda sighting: sighting.time_s)
        self.last = max(self.last, other.last, key=lambda sighting: sighting.time_s)


class Places:
    """Gathers sightings into places."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._given = 0

    @property
    def believed(self) -> list[Place]:
        """Those that were seen often enough, in the order of their first sighting."""
        found = [place for place in self._places if place.believed]
        return sorted(found, key=lambda place: place.first.time_s)

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
        near = [(place.point.apart(sighting.point), place) for place in self._places if place.kind == sighting.kind]
        distance, nearest = min(near, key=lambda found: found[0], default=(math.inf, None))
        if nearest is None or distance > SAME:
            self._given += 1
            nearest = Place(self._given, sighting)
            self._places.append(nearest)
        else:
            nearest.take(sighting)
        self._join(nearest)
        return nearest

    def forget(self, place: Place) -> None:
        """It is there no longer."""
        self._places.remove(place)

    def _join(self, place: Place) -> None:
        """Two that have grown together are one."""
        for other in [each for each in self._places if each is not place and each.kind == place.kind]:
            if place.point.may_be(other.point):
                place.join(other)
                self._places.remove(other)
