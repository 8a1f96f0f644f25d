"""Fire: the model sees flames, they have a flame's colour, and they flicker where they stand."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from calibration.zones import Zone
from pipelines.hazards import Hazard, HazardKind
from pipelines.rules.base import RuleSettings, Severity
from pipelines.rules.sightings import Confirmation, Sightings
from pipelines.scene import Scene

# With more than this share of the view in motion, the camera itself moves.
CAMERA_MOVES = 0.3


class FireSettings(RuleSettings):
    """Where the defaults come from stands in docs/hazards.md."""

    kind: ClassVar[HazardKind] = HazardKind.FIRE
    needs: ClassVar[frozenset[str]] = frozenset({"fire"})

    rule: Literal["fire"] = "fire"
    severity: Severity = Field(default=4, description="1 notice, 2 warning, 3 severe, 4 life in danger")
    window_s: float = Field(default=8.0, gt=0, le=60, description="signs older than this no longer count")
    least: int = Field(default=3, ge=1, description="looks with a sign of fire that are needed within the window")
    strength: float = Field(default=1.0, gt=0, description="what the scores of those looks must add up to")
    weakest: float = Field(
        default=0.6, gt=0, le=1, description="a sign may be as weak as this share of the card's threshold"
    )
    flicker: float = Field(
        default=0.06, ge=0, le=1, description="least share of the flame's box that changes between two frames"
    )
    colour: float = Field(default=0.06, ge=0, le=1, description="least share of the box that has a flame's colour")
    colourless: float = Field(
        default=0.6, gt=0, le=1, description="from this score on, colour is not asked for: infrared has none"
    )


class Fire:
    """Pools flames that flicker in one place."""

    def __init__(self, settings: FireSettings, zone: Zone | None = None) -> None:
        self._settings = settings
        self._zone = zone
        self._sightings = Sightings(
            Confirmation(
                window_s=settings.window_s,
                least=settings.least,
                strength=settings.strength,
                lasting_s=0.0,
                hold_s=settings.clear_after_s,
            )
        )

    @property
    def pending(self) -> bool:
        """Flames were seen that are not confirmed yet, or that burn on."""
        return self._sightings.pending

    def reset(self) -> None:
        """Forget everything."""
        self._sightings.reset()

    def judge(self, scene: Scene) -> tuple[Hazard, ...]:
        """The fires that burn now."""
        found = scene.of("fire", scale=self._settings.weakest)
        boxes = scene.boxes(found)
        lively = np.array(
            [self._burns(scene, box, score) for box, score in zip(boxes, found.confidence, strict=True)], bool
        )
        spots = self._sightings.update(
            scene.time_s,
            boxes[lively],
            found.confidence[lively],
            scene.looked,
            steady=bool(scene.activity.moving.mean() < CAMERA_MOVES),
        )
        return tuple(Hazard(HazardKind.FIRE, s.box, s.score, s.first_seen_s, self._settings.zone) for s in spots)

    def _burns(self, scene: Scene, box: np.ndarray[tuple[int], np.dtype[np.float32]], score: float) -> bool:
        x1, y1, x2, y2 = map(float, box)
        if self._zone is not None:
            foot = np.array([[(x1 + x2) / 2, min(y2, 1.0)], [(x1 + x2) / 2, (y1 + y2) / 2]], np.float32)
            if not self._zone.polygon.contains(foot).any():
                return False
        window = scene.activity.window((x1, y1, x2, y2))
        if scene.activity.moving[window].mean() < self._settings.flicker:
            return False
        coloured = scene.activity.flame[window].mean() >= self._settings.colour
        return bool(coloured or score >= self._settings.colourless)
