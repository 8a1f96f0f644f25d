"""Flames that the model does not see, where it sees smoke.

A small flame behind a window is no more than a lit window in any single picture. A lamp may flicker, too, and a wall
may pass for smoke; that smoke churns again and again right where flames play is another matter.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from calibration.boxes import grow, intersection, near
from pipelines.frame import Frame
from pipelines.rules.flames import Burning, flame_boxes
from pipelines.rules.sightings import CAMERA_MOVES, Confirmation, Sightings, Spot
from pipelines.rules.smoke import SmokeSettings, churns
from pipelines.scene import Scene

# What counts as a sign of smoke, whatever the site's rule for smoke says.
_SMOKE = SmokeSettings()


class FlamesBesideSmoke:
    """Pools what looks like flames, and believes it where smoke is seen.

    Args:
        confirmation: as of fire that the model sees; smoke must be seen at the place in as many looks.
        burning: what looks like flames.
    """

    def __init__(self, confirmation: Confirmation, burning: Burning) -> None:
        self._confirmation = confirmation
        self._burning = burning
        self._flames = Sightings(confirmation)
        self._smoke: deque[tuple[float, NDArray[np.float32]]] = deque()
        self._burning_on: tuple[Spot, ...] = ()

    @property
    def pending(self) -> bool:
        """Flames play where smoke is seen, or what was fire may have ended."""
        return any(
            self._flames.pends(spot) if spot in self._burning_on else self._smokes(spot) for spot in self._flames.spots
        )

    def reset(self) -> None:
        """Forget everything."""
        self._flames.reset()
        self._smoke.clear()
        self._burning_on = ()

    def update(self, scene: Scene, before: Frame | None, score: float) -> list[Spot]:
        """Add one look and return the places that burn.

        Args:
            scene: the look; of a model that knows no smoke nothing comes.
            before: the picture of the look before, of the same size; None if there is none.
            score: of a look with flames.
        """
        found = scene.boxes(scene.of("smoke", scale=_SMOKE.weakest))
        smoke = found[np.array([churns(scene, box, _SMOKE) for box in found], bool)]
        if len(smoke):
            self._smoke.append((scene.time_s, smoke))
        while self._smoke and scene.time_s - self._smoke[0][0] > self._confirmation.window_s:
            self._smoke.popleft()
        boxes = flame_boxes(scene.activity) if before is not None else np.empty((0, 4), np.float32)
        burn = [before is not None and self._burning.seen(scene, before, box) for box in boxes]
        boxes = boxes[np.array(burn, bool)]
        spots = self._flames.update(
            scene.time_s,
            boxes,
            np.full(len(boxes), score, np.float32),
            scene.looked,
            steady=bool(scene.activity.moving.mean() < CAMERA_MOVES),
        )
        # What was fire once goes on for as long as its flames play: its smoke may drift away, or be too thick to churn.
        self._burning_on = tuple(spot for spot in spots if self._goes_on(spot) or self._smokes(spot))
        return list(self._burning_on)

    def _goes_on(self, spot: Spot) -> bool:
        return any(near(spot.box, other.box, 0.0, 0.0) for other in self._burning_on)

    def _smokes(self, spot: Spot) -> bool:
        """Was smoke seen at this place in as many looks as fire needs?"""
        around = grow(np.array([spot.box], np.float32), 1.0)
        return sum(bool(intersection(around, boxes).any()) for _, boxes in self._smoke) >= self._confirmation.least
