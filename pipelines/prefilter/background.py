"""What the view looks like when nothing happens."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.frame import Plane


class Background:
    """A running average of the small luma plane.

    Args:
        luma: `(rows, columns)` uint8, the picture it begins with.
        weight: this share of the difference is taken over at each update.

    Attributes:
        shown: `(rows, columns)` uint8, the average in whole levels; a new array after each update.
    """

    def __init__(self, luma: Plane, weight: float) -> None:
        self._weight = weight
        self._mean: NDArray[np.float32] = luma.astype(np.float32)
        self.shown = luma

    def update(self, luma: Plane) -> None:
        """Move a little towards this picture."""
        cv2.accumulateWeighted(luma, self._mean, self._weight)
        self.shown = np.asarray(cv2.convertScaleAbs(self._mean), np.uint8)
