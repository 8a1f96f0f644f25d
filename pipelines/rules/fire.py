"""Fire: the model sees flames, they glow, and they flicker and change their shape where they stand."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from calibration.zones import Zone
from pipelines.detections import Detections
from pipelines.frame import Frame
from pipelines.hazards import Hazard, HazardKind
from pipelines.rules.base import RuleSettings, Severity
from pipelines.rules.glow import glow
from pipelines.rules.rigidity import rigidity
from pipelines.rules.sightings import CAMERA_MOVES, Confirmation, Sightings
from pipelines.scene import Scene


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
        default=0.45, gt=0, le=1, description="a sign may be as weak as this share of the card's threshold"
    )
    flicker: float = Field(
        default=0.06, ge=0, le=1, description="least share of the flame's box that changes between two frames"
    )
    rigid: float = Field(
        default=0.9,
        gt=0,
        le=1,
        description="what is found again this well in the look before, only shifted, is a thing and no flame",
    )
    glow: float = Field(default=0.02, ge=0, le=1, description="least share of the flame's box that glows as flames do")
    unlit: float = Field(
        default=0.4,
        gt=0,
        le=1,
        description="from this score on, no glow is asked for: smoke dims it, infrared lacks it",
    )

    @property
    def confirm_s(self) -> float:
        """How long it may take to confirm one that is in view from the first look on."""
        return self.window_s


class Fire:
    """Pools flames that flicker in one place."""

    def __init__(self, settings: FireSettings, zone: Zone | None = None) -> None:
        self._settings = settings
        self._zone = zone
        self._before: Frame | None = None
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
        self._before = None

    def judge(self, scene: Scene) -> tuple[Hazard, ...]:
        """The fires that burn now."""
        found = scene.of("fire", scale=self._settings.weakest)
        boxes = scene.boxes(found)
        before, self._before = self._before, scene.frame
        if before is not None and (before.width, before.height) != (scene.frame.width, scene.frame.height):
            before = None
        lively = np.array(
            [before is not None and self._burns(scene, before, found, boxes, i) for i in range(len(found))], bool
        )
        spots = self._sightings.update(
            scene.time_s,
            boxes[lively],
            found.confidence[lively],
            scene.looked,
            steady=bool(scene.activity.moving.mean() < CAMERA_MOVES),
        )
        return tuple(Hazard(HazardKind.FIRE, s.box, s.score, s.first_seen_s, self._settings.zone) for s in spots)

    def _burns(self, scene: Scene, before: Frame, found: Detections, boxes: NDArray[np.float32], i: int) -> bool:
        """Does this detection flicker, glow and change its shape, inside the zone if there is one?"""
        x1, y1, x2, y2 = map(float, boxes[i])
        if self._zone is not None:
            middle, foot = ((x1 + x2) / 2, (y1 + y2) / 2), ((x1 + x2) / 2, y2)
            if not self._zone.polygon.contains(np.array([middle, foot], np.float32)).any():
                return False
        window = scene.activity.window((x1, y1, x2, y2))
        if scene.activity.moving[window].mean() < self._settings.flicker:
            return False
        lit = found.confidence[i] >= self._settings.unlit or glow(scene.frame, found.xyxy[i]) >= self._settings.glow
        return bool(lit and rigidity(before, scene.frame, found.xyxy[i]) < self._settings.rigid)
