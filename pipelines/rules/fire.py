"""Fire: the model sees flames, or smoke where flames play; they glow, flicker and change their shape on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from calibration.boxes import hull, near
from calibration.zones import Zone
from pipelines.frame import Frame
from pipelines.hazards import Hazard, HazardKind
from pipelines.rules.base import RuleSettings, Severity
from pipelines.rules.beside_smoke import FlamesBesideSmoke
from pipelines.rules.flames import Burning
from pipelines.rules.sightings import CAMERA_MOVES, Confirmation, Sightings, Spot
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
    beside_smoke: bool = Field(
        default=True,
        description="where the model sees smoke, what glows, flickers and changes its shape as flames do counts as a "
        "sign of fire, the weakest there is, even if the model does not see it",
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
        confirmation = Confirmation(
            window_s=settings.window_s,
            least=settings.least,
            strength=settings.strength,
            lasting_s=0.0,
            hold_s=settings.clear_after_s,
        )
        self._burning = Burning(settings.flicker, settings.rigid, settings.glow)
        self._sightings = Sightings(confirmation)
        self._beside = FlamesBesideSmoke(confirmation, self._burning)

    @property
    def pending(self) -> bool:
        """Flames were seen that are not confirmed yet, or that burn on."""
        return self._sightings.pending or self._beside.pending

    def reset(self) -> None:
        """Forget everything."""
        self._sightings.reset()
        self._beside.reset()
        self._before = None

    def judge(self, scene: Scene) -> tuple[Hazard, ...]:
        """The fires that burn now."""
        found = scene.of("fire", scale=self._settings.weakest)
        boxes = scene.boxes(found)
        before, self._before = self._before, scene.frame
        if before is not None and (before.width, before.height) != (scene.frame.width, scene.frame.height):
            before = None
        lit = found.confidence >= self._settings.unlit
        lively = np.array(
            [
                before is not None and self._burns(scene, before, box, bool(bright))
                for box, bright in zip(boxes, lit, strict=True)
            ],
            bool,
        )
        spots = self._sightings.update(
            scene.time_s,
            boxes[lively],
            found.confidence[lively],
            scene.looked,
            steady=bool(scene.activity.moving.mean() < CAMERA_MOVES),
        )
        fires = [self._hazard(spot) for spot in spots]
        if self._settings.beside_smoke:
            weakest = scene.thresholds[scene.meanings.index("fire")] * self._settings.weakest
            for spot in self._beside.update(scene, before, float(weakest)):
                if self._inside(spot.box):
                    fires = _joined(fires, self._hazard(spot))
        return tuple(fires)

    def _hazard(self, spot: Spot) -> Hazard:
        return Hazard(HazardKind.FIRE, spot.box, spot.score, spot.first_seen_s, self._settings.zone)

    def _burns(self, scene: Scene, before: Frame, box: NDArray[np.float32], lit: bool) -> bool:
        return self._inside(box.tolist()) and self._burning.seen(scene, before, box, lit=lit)

    def _inside(self, box: Sequence[float]) -> bool:
        """Does it burn in the zone, if there is one?"""
        if self._zone is None:
            return True
        x1, y1, x2, y2 = box
        middle, foot = ((x1 + x2) / 2, (y1 + y2) / 2), ((x1 + x2) / 2, y2)
        return bool(self._zone.polygon.contains(np.array([middle, foot], np.float32)).any())


def _joined(fires: Sequence[Hazard], other: Hazard) -> list[Hazard]:
    """One more fire, which may be the same as one that is known: what the model sees is often a part of what burns."""
    same = [fire for fire in fires if near(fire.box, other.box, 1.0, 0.0)]
    if not same:
        return [*fires, other]
    x1, y1, x2, y2 = hull(np.array([same[0].box, other.box], np.float32)).tolist()
    first_s = min(same[0].first_seen_s, other.first_seen_s)
    one = replace(same[0], box=(x1, y1, x2, y2), first_seen_s=first_s)
    return [one if fire is same[0] else fire for fire in fires]
