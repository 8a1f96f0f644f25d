"""Smoke: the model sees it, it churns all over, and it stays or grows; grey walls and asphalt do neither."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from calibration.zones import Zone
from pipelines.hazards import Box, Hazard, HazardKind
from pipelines.rules.base import RuleSettings, Severity
from pipelines.rules.sightings import CAMERA_MOVES, Confirmation, Sightings
from pipelines.scene import Scene

# Levels from which a cell of the small picture differs from its fast background.
FAST_LEVELS = 7
# Share of a ninth of the box that must move for that ninth to count.
_STIRS = 0.05


class SmokeSettings(RuleSettings):
    """Where the defaults come from stands in docs/hazards.md."""

    kind: ClassVar[HazardKind] = HazardKind.SMOKE
    needs: ClassVar[frozenset[str]] = frozenset({"smoke"})

    rule: Literal["smoke"] = "smoke"
    severity: Severity = Field(default=3, description="1 notice, 2 warning, 3 severe, 4 life in danger")
    window_s: float = Field(default=12.0, gt=0, le=120, description="signs older than this no longer count")
    least: int = Field(default=6, ge=1, description="looks with a sign of smoke that are needed within the window")
    strength: float = Field(default=2.4, gt=0, description="what the scores of those looks must add up to")
    lasting_s: float = Field(default=5.0, ge=0, description="least time from the first sign to the alarm")
    weakest: float = Field(
        default=0.5, gt=0, le=1, description="a sign may be as weak as this share of the card's threshold"
    )
    churn: float = Field(
        default=0.2, ge=0, le=1, description="least share of the box that differs from what it was seconds ago"
    )
    stir: float = Field(default=0.1, ge=0, le=1, description="least share of the box that changes between two frames")
    spread: float = Field(
        default=0.75, ge=0, le=1, description="least share of the box's nine parts in which something stirs"
    )
    roughness: float = Field(
        default=0.55,
        ge=0,
        le=1,
        description="most of what changes that may be fine detail: people and things have edges",
    )
    clear_after_s: float = Field(default=20.0, ge=0, description="how long it must be gone before it is cleared")

    @property
    def confirm_s(self) -> float:
        """How long it may take to confirm one that is in view from the first look on."""
        return self.window_s


class Smoke:
    """Pools smoke that churns in one place."""

    def __init__(self, settings: SmokeSettings, zone: Zone | None = None) -> None:
        self._settings = settings
        self._zone = zone
        self._sightings = Sightings(
            Confirmation(
                window_s=settings.window_s,
                least=settings.least,
                strength=settings.strength,
                lasting_s=settings.lasting_s,
                hold_s=settings.clear_after_s,
                margin=0.1,
            )
        )

    @property
    def pending(self) -> bool:
        """Smoke was seen that is not confirmed yet, or that goes on."""
        return self._sightings.pending

    def reset(self) -> None:
        """Forget everything."""
        self._sightings.reset()

    def judge(self, scene: Scene) -> tuple[Hazard, ...]:
        """The smoke that is there now."""
        found = scene.of("smoke", scale=self._settings.weakest)
        boxes = scene.boxes(found)
        lively = np.array([self._inside(box) and churns(scene, box, self._settings) for box in boxes], bool)
        stirs = np.array([_stir(scene, box) for box in boxes[lively]], np.float32).reshape(-1, 4)
        spots = self._sightings.update(
            scene.time_s,
            boxes[lively],
            found.confidence[lively],
            scene.looked,
            stirs=stirs,
            steady=bool(scene.activity.moving.mean() < CAMERA_MOVES),
        )
        return tuple(Hazard(HazardKind.SMOKE, s.box, s.score, s.first_seen_s, self._settings.zone) for s in spots)

    def _inside(self, box: NDArray[np.float32]) -> bool:
        if self._zone is None:
            return True
        middle = np.array([(box[:2] + box[2:]) / 2], np.float32)
        return bool(self._zone.polygon.contains(middle).any())


def churns(scene: Scene, box: NDArray[np.float32], settings: SmokeSettings) -> bool:
    """Does a box `(4,)`, 0–1 of the picture, in which the model sees smoke also move as smoke does?"""
    x1, y1, x2, y2 = map(float, box)
    activity, window = scene.activity, scene.activity.window((x1, y1, x2, y2))
    # The fast background needs seconds to forget a car that has left; nothing stirs where it was.
    return bool(
        (activity.fast[window] > FAST_LEVELS).mean() >= settings.churn
        and activity.moving[window].mean() >= settings.stir
        and _spread(activity.moving[window]) >= settings.spread
        and _roughness(activity.step[window]) <= settings.roughness
    )


def _spread(moving: NDArray[np.bool_]) -> float:
    """Share of the box's nine parts in which something moves: a plume stirs all over, a passer-by in one place."""
    parts = [part for band in np.array_split(moving, 3) for part in np.array_split(band, 3, axis=1)]
    return float(np.mean([part.mean() > _STIRS for part in parts if part.size]))


def _roughness(step: NDArray[np.int16]) -> float:
    """Share of what changed between two frames that is finer than three cells.

    A plume's change is soft; that of people, branches and wheels has edges.
    """
    change = step.astype(np.float32)
    fine = change - np.asarray(cv2.blur(change, (3, 3)))
    return float(np.abs(fine).mean() / max(np.abs(change).mean(), 1.0))


def _stir(scene: Scene, box: NDArray[np.float32]) -> Box:
    """Where in the box it moves: the middle nine tenths of the moving cells, in 0–1 of the picture."""
    rows, columns = scene.activity.window((float(box[0]), float(box[1]), float(box[2]), float(box[3])))
    y, x = np.nonzero(scene.activity.moving[rows, columns])
    tall, wide = scene.activity.moving.shape
    left, right = np.quantile(x, (0.05, 0.95)) + columns.start
    top, bottom = np.quantile(y, (0.05, 0.95)) + rows.start
    return float(left / wide), float(top / tall), float((right + 1) / wide), float((bottom + 1) / tall)
