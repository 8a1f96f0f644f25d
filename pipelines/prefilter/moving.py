"""Where may something have changed, seen from a camera that moves itself?"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.homography import Homography, corners, moved_corners
from pipelines.activity import Activity, Regions
from pipelines.frame import Frame, Plane, resized
from pipelines.prefilter.motion import EgoMotion, Motion

WIDTH = 320
"""Columns of the plane on which it works."""

_OLDEST_S, _YOUNGEST_S, _KEPT_EVERY_S = 6.0, 2.0, 0.5
_LEAST_OVERLAP = 0.75
_LEAST_LEVELS = 8.0
_SLIP_PX = 0.7
_NINE, _RIM = np.ones((3, 3), np.uint8), np.ones((9, 9), np.uint8)
"""How far a warped picture may be off: an edge of so many levels a pixel differs by that much and is no change."""

_NOISE_TIMES = 5.0
_CELL = 8
_LEAST_CHANGED = 0.06  # of a cell
_AIR = 1  # cells around a changed one that belong to it
_MOST_REGIONS = 12


@dataclass(frozen=True, slots=True, eq=False)
class MovingActivity:
    """What changed beside the camera's own motion.

    Attributes:
        regions: where the detector should look.
        blind: why that can not be told, and the picture has to be looked at as a whole; None where it can.
    """

    regions: Regions
    blind: str | None


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """A picture that may become the reference.

    Attributes:
        plane: the small luma.
        time_s: when it was.
        homography: from the reference to it.
    """

    plane: Plane
    time_s: float
    homography: Homography


class _Nothing:
    """What rules for a camera that stands still ask for, and nobody asks of one that moves."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape

    def slow(self) -> NDArray[np.uint8]:
        return np.zeros(self._shape, np.uint8)

    def flame(self) -> NDArray[np.bool_]:
        return np.zeros(self._shape, bool)

    def step(self) -> NDArray[np.int16]:
        return np.zeros(self._shape, np.int16)


class MovingPrefilter:
    """Compares each picture with an earlier one, warped to where the camera looks now.

    The earlier one stays for some seconds, while most of it is in view: what moves is then far from where it was, and a
    plume has grown. Where nothing can be compared (a fast turn, no texture, a new reference) it says so, and the
    caller looks at the whole picture when its time comes.

    Attributes:
        turn: how fast the camera turned to the right since the picture before, by how fast what is in the middle went
            to the left: widths of the picture a second; None where that can not be told.
    """

    def __init__(self) -> None:
        self._motion = EgoMotion()
        self._since_s = 0.0
        self._kept: deque[_Kept] = deque()
        self._before: tuple[float, Homography] | None = None
        self.turn: float | None = None

    def look(self, frame: Frame) -> Activity:
        """What changed in this frame, as the rest of the house knows it.

        It is always unsettled: what changes says little of what there is where all of it comes into view anew.
        """
        plane = small(frame.y)
        changed = self.compare(plane, frame.time_s)
        still = np.zeros(plane.shape, np.uint8)
        regions = changed.regions
        stirring, unsettled = bool(len(regions)), True
        return Activity(plane, still, still.astype(bool), regions, stirring, unsettled, _Nothing(plane.shape))

    def compare(self, plane: Plane, now_s: float) -> MovingActivity:
        """What changed in this small picture."""
        reference = self._motion.reference
        if reference is None or reference.shape != plane.shape:
            return self._anew(plane, now_s, "the first picture")
        motion = self._motion.follow(plane)
        if motion is None:
            return self._anew(plane, now_s, self._motion.reason or "")
        self.turn = self._turned(motion, plane.shape, now_s)
        self._before = (now_s, motion.homography)
        seen = _overlap(motion, plane.shape)
        regions = self._changed(reference, plane, motion)
        if seen < _LEAST_OVERLAP or now_s - self._since_s > _OLDEST_S:
            self._hand_over(motion, now_s)
        elif now_s - (self._kept[-1].time_s if self._kept else self._since_s) >= _KEPT_EVERY_S:
            self._kept.append(_Kept(plane, now_s, motion.homography))
        return MovingActivity(regions, None)

    def _anew(self, plane: Plane, now_s: float, reason: str) -> MovingActivity:
        self._motion.begin(plane)
        self._since_s = now_s
        self._kept.clear()
        self._before, self.turn = (now_s, np.eye(3)), None
        return MovingActivity(Regions.none(), reason)

    def _hand_over(self, motion: Motion, now_s: float) -> None:
        """The next reference is a picture of two seconds ago: from the newest nothing would differ yet."""
        while len(self._kept) > 1 and now_s - self._kept[1].time_s >= _YOUNGEST_S:
            self._kept.popleft()
        if not self._kept:
            return
        next_one = self._kept.popleft()
        back = np.linalg.inv(next_one.homography)
        self._motion.begin(next_one.plane, motion.homography @ back)
        if self._before is not None:
            self._before = (self._before[0], motion.homography @ back)
        self._since_s = next_one.time_s
        self._kept = deque(_Kept(each.plane, each.time_s, each.homography @ back) for each in self._kept)

    def _turned(self, motion: Motion, shape: tuple[int, ...], now_s: float) -> float | None:
        if self._before is None or now_s <= self._before[0]:
            return None
        middle = np.array([shape[1] / 2, shape[0] / 2, 1.0])
        there = motion.homography @ np.linalg.inv(self._before[1]) @ middle
        return float((middle[0] - there[0] / there[2]) / shape[1] / (now_s - self._before[0]))

    @staticmethod
    def _changed(reference: Plane, plane: Plane, motion: Motion) -> Regions:
        tall, wide = plane.shape
        warped = np.asarray(cv2.warpPerspective(reference, motion.homography, (wide, tall)), np.uint8)
        # Both are blurred alike: warping has blurred one of them.
        now, then = (cv2.GaussianBlur(each, (5, 5), 0) for each in (plane, warped))
        apart = cv2.absdiff(now, then)
        inside = _inside(motion, plane.shape)
        some = apart[::4, ::4][inside[::4, ::4] > 0]
        if not len(some):
            return Regions.none()
        # Largest less smallest of nine pixels: twice the slope, levels a pixel, also just beside an edge.
        steep = cv2.dilate(cv2.morphologyEx(then, cv2.MORPH_GRADIENT, _NINE), _NINE)
        least = max(_LEAST_LEVELS, _NOISE_TIMES * float(np.median(some)))
        limit = cv2.convertScaleAbs(steep, alpha=_SLIP_PX / 2, beta=least)
        return _regions(cv2.bitwise_and(cv2.compare(apart, limit, cv2.CMP_GT), inside))


def _inside(motion: Motion, shape: tuple[int, ...]) -> Plane:
    """255 where the reference shows what is in the picture; not on its rim, which is mixed with what lies beside it."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, np.round(moved_corners(motion.homography, shape)).astype(np.int32), 255)
    return np.asarray(cv2.erode(mask, _RIM, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.uint8)


def small(y: Plane) -> Plane:
    """The luma, about `WIDTH` columns wide."""
    tall, wide = y.shape
    return resized(y, (WIDTH, max(2, round(tall * WIDTH / wide))))


def _overlap(motion: Motion, shape: tuple[int, ...]) -> float:
    """Share of the picture that the reference shows."""
    shared, _ = cv2.intersectConvexConvex(moved_corners(motion.homography, shape), corners(shape))
    return float(shared) / (shape[0] * shape[1])


def _regions(changed: NDArray[Any]) -> Regions:
    """Cells of which enough changed, joined, and a little air around them."""
    tall, wide = changed.shape
    rows, columns = -(-tall // _CELL), -(-wide // _CELL)
    padded = np.zeros((rows * _CELL, columns * _CELL), np.float32)
    padded[:tall, :wide] = changed
    share = np.asarray(cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA)) / 255
    hot = (share > _LEAST_CHANGED).astype(np.uint8)
    if not hot.any():
        return Regions.none()
    grown = cv2.dilate(hot, np.ones((2 * _AIR + 1, 2 * _AIR + 1), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
    found = []
    for label in range(1, len(stats)):
        x, y, w, h, _ = (int(v) for v in stats[label])
        box = (x * _CELL / wide, y * _CELL / tall, min(1.0, (x + w) * _CELL / wide), min(1.0, (y + h) * _CELL / tall))
        found.append((float(share[labels == label].sum()), box))
    found.sort(reverse=True)
    best = found[:_MOST_REGIONS]
    return Regions(np.array([box for _, box in best], np.float32), np.array([score for score, _ in best], np.float32))
