"""How much a still view flickers by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.frame import Plane

# For independent Gaussian noise, the median over 2×2 means is half the median over single cells; for
# anything that moves it is nearly the same. Compressed video lies between.
_STILL_RATIO = 0.7
_SMOOTHING = 1 / 4
_LEAST, _MOST = 0.5, 10.0
# So many pairs are learnt from at first.
_FIRST = 8
# Pairs of rows so far apart are enough.
_APART = 6


class Noise:
    """The median absolute difference between two small pictures of a view in which nothing moves.

    One number for the whole view: a number for each cell would learn a flame's flicker as noise within
    a minute. Pictures between which the camera moved say nothing of noise and are left out.

    Args:
        every: of so many pairs one is learnt from, once a few have been: noise changes with the light, not with the
            picture.

    Attributes:
        levels: the noise.
    """

    def __init__(self, every: int) -> None:
        self.levels = 1.0
        self._every = every
        self._looks = 0

    def learn(self, now: Plane, last: Plane) -> None:
        """Take two pictures that follow each other: `(rows, columns)` uint8, rows a multiple of 6, columns even."""
        self._looks += 1
        if self._looks > _FIRST and self._looks % self._every:
            return
        rows, columns = now.shape
        # (bands, 2, pairs, 2): cells in twos and twos.
        parts = [plane.reshape(rows // _APART, _APART, columns // 2, 2)[:, :2] for plane in (now, last)]
        step = np.subtract(*parts, dtype=np.int16)
        single = _median(np.abs(step[:, 0, ::2, 0]))
        fourfold = _median(np.abs(step[:, 0, :, 0] + step[:, 0, :, 1] + step[:, 1, :, 0] + step[:, 1, :, 1])) / 4
        if fourfold <= _STILL_RATIO * single or single <= _LEAST:
            weight = _SMOOTHING if self._looks > 1 else 1.0
            self.levels += weight * (min(max(single, _LEAST), _MOST) - self.levels)


def _median(values: NDArray[np.int16]) -> float:
    """As `numpy.median` in a third of its time: the mean of the middle two is never asked for."""
    flat = values.ravel()
    return float(np.partition(flat, len(flat) // 2)[len(flat) // 2])
