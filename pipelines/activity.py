"""What the prefilter says of one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Where something may have changed.

    Attributes:
        xyxy: `(n, 4)` float32, 0–1 of the picture, best first.
        score: `(n,)` float32, larger is more urgent; comparable between sources.
    """

    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]

    @classmethod
    def none(cls) -> Regions:
        """Nothing stands out."""
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.float32))

    def __len__(self) -> int:
        return len(self.xyxy)


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """A small picture of the view and how it differs from what it used to be.

    All planes are `(rows, columns)`, about 90×160, and cover the whole picture.

    Attributes:
        luma: uint8, the small luma plane itself.
        fast: uint8, absolute difference to the fast background (seconds).
        slow: uint8, absolute difference to the slow background (minutes).
        flame: bool, bright and of a flame's colour.
        moving: bool, differs from one analysed frame to the next by more than the sensor's noise.
        step: int16, signed difference to the picture analysed before.
        regions: where the detector should look.
        stirring: something moves right now, over enough of a place to become a region; what has only come to stay does
            not stir.
        unsettled: the light of the whole view has just changed, or the backgrounds are still being
            learnt; `fast` and `slow` say little, and the view should be looked at in full.
    """

    luma: NDArray[np.uint8]
    fast: NDArray[np.uint8]
    slow: NDArray[np.uint8]
    flame: NDArray[np.bool_]
    moving: NDArray[np.bool_]
    step: NDArray[np.int16]
    regions: Regions
    stirring: bool
    unsettled: bool

    def window(self, box: tuple[float, float, float, float]) -> tuple[slice, slice]:
        """Rows and columns of the small planes under a box of 0–1; never empty."""
        rows, columns = self.luma.shape
        x1, y1, x2, y2 = box
        left = min(max(int(x1 * columns), 0), columns - 1)
        top = min(max(int(y1 * rows), 0), rows - 1)
        right = min(max(int(np.ceil(x2 * columns)), left + 1), columns)
        bottom = min(max(int(np.ceil(y2 * rows)), top + 1), rows)
        return slice(top, bottom), slice(left, right)
