"""What the view looks like when nothing happens."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.frame import Plane
from pipelines.prefilter.light import relit


class FastBackground:
    """A running average of the small luma plane, which follows within seconds.

    Args:
        luma: `(rows, columns)` uint8, the picture it begins with.

    Attributes:
        shown: `(rows, columns)` uint8, the average in whole levels; a new array after each update.
    """

    # It follows in about 8 analysed frames (1.6 s at 5 a second).
    _WEIGHT = 1 / 8

    def __init__(self, luma: Plane) -> None:
        self._begin(luma)

    def update(self, luma: Plane) -> None:
        """Move a little towards this picture."""
        cv2.accumulateWeighted(luma, self._mean, self._WEIGHT)
        self.shown = np.asarray(cv2.convertScaleAbs(self._mean), np.uint8)

    def relight(self, luma: Plane) -> None:
        """Go on under the light of this picture."""
        self._begin(relit(self.shown, luma))

    def _begin(self, luma: Plane) -> None:
        self._mean: NDArray[np.float32] = luma.astype(np.float32)
        self.shown = luma


class SlowBackground:
    """The median of a few pictures, spread over all the time since it began, over a quarter of an hour in the end.

    What takes three minutes to form stands out in full against an old one, and by half against one that is no older.
    Who stood in the view when it began, or passes when a picture is taken, is outvoted by the others; an average would
    show him for long.

    Args:
        luma: `(rows, columns)` uint8, the picture it begins with.
        now_s: its time.

    Attributes:
        shown: `(rows, columns)` uint8, the median; a new array after each update.
    """

    _KEPT = 9
    _FIRST_S, _LAST_S = 2.0, 120.0  # between two pictures

    def __init__(self, luma: Plane, now_s: float) -> None:
        self.shown = luma
        self._kept = [luma]
        self._every_s = self._FIRST_S
        self._taken_s = now_s

    def update(self, luma: Plane, now_s: float) -> None:
        """Take this picture in, if it is time for one."""
        if now_s - self._taken_s < self._every_s:
            return
        self._taken_s = now_s
        self._kept.append(luma)
        if len(self._kept) > self._KEPT:
            if self._every_s < self._LAST_S:
                self._kept = self._kept[::2]
                self._every_s *= 2
            else:
                del self._kept[0]
        self.shown = _median(self._kept)

    def relight(self, luma: Plane) -> None:
        """Go on under the light of this picture."""
        self._kept = [relit(one, luma) for one in self._kept]
        self.shown = _median(self._kept)


def _median(planes: list[Plane]) -> Plane:
    """Cell by cell; of an even number the lower of the two in the middle."""
    # Odd-even transposition sort, whole planes at a time: a tenth of what numpy's partition across planes takes.
    lanes: list[Plane] = list(planes)
    for turn in range(len(lanes)):
        for i in range(turn % 2, len(lanes) - 1, 2):
            low, high = cv2.min(lanes[i], lanes[i + 1]), cv2.max(lanes[i], lanes[i + 1])
            lanes[i], lanes[i + 1] = np.asarray(low, np.uint8), np.asarray(high, np.uint8)
    return lanes[(len(lanes) - 1) // 2]
