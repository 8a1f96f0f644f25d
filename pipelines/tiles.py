"""Which parts of a moving camera's picture the detector is given: a far plume is some pixels wide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_OVERLAP = 0.15
_ABOVE, _BELOW = 0.12, 0.15
"""So far above and below the horizon, as a share of the picture's height, what is far away is seen."""

_FAR = 3.0
"""Parts that show what is far are looked at so many times as often: what is near the whole picture shows as well."""

Part = tuple[float, float, float, float]


def grid(width: int, height: int, side_px: float) -> list[Part]:
    """Overlapping parts of so many pixels a side that cover a picture, 0–1 of it; none where it is no larger."""
    if max(width, height) <= side_px:
        return []
    return [
        (x1 / width, y1 / height, x2 / width, y2 / height)
        for y1, y2 in _spans(height, side_px)
        for x1, x2 in _spans(width, side_px)
    ]


class Tiles:
    """Plans the views of each inspection: the whole, what has to be looked at now, and the others in turn.

    Args:
        side_px: the model's input, pixels a side: nothing is shrunk in a part.
        most: parts besides the whole picture at one inspection.

    Attributes:
        most: may be set to what the time allows.
    """

    def __init__(self, side_px: int, most: int) -> None:
        self._side_px = side_px
        self.most = most
        self._size = (0, 0)
        self._grid: list[Part] = []
        self._waits = np.empty(0)

    def plan(
        self, width: int, height: int, first: Sequence[Sequence[float]], horizon: float | None
    ) -> NDArray[np.float32]:
        """Views of a frame of this size: `(k, 4)`, 0–1, the whole first.

        Half of the parts at most are for what has to be looked at now. Each of the others is the one that has waited
        longest, where waiting counts more for those on the horizon: none waits for ever.

        Args:
            width: of the frame, pixels.
            height: of the frame, pixels.
            first: boxes in 0–1 that have to be looked at now: what is followed, where something has changed.
            horizon: its row, 0–1 of the height; None where it is not known.
        """
        if self._size != (width, height):
            self._size = (width, height)
            self._grid = grid(width, height, float(self._side_px))
            self._waits = np.ones(len(self._grid))
        around = dict.fromkeys(self._around(width, height, box) for box in first) if self._grid else ()
        parts = list(around)[: max(1, self.most // 2)]
        weights = np.array([_FAR if _far(part, horizon) else 1.0 for part in self._grid])
        for index in np.argsort(-(self._waits * weights), kind="stable")[: self.most - len(parts)].tolist():
            parts.append(self._grid[index])
            self._waits[index] = 0.0
        self._waits += 1.0
        return np.array([(0.0, 0.0, 1.0, 1.0), *dict.fromkeys(parts)], np.float32)

    def _around(self, width: int, height: int, box: Sequence[float]) -> Part:
        """The part at full resolution with a region in its middle."""
        wide, tall = min(1.0, self._side_px / width), min(1.0, self._side_px / height)
        left = min(max((box[0] + box[2] - wide) / 2, 0.0), 1.0 - wide)
        top = min(max((box[1] + box[3] - tall) / 2, 0.0), 1.0 - tall)
        return left, top, left + wide, top + tall


def _far(part: Part, row: float | None) -> bool:
    return row is not None and part[1] <= row + _BELOW and part[3] >= row - _ABOVE


def _spans(length: int, side: float) -> Sequence[tuple[float, float]]:
    if length <= side:
        return [(0.0, float(length))]
    count = int(np.ceil((length - side * _OVERLAP) / (side * (1 - _OVERLAP))))
    return [(first, first + side) for first in np.linspace(0.0, length - side, count).tolist()]
