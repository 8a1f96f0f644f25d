"""Pools what was seen in one place over several looks: for things without firm outlines.

Flames and plumes flicker, split and change their shape, so that tracking boxes says little. What
counts is that signs of them keep coming from the same place.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from calibration import boxes as box_math
from pipelines.hazards import Box

# With more than this share of the view in motion, the camera itself moves.
CAMERA_MOVES = 0.3
# A spot reaches beyond its box by this share of its sides.
_REACH = 0.5
# Looking for more is worth so long in vain for each sign that is there: a flame comes and goes, and one weak sign of
# nothing is common where people walk. A fire that was filmed, or smoke, was not without a sign for longer than 2 s.
_CHASE_S = 3.0
# What is confirmed goes on being seen where the prefilter sees it stir; looks of its own are asked for once it has been
# missed for this share of the time after which it counts as gone.
_DOUBTED = 0.5
# And it ends after so many looks in vain at least, however far they are apart.
_LEAST_MISSES = 5


@dataclass(frozen=True, slots=True)
class Confirmation:
    """When signs in one place become a hazard.

    Attributes:
        window_s: signs older than this no longer count.
        least: looks with a sign that are needed within the window.
        strength: what their scores must add up to: few strong signs, or many weak ones.
        lasting_s: least time between the first and the last of them.
        hold_s: a confirmed hazard ends when it has been looked at this long without a sign.
        margin: places closer than this share of the picture are one.
    """

    window_s: float
    least: int
    strength: float
    lasting_s: float
    hold_s: float
    margin: float = 0.06


@dataclass(frozen=True, slots=True)
class Sighting:
    """One look's sign of it.

    Attributes:
        time_s: when.
        box: the hull of what was seen.
        score: the best score.
        stir: the part of it that moves, for telling what travels from what stays.
    """

    time_s: float
    box: Box
    score: float
    stir: Box


@dataclass(frozen=True, slots=True)
class Spot:
    """A place where signs were seen.

    Attributes:
        sightings: those within the window, oldest first.
        first_seen_s: the first sign of the unbroken row that led here.
        missed_s: how long it has been looked at in vain since the last sign.
        confirmed: it is a hazard.
        score: the best score within the window at which it was confirmed, or since.
    """

    sightings: tuple[Sighting, ...]
    first_seen_s: float
    missed_s: float = 0.0
    confirmed: bool = False
    score: float = 0.0

    @property
    def box(self) -> Box:
        """The hull of the last few sightings."""
        return _hull([s.box for s in self.sightings[-3:]])


@dataclass
class Sightings:
    """Keeps the spots of one view; `update` once a look."""

    confirmation: Confirmation
    _spots: list[Spot] = field(default_factory=list)
    _last_s: float | None = None

    @property
    def pending(self) -> bool:
        """Something is waiting to be confirmed, or may be gone; a place may be kept in mind for longer than that."""
        return any(self.pends(spot) for spot in self._spots)

    @property
    def spots(self) -> tuple[Spot, ...]:
        """All places where signs were seen of late."""
        return tuple(self._spots)

    def reset(self) -> None:
        """Forget all spots."""
        self._spots, self._last_s = [], None

    def update(
        self, time_s: float, boxes: NDArray[np.float32], scores: NDArray[np.float32], looked: NDArray[np.float32],
        *, stirs: NDArray[np.float32] | None = None, steady: bool = True,
    ) -> list[Spot]:  # fmt: skip
        """Add one look and return the confirmed spots.

        Args:
            time_s: when.
            boxes: `(n, 4)` 0–1, the signs.
            scores: `(n,)`.
            looked: `(k, 4)` 0–1, what was looked at: a spot outside is neither seen nor missed.
            stirs: `(n, 4)` 0–1, the part of each sign that moves; all of it if left out.
            steady: the camera stands still, so that a sign that wanders is a thing that travels.
        """
        gap = 0.0 if self._last_s is None else max(0.0, time_s - self._last_s)
        self._last_s = time_s
        spots = [self._aged(spot, time_s, gap, looked) for spot in self._spots]
        moving = boxes if stirs is None else stirs
        for sighting in _groups(time_s, boxes, scores, moving, self.confirmation.margin):
            spots = self._joined(spots, sighting)
        self._spots = [self._judged(spot, steady) for spot in spots if self._alive(spot)]
        return [spot for spot in self._spots if spot.confirmed]

    def pends(self, spot: Spot) -> bool:
        """One of `spots` is waiting to be confirmed, or may be gone."""
        if spot.confirmed:
            return spot.missed_s > self.confirmation.hold_s * _DOUBTED
        return spot.missed_s <= _CHASE_S * len(spot.sightings)

    def _aged(self, spot: Spot, time_s: float, gap: float, looked: NDArray[np.float32]) -> Spot:
        x1, y1, x2, y2 = spot.box
        middle = np.array([[(x1 + x2) / 2, (y1 + y2) / 2]], np.float32)
        seen = box_math.inside_any(middle, looked)[0]
        fresh = tuple(s for s in spot.sightings if time_s - s.time_s <= self.confirmation.window_s)
        # The last sighting stays as the memory of where it was.
        kept = fresh or spot.sightings[-1:]
        first = spot.first_seen_s if spot.confirmed else min(kept[0].time_s, time_s)
        if spot.confirmed:
            gap = min(gap, self.confirmation.hold_s / _LEAST_MISSES)
        return replace(spot, sightings=kept, missed_s=spot.missed_s + (gap if seen else 0.0), first_seen_s=first)

    def _joined(self, spots: list[Spot], sighting: Sighting) -> list[Spot]:
        near = [s for s in spots if box_math.near(s.box, sighting.box, _REACH, self.confirmation.margin)]
        rest = [s for s in spots if s not in near]
        if not near:
            return [*rest, Spot((sighting,), sighting.time_s)]
        every = sorted({s for spot in near for s in spot.sightings}, key=lambda s: s.time_s)
        # Two groups of one look that the spot joins are one sign.
        same_look = [s for s in every if s.time_s == sighting.time_s]
        merged = _one([sighting, *same_look])
        every = [s for s in every if s not in same_look]
        return [
            *rest,
            Spot(
                (*every, merged),
                min(s.first_seen_s for s in near),
                0.0,
                any(s.confirmed for s in near),
                max(s.score for s in near),
            ),
        ]

    def _alive(self, spot: Spot) -> bool:
        limit = self.confirmation.hold_s if spot.confirmed else self.confirmation.window_s
        return spot.missed_s <= limit

    def _judged(self, spot: Spot, steady: bool) -> Spot:
        best = max(s.score for s in spot.sightings)
        if spot.confirmed:
            return replace(spot, score=max(best, spot.score))
        want = self.confirmation
        looks = spot.sightings
        enough = (
            len(looks) >= want.least
            and sum(s.score for s in looks) >= want.strength
            and looks[-1].time_s - looks[0].time_s >= want.lasting_s
            and not (steady and _travels(looks))
        )
        return replace(spot, confirmed=enough, score=best)


def _travels(looks: tuple[Sighting, ...]) -> bool:
    """Did what moves get on by more than its own size, instead of staying where it burns?"""
    boxes = np.array([s.stir for s in looks], np.float32)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    third = max(1, len(looks) // 3)
    moved = np.abs(centres[-third:].mean(axis=0) - centres[:third].mean(axis=0))
    sizes = np.median(boxes[:, 2:] - boxes[:, :2], axis=0)
    return bool((moved > np.maximum(sizes, 0.04)).any())


def _hull(boxes: list[Box]) -> Box:
    x1, y1, x2, y2 = box_math.hull(np.array(boxes, np.float32))
    return float(x1), float(y1), float(x2), float(y2)


def _one(parts: list[Sighting]) -> Sighting:
    """Several signs of one look as one."""
    return Sighting(
        parts[0].time_s, _hull([p.box for p in parts]), max(p.score for p in parts), _hull([p.stir for p in parts])
    )


def _groups(
    time_s: float,
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    stirs: NDArray[np.float32],
    margin: float,
) -> list[Sighting]:
    """The signs of one look; those that touch or nearly touch are one."""
    groups: list[Sighting] = []
    for box, score, stir in zip(boxes.tolist(), scores.tolist(), stirs.tolist(), strict=True):
        sign = Sighting(time_s, tuple(box), score, tuple(stir))
        near = [g for g in groups if box_math.near(g.box, sign.box, _REACH, margin / 2)]
        groups = [*(g for g in groups if g not in near), _one([sign, *near])]
    return groups
