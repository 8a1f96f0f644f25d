"""Where may something have changed? On two time scales, and with an eye for flame."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.activity import Activity, Derived
from pipelines.frame import Frame, Plane
from pipelines.prefilter.background import Background
from pipelines.prefilter.blocks import HOT, Counts, count, join
from pipelines.prefilter.noise import Noise
from pipelines.prefilter.small import COLUMNS, Cells, Shrinker

# The fast background follows in about 8 analysed frames (1.6 s at 5 a second).
FAST_WEIGHT = 1 / 8
# The slow one is updated once every SLOW_EVERY_S: a time constant of 16 minutes, against which a plume that takes
# three minutes to form stands out almost in full. What differs from it is worked out once every SLOW_LOOK_S.
SLOW_WEIGHT = 1 / 32
SLOW_EVERY_S = 30.0
SLOW_LOOK_S = 0.95

# A cell counts as changed from this many times the view's noise (its median, so 3.4 standard deviations
# of the difference of two pictures), and at least this many levels.
NOISE_TIMES = 5.0
LEAST_FAST = 7
LEAST_SLOW = 9
# What a changed cell weighs: beside one that has only come to stay.
_FAST_WEIGHS, _FLAME_WEIGHS = 2.0, 4.0
# The light has changed when this share of all cells moved at once, and mostly in one direction.
LIGHT_SHARE = 0.6
SETTLE_S = 2.0

_Mask = NDArray[np.bool_]


class Prefilter:
    """Answers *where* a view may have changed; it never has the last word.

    A fast background (seconds) shows what moves, a slow one (a quarter of an hour) what has come to
    stay or forms too slowly for the fast one. A noisy night picture raises its own threshold. A light
    that is switched on or off moves most cells at once in one direction: the backgrounds are then
    taken anew, and the view counts as unsettled.

    In a view in which next to nothing changes, a look costs little more than shrinking the picture: what follows is
    worked out for the cells that changed, and what only rules ask for (see `Activity`) when they ask.
    """

    def __init__(self) -> None:
        self._small = Shrinker()
        self.reset()

    def reset(self) -> None:
        """Forget the view."""
        self._noise = Noise()
        self._size = (0, 0)
        self._last: Plane | None = None
        self._light_s = 0.0

    def look(self, frame: Frame) -> Activity:
        """What changed in this frame; costs about the same whatever its size."""
        if self._size != (frame.width, frame.height):
            self.reset()
            self._size = (frame.width, frame.height)
        luma, now = self._small.luma(frame), frame.time_s
        if self._last is None:
            self._begin(luma, now)
            self._last = luma
        last, limit = self._last, max(self._noise.levels * NOISE_TIMES, LEAST_FAST)
        moving = np.asarray(cv2.absdiff(luma, last)) > limit
        fast = np.asarray(cv2.absdiff(luma, self._fast.shown), np.uint8)
        if self._light_switched(luma, fast):
            self._begin(luma, now)
            fast = np.zeros_like(luma)
        if now - self._slow_look_s >= SLOW_LOOK_S:
            self._compare_slow(luma, now)
        stirs, scores = self._count(frame, luma, moving, fast > limit)
        activity = Activity(
            luma=luma,
            fast=fast,
            moving=moving,
            regions=join(scores),
            stirring=bool((stirs >= HOT).any()),
            unsettled=now - self._light_s < SETTLE_S,
            derived=_Derived(self._small, frame, luma, last, self._slow.shown),
        )
        self._learn(luma, now)
        return activity

    def _begin(self, luma: Plane, now: float) -> None:
        self._fast = Background(luma, FAST_WEIGHT)
        self._slow = Background(luma, SLOW_WEIGHT)
        self._slow_counts = np.zeros_like(count(np.empty(0, np.intp)))
        self._light_s = self._slow_s = self._slow_look_s = now

    def _light_switched(self, luma: Plane, fast: Plane) -> bool:
        some = fast[::4, ::4]
        if np.count_nonzero(some > LEAST_FAST) <= LIGHT_SHARE / 2 * some.size:
            return False  # nowhere near
        before, most = self._fast.shown, LIGHT_SHARE * luma.size
        up = np.count_nonzero(np.asarray(cv2.subtract(luma, before)) > LEAST_FAST)
        down = np.count_nonzero(np.asarray(cv2.subtract(before, luma)) > LEAST_FAST)
        return bool(max(up, down) > most)

    def _compare_slow(self, luma: Plane, now: float) -> None:
        limit = max(self._noise.levels * NOISE_TIMES, LEAST_SLOW)
        self._slow_counts = count(np.flatnonzero(slow_difference(luma, self._slow.shown) > limit))
        self._slow_look_s = now

    def _count(self, frame: Frame, luma: Plane, moving: _Mask, fast: _Mask) -> tuple[Counts, Counts]:
        """In each block: how many cells move, and what weighs in it."""
        cells = np.flatnonzero(moving | fast)
        if not len(cells):
            return self._slow_counts * 0, self._slow_counts
        weights = fast.ravel()[cells] * _FAST_WEIGHS + _FLAME_WEIGHS * self._flame_at(frame, luma, cells)
        return count(cells[moving.ravel()[cells]]), count(cells, weights) + self._slow_counts

    def _flame_at(self, frame: Frame, luma: Plane, cells: Cells) -> _Mask:
        u, v = self._small.chroma_at(frame, *np.divmod(cells, COLUMNS))
        return _is_flame(luma.ravel()[cells], u, v)

    def _learn(self, luma: Plane, now: float) -> None:
        self._fast.update(luma)
        if now - self._slow_s >= SLOW_EVERY_S:
            self._slow.update(luma)
            self._slow_s = now
        if self._last is not None:
            self._noise.learn(luma, self._last)
        self._last = luma


class _Derived(Derived):
    """Holds on to arrays that nobody writes to any more; from any thread."""

    def __init__(self, small: Shrinker, frame: Frame, luma: Plane, last: Plane, slow: Plane) -> None:
        self._small, self._frame = small, frame
        self._luma, self._last, self._slow = luma, last, slow

    def slow(self) -> Plane:
        return np.minimum(slow_difference(self._luma, self._slow), 255).astype(np.uint8)

    def flame(self) -> _Mask:
        return _is_flame(self._luma, *Shrinker().chroma(self._frame))

    def step(self) -> NDArray[np.int16]:
        return np.subtract(self._luma, self._last, dtype=np.int16)


def slow_difference(luma: Plane, slow: Plane) -> NDArray[np.int16]:
    """Absolute difference, in levels, less what the whole view drifted by: a cloud, the sun, the iris."""
    difference = np.subtract(luma, slow, dtype=np.int16)
    some = difference[::4, ::4].ravel()
    drift = np.partition(some, len(some) // 2)[len(some) // 2]
    apart: NDArray[np.int16] = np.abs(difference - drift)
    return apart


def _is_flame(luma: Plane, u: Plane, v: Plane) -> _Mask:
    """Bright, red above blue: Y > 110, Cr > 140, Cr - Cb > 30 (after Çelik and Demirel, 2009)."""
    warm: _Mask = (v > 140) & (luma > 110)
    if not warm.any():
        return warm
    flame: _Mask = warm & (np.subtract(v, u, dtype=np.int16) > 30)
    return flame
