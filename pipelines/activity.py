"""What the prefilter says of one frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

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


class Derived(Protocol):
    """Works out what only rules ask for; the same each time it is asked, from any thread."""

    def slow(self) -> NDArray[np.uint8]:
        """See `Activity.slow`."""
        ...

    def flame(self) -> NDArray[np.bool_]:
        """See `Activity.flame`."""
        ...

    def step(self) -> NDArray[np.int16]:
        """See `Activity.step`."""
        ...


@dataclass(frozen=True, eq=False)
class Activity:
    """A small picture of the view and how it differs from what it used to be.

    All planes are `(rows, columns)`, about 90×160, and cover the whole picture.

    Attributes:
        luma: uint8, the small luma plane itself.
        fast: uint8, absolute difference to the fast background (seconds).
        moving: bool, differs from one analysed frame to the next by more than the sensor's noise.
        regions: where the detector should look.
        stirring: something moves right now, over enough of a place to become a region; what has only come to stay does
            not stir.
        unsettled: the light of the whole view has just changed, or the backgrounds are still being
            learnt; `fast` and `slow` say little, and the view should be looked at in full.
        derived: what is worked out when it is asked for.
    """

    luma: NDArray[np.uint8]
    fast: NDArray[np.uint8]
    moving: NDArray[np.bool_]
    regions: Regions
    stirring: bool
    unsettled: bool
    derived: Derived

    @cached_property
    def slow(self) -> NDArray[np.uint8]:
        """uint8, absolute difference to the slow background (minutes)."""
        return self.derived.slow()

    @cached_property
    def flame(self) -> NDArray[np.bool_]:
        """bool, bright and of a flame's colour."""
        return self.derived.flame()

    @cached_property
    def step(self) -> NDArray[np.int16]:
        """int16, signed difference to the picture analysed before."""
        return self.derived.step()

    def window(self, box: tuple[float, float, float, float]) -> tuple[slice, slice]:
        """Rows and columns of the small planes under a box of 0–1; never empty."""
        rows, columns = self.luma.shape
        return window(box, rows, columns)


def window(box: tuple[float, float, float, float], rows: int, columns: int) -> tuple[slice, slice]:
    """Rows and columns of a plane of this shape under a box of 0–1; never empty."""
    x1, y1, x2, y2 = box
    left = min(max(int(x1 * columns), 0), columns - 1)
    top = min(max(int(y1 * rows), 0), rows - 1)
    right = min(max(int(np.ceil(x2 * columns)), left + 1), columns)
    bottom = min(max(int(np.ceil(y2 * rows)), top + 1), rows)
    return slice(top, bottom), slice(left, right)
