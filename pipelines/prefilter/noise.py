"""How much a still view flickers by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# For independent Gaussian noise, the median over 2×2 means is half the median over single cells; for
# anything that moves it is nearly the same. Compressed video lies between.
_STILL_RATIO = 0.7
_SMOOTHING = 1 / 8
_LEAST, _MOST = 0.5, 10.0


class Noise:
    """The median absolute difference between two small pictures of a view in which nothing moves.

    One number for the whole view: a number for each cell would learn a flame's flicker as noise within
    a minute. Pictures between which the camera moved say nothing of noise and are left out.
    """

    def __init__(self) -> None:
        self.levels = 1.0

    def learn(self, now: NDArray[np.uint8], last: NDArray[np.uint8]) -> None:
        """Take two pictures that follow each other: `(rows, columns)` uint8, even numbers of each."""
        step = np.subtract(now, last, dtype=np.int16)
        single = float(np.median(np.abs(step[::4, ::4])))
        means = step[::2, ::2] + step[1::2, ::2] + step[::2, 1::2] + step[1::2, 1::2]
        fourfold = float(np.median(np.abs(means[::2, ::2]))) / 4
        if fourfold <= _STILL_RATIO * single or single <= _LEAST:
            self.levels += _SMOOTHING * (min(max(single, _LEAST), _MOST) - self.levels)
