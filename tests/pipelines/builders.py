"""Builders of values for the tests of the pipeline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipelines.activity import Activity, Regions
from pipelines.detections import Detections
from pipelines.frame import Clock, Frame
from pipelines.scene import Scene

SHAPE = (90, 160)


def a_frame(
    luma: int | NDArray[np.uint8] = 100, *, size: tuple[int, int] = (320, 180), time_s: float = 0.0, drill: bool = False
) -> Frame:
    """A grey frame, or one with this luma plane."""
    y = luma if isinstance(luma, np.ndarray) else np.full(size[::-1], luma, np.uint8)
    chroma = ((y.shape[0] + 1) // 2, (y.shape[1] + 1) // 2)
    grey = np.full(chroma, 128, np.uint8)
    return Frame("gate", round(time_s * 10), 1_000_000 + time_s, Clock.AGENT, time_s, y, grey, grey.copy(), drill=drill)


class Given:
    """What rules ask for, given beforehand; nothing unless said."""

    def __init__(
        self,
        *,
        slow: NDArray[np.uint8] | None = None,
        flame: NDArray[np.bool_] | None = None,
        step: NDArray[np.int16] | None = None,
    ) -> None:
        self._slow = np.zeros(SHAPE, np.uint8) if slow is None else slow
        self._flame = np.zeros(SHAPE, bool) if flame is None else flame
        self._step = np.zeros(SHAPE, np.int16) if step is None else step

    def slow(self) -> NDArray[np.uint8]:
        return self._slow

    def flame(self) -> NDArray[np.bool_]:
        return self._flame

    def step(self) -> NDArray[np.int16]:
        return self._step


def with_flame(activity: Activity, flame: NDArray[np.bool_], moving: NDArray[np.bool_] | None = None) -> Activity:
    """The same view with cells of a flame's colour."""
    derived = Given(slow=activity.slow, flame=flame, step=activity.step)
    return replace(activity, derived=derived, moving=activity.moving if moving is None else moving)


def an_activity(
    *, moving: float = 0.0, fast: float = 0.0, unsettled: bool = False, step: NDArray[np.int16] | None = None
) -> Activity:
    """A view in which these shares of the cells, spread evenly, move or differ from the fast background."""
    rng = np.random.default_rng(0)
    zero = np.zeros(SHAPE, np.uint8)
    moves = rng.random(SHAPE) < moving
    return Activity(
        luma=zero,
        fast=np.where(rng.random(SHAPE) < fast, 40, 0).astype(np.uint8),
        moving=moves,
        regions=Regions.none(),
        stirring=bool(moves.any()),
        unsettled=unsettled,
        derived=Given(step=np.where(moves, 40, 0).astype(np.int16) if step is None else step),
    )


def some_detections(*rows: tuple[float, float, float, float, float, int]) -> Detections:
    """Detections from rows of x1, y1, x2, y2 (px), confidence, class."""
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 4], table[:, 5].astype(np.int64))


def a_scene(
    detections: Detections,
    *,
    time_s: float = 0.0,
    frame: Frame | None = None,
    activity: Activity | None = None,
    meanings: tuple[str, ...] = ("fire", "smoke"),
    thresholds: tuple[float, ...] = (0.25, 0.35),
) -> Scene:
    """A scene that was looked at in full."""
    return Scene(
        frame or a_frame(time_s=time_s),
        activity or an_activity(),
        detections,
        meanings,
        np.array(thresholds, np.float32),
        np.array([[0, 0, 1, 1]], np.float32),
    )
