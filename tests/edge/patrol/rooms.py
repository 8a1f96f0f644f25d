"""A synthetic round for a robot dog: waypoints in rendered rooms of real pictures, walked with errors of the pose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import ROOT
from tests.edge.patrol.filming import yard
from tests.edge.patrol.renderer import Camera, Thing

PICTURES = ROOT.parent / "shared" / "data" / "ppe" / "images"
EYE_M, PITCH_DEG = 0.9, -4.0
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Waypoint:
    """What stands before the robot: a wall of a real picture, and things at different distances before it."""

    name: str
    things: tuple[Thing, ...]

    def see(self, camera: Camera, rng: np.random.Generator, light: float) -> Picture:
        """A picture of it, with noise of the sensor."""
        seen = yard(30.0).render(camera, self.things).astype(np.float32) * light
        return np.clip(seen + rng.normal(0, 2, seen.shape), 0, 255).astype(np.uint8)


def textures(count: int) -> list[Picture]:
    """Real pictures, BGRA; skips where they are not at hand."""
    paths = sorted(PICTURES.rglob("*.jpg"))[:: max(1, len(list(PICTURES.rglob("*.jpg"))) // count)][:count]
    if len(paths) < count:
        pytest.skip(f"needs {PICTURES}")
    return [_bgra(path) for path in paths]


def _bgra(path: Path) -> Picture:
    picture = np.asarray(cv2.imread(str(path)), np.uint8)
    scale = 640 / max(picture.shape[:2])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.dstack([small, np.full(small.shape[:2], 255, np.uint8)])


def round_of(count: int, seed: int) -> list[Waypoint]:
    """So many waypoints: a wall 10 to 13 m away, and three or four things at 4.5 to 9 m."""
    rng, pictures = np.random.default_rng(seed), textures(4 * count)
    found = []
    for number in range(count):
        wall, *others = pictures[4 * number : 4 * number + 4]
        aside = rng.permutation([-2.4, -0.8, 0.8, 2.4])
        things = [Thing(float(rng.uniform(10, 13)), 0.0, 7.0, wall)]
        for place, other in zip(aside, others, strict=False):
            away = float(rng.uniform(4.5, 9))
            things.append(Thing(away, float(place) * away / 6, float(rng.uniform(0.9, 1.8)), other))
        found.append(Waypoint(f"wp-{number + 1:02}", tuple(things)))
    return found


def stop(rng: np.random.Generator, off_m: float, turn_deg: float) -> Camera:
    """Where the robot stops: up to so far beside its place, turned by up to so much."""
    angle, away = rng.uniform(0, 2 * math.pi), off_m * math.sqrt(rng.uniform(0, 1))
    yaw = rng.uniform(-turn_deg, turn_deg)
    return Camera(away * math.cos(angle), away * math.sin(angle), EYE_M, yaw, PITCH_DEG + rng.uniform(-1, 1))


def crate(picture: Picture, away_m: float = 5.5, aside_m: float = 0.1, tall_m: float = 0.8) -> Thing:
    """Something that was not there."""
    return Thing(away_m, aside_m, tall_m, picture)


def without(things: Sequence[Thing], index: int) -> tuple[Thing, ...]:
    """All but one."""
    return tuple(thing for number, thing in enumerate(things) if number != index)
