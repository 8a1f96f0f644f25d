"""Frames to render drills onto, and drills."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge.config.drill import DrillSettings
from edge.sources.drill import Drill
from pipelines.frame import Clock, Frame

SIZE = (192, 144)


def flat(time_s: float = 0.0, size: tuple[int, int] = SIZE, luma: int = 110, *, full_range: bool = False) -> Frame:
    """A frame of one grey."""
    width, height = size
    half = (height + 1) // 2, (width + 1) // 2
    return Frame(
        source="test", sequence=0, captured_s=1e9 + time_s, clock=Clock.FILE, time_s=time_s,
        y=np.full((height, width), luma, np.uint8), u=np.full(half, 120, np.uint8), v=np.full(half, 135, np.uint8),
        full_range=full_range,
    )  # fmt: skip


def textured(time_s: float = 0.0, size: tuple[int, int] = SIZE) -> Frame:
    """A frame of noise, whose planes are read-only as a decoder's are."""
    rng = np.random.default_rng(5)
    frame = flat(time_s, size)
    for plane in (frame.y, frame.u, frame.v):
        plane[...] = rng.integers(16, 236, plane.shape)
        plane.flags.writeable = False
    return frame


def drill(*items: dict[str, Any], origin_s: float | None = 0.0) -> Drill:
    """A drill of these items."""
    return Drill(DrillSettings.model_validate({"items": items}), origin_s)


def same(one: Frame, other: Frame) -> bool:
    """Are the pictures equal to the bit?"""
    return all(np.array_equal(getattr(one, plane), getattr(other, plane)) for plane in "yuv")


def changed(frame: Frame, below: Frame) -> int:
    """How many luma pixels differ visibly."""
    return int((np.abs(frame.y.astype(int) - below.y) > 12).sum())


FIRE = {"kind": "fire", "at": [0.5, 0.9], "size": 0.5, "grow_s": 0}
SMOKE = {"kind": "smoke", "at": [0.5, 0.95], "size": 0.8, "grow_s": 0, "shade": 0.9}
OBSTACLE = {"kind": "obstacle", "at": [0.5, 0.8], "size": 0.4}
EVERY = (FIRE, SMOKE, OBSTACLE)
