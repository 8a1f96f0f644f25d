"""Where may something have changed? On two time scales, and with an eye for flame."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.activity import Activity, Regions
from pipelines.frame import Frame
from pipelines.prefilter.background import Background
from pipelines.prefilter.noise import Noise
from pipelines.prefilter.small import COLUMNS, ROWS, Shrinker

# A block is the smallest thing that becomes a region: 10×10 cells, 1/16 of the picture's width.
BLOCK = 10
GRID = (ROWS // BLOCK, COLUMNS // BLOCK)

# The fast background follows in about 2^3 analysed frames (1.6 s at 5 a second).
FAST_SHIFT = 3
# The slow one is updated once every SLOW_EVERY_S with 1/2^5: a time constant of 16 minutes, against
# which a plume that takes three minutes to form stands out almost in full.
SLOW_SHIFT = 5
SLOW_EVERY_S = 30.0

# A cell counts as changed from this many times the view's noise (its median, so 3.4 standard deviations
# of the difference of two pictures), and at least this many levels.
NOISE_TIMES = 5.0
LEAST_FAST = 7
LEAST_SLOW = 9
# Least share of a block's cells that must have changed.
BLOCK_SHARE = 0.06
_HOT = BLOCK_SHARE * BLOCK * BLOCK
# The light has changed when this share of all cells moved at once, and mostly in one direction.
LIGHT_SHARE = 0.6
SETTLE_S = 2.0
MOST_REGIONS = 4


class Prefilter:
    """Answers *where* a view may have changed; it never has the last word.

    A fast background (seconds) shows what moves, a slow one (a quarter of an hour) what has come to
    stay or forms too slowly for the fast one. A noisy night picture raises its own threshold. A light
    that is switched on or off moves most cells at once in one direction: the backgrounds are then
    taken anew, and the view counts as unsettled.
    """

    def __init__(self) -> None:
        self._small = Shrinker()
        self.reset()

    def reset(self) -> None:
        """Forget the view."""
        shape = (ROWS, COLUMNS)
        self._fast = Background(shape, FAST_SHIFT)
        self._slow = Background(shape, SLOW_SHIFT)
        self._last = np.zeros(shape, np.uint8)
        self._noise = Noise()
        self._begun_s: float | None = None
        self._light_s = 0.0
        self._slow_s = 0.0
        self._size = (0, 0)

    def look(self, frame: Frame) -> Activity:
        """What changed in this frame; costs about the same whatever its size."""
        if self._size != (frame.width, frame.height):
            self.reset()
            self._size = (frame.width, frame.height)
        self._small.shrink(frame)
        luma, now = self._small.luma, frame.time_s
        if self._begun_s is None:
            self._begin(luma, now)
        limit = self._noise.levels * NOISE_TIMES
        step = np.subtract(luma, self._last, dtype=np.int16)
        moving = np.abs(step) > max(limit, LEAST_FAST)
        if self._light_switched(luma):
            self._begin(luma, now)
        fast = self._fast.compare(luma).copy()
        slow = self._slow.compare(luma, self._drift(luma)).copy()
        changed_fast = fast > max(limit, LEAST_FAST)
        changed_slow = slow > max(limit, LEAST_SLOW)
        flame = self._flame(luma)
        regions = _regions(changed_fast, changed_slow, flame & (changed_fast | moving))
        self._learn(luma, now)
        return Activity(
            luma=luma.copy(),
            fast=fast,
            slow=slow,
            flame=flame,
            moving=moving,
            step=step,
            regions=regions,
            stirring=bool((_blocks(moving) >= _HOT).any()),
            unsettled=now - self._light_s < SETTLE_S,
        )

    def _begin(self, luma: NDArray[np.uint8], now: float) -> None:
        self._fast.begin(luma)
        self._slow.begin(luma)
        np.copyto(self._last, luma)
        self._begun_s = self._light_s = self._slow_s = now

    def _light_switched(self, luma: NDArray[np.uint8]) -> bool:
        difference = self._fast.signed(luma)
        up = np.count_nonzero(difference > LEAST_FAST)
        down = np.count_nonzero(difference < -LEAST_FAST)
        return bool(max(up, down) > LIGHT_SHARE * luma.size)

    def _drift(self, luma: NDArray[np.uint8]) -> int:
        """Levels by which the whole view drifted from the slow background: a cloud, the sun, the iris."""
        return int(np.median(self._slow.signed(luma)[::4, ::4]))

    def _flame(self, luma: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Bright, red above blue: Y > 110, Cr > 140, Cr - Cb > 30 (after Çelik and Demirel, 2009)."""
        u, v = self._small.u, self._small.v
        warm = cv2.subtract(v, u) > 30
        flame: NDArray[np.bool_] = (luma > 110) & (v > 140) & warm
        return flame

    def _learn(self, luma: NDArray[np.uint8], now: float) -> None:
        self._fast.update(luma)
        if now - self._slow_s >= SLOW_EVERY_S:
            self._slow.update(luma)
            self._slow_s = now
        self._noise.learn(luma, self._last)
        np.copyto(self._last, luma)


def _regions(fast: NDArray[np.bool_], slow: NDArray[np.bool_], flame: NDArray[np.bool_]) -> Regions:
    """Blocks with enough changed cells, joined where they touch, best first."""
    weight = fast * np.uint8(2) + slow * np.uint8(1) + flame * np.uint8(4)
    score = _blocks(weight)
    hot = (score >= _HOT).astype(np.uint8)
    if not hot.any():
        return Regions.none()
    count, labels, stats, _ = cv2.connectedComponentsWithStats(hot, connectivity=8)
    totals = np.bincount(labels.ravel(), weights=score.ravel(), minlength=count)[1:]
    order = np.argsort(-totals, kind="stable")[:MOST_REGIONS]
    left, top, width, height = (stats[1:, i][order].astype(np.float32) for i in range(4))
    rows, columns = GRID
    boxes = np.stack([left / columns, top / rows, (left + width) / columns, (top + height) / rows], axis=1)
    return Regions(boxes.astype(np.float32), (totals[order] / (7 * BLOCK * BLOCK)).astype(np.float32))


def _blocks(cells: NDArray[np.bool_] | NDArray[np.uint8]) -> NDArray[np.uint16]:
    """The sum over 10×10 cells: two additions over a reshaped view."""
    sums: NDArray[np.uint16] = cells.reshape(GRID[0], BLOCK, GRID[1], BLOCK).sum(axis=(1, 3), dtype=np.uint16)
    return sums
