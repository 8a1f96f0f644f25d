"""Which parts of a frame the detector is given, besides the whole."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.activity import Regions
from pipelines.frame import MOST_ZOOM

Part = tuple[float, float, float, float]
"""x1, y1, x2, y2 in 0–1 of the picture."""

WHOLE: Part = (0.0, 0.0, 1.0, 1.0)

# Even a speck is shown with so much around it, as a share of what the model would be given of it alone: of several
# parts this is all, and one that has the model to itself is shown with more.
LEAST_PART = 0.5
# A part larger than this share of the picture tells little that the whole does not.
LARGEST_PART = 0.5
# Air around a region, as a share of its sides, so that the model sees what it belongs to.
AIR = 0.2
# A part is no narrower than this share of its length. It need not be square: what shares the model's input with others
# leaves them more room, and what has it to itself is shown with what is around it.
LEAST_ASPECT = 0.5


# A close-up shows the thing it is about with some of what is around it: models know people from pictures of places,
# and see a head that fills the view less well than one on its shoulders.
CLOSE_UP = 1.6


def close_up(width: int, height: int, xyxy: NDArray[np.float32], side_px: int) -> NDArray[np.float32]:
    """The square part of a frame that shows one box close: `(4,)` px of the frame `-> (4,)` px.

    Args:
        width: of the frame, pixels.
        height: of the frame, pixels.
        xyxy: the box.
        side_px: the model's input, pixels a side.
    """
    x1, y1, x2, y2 = (float(v) for v in xyxy)
    side = max(max(x2 - x1, y2 - y1) * CLOSE_UP, side_px / MOST_ZOOM)
    wide, tall = min(side, width), min(side, height)
    left = min(max((x1 + x2 - wide) / 2, 0), width - wide)
    top = min(max((y1 + y2 - tall) / 2, 0), height - tall)
    return np.array([left, top, left + wide, top + tall], np.float32)


class Views:
    """Plans the views of each inspection: the whole, and the prefilter's regions at their own resolution.

    A small flame is lost when a whole picture is shrunk into the model. A region is therefore handed
    over as a square part, to be enlarged. A region too large to gain anything is visited
    part by part, one at each inspection; of more regions than there may be parts the best is shown each time, and the
    others take turns.

    Args:
        side_px: the model's input, pixels a side.
    """

    def __init__(self, side_px: int) -> None:
        self._side_px = side_px
        self._turn = 0

    def plan(self, width: int, height: int, regions: Regions, *, most: int, whole: bool = True) -> NDArray[np.float32]:
        """Views of a frame of this size: `(k, 4)`, 0–1.

        Args:
            width: of the frame, pixels.
            height: of the frame, pixels.
            regions: where something may have changed, best first.
            whole: the whole picture comes first; without it, it is there only where parts can not show all regions.
            most: parts besides the whole picture.
        """
        self._turn += 1
        boxes = self._chosen(regions.xyxy, most)
        parts = [self._part(width, height, box) for box in boxes]
        views = [] if parts and not whole and _show(parts, boxes) else [WHOLE]
        for part in parts:
            if part is not None and part not in views:
                views.append(part)
        return np.array(views, np.float32)

    def _chosen(self, boxes: NDArray[np.float32], most: int) -> NDArray[np.float32]:
        """Those whose turn it is."""
        if len(boxes) <= most:
            return boxes
        others = np.arange(1, len(boxes))
        turn = np.roll(others, -(self._turn % len(others)))[: most - 1]
        chosen: NDArray[np.float32] = boxes[np.append(0, turn)]
        return chosen

    def _part(self, width: int, height: int, box: NDArray[np.float32]) -> Part | None:
        x1, y1, x2, y2 = (float(v) for v in box * np.array([width, height] * 2, np.float32))
        least = self._side_px / MOST_ZOOM * LEAST_PART
        # Half the picture and more would gain too little, and beyond 1.5 times the input's side a part is
        # shrunk as the whole is: such a region is cut up instead.
        most = min(max(LARGEST_PART * max(width, height), self._side_px / MOST_ZOOM), self._side_px * 1.5)
        side = max(x2 - x1, y2 - y1) * (1 + AIR)
        if side > most:
            x1, y1, x2, y2 = self._tile(x1, y1, x2, y2, most)
            side = most
        wide, tall = (max(length * (1 + AIR), side * LEAST_ASPECT, least) for length in (x2 - x1, y2 - y1))
        if max(wide, tall) >= max(width, height):
            return None
        wide, tall = min(wide, width), min(tall, height)
        left = min(max((x1 + x2 - wide) / 2, 0), width - wide)
        top = min(max((y1 + y2 - tall) / 2, 0), height - tall)
        return left / width, top / height, (left + wide) / width, (top + tall) / height

    def _tile(self, x1: float, y1: float, x2: float, y2: float, side: float) -> Part:
        """The part of a large region whose turn it is."""
        columns, rows = math.ceil((x2 - x1) / side), math.ceil((y2 - y1) / side)
        turn = self._turn % (columns * rows)
        column, row = turn % columns, turn // columns
        wide, tall = (x2 - x1) / columns, (y2 - y1) / rows
        return x1 + column * wide, y1 + row * tall, x1 + (column + 1) * wide, y1 + (row + 1) * tall


def _show(parts: Sequence[Part | None], boxes: NDArray[np.float32]) -> bool:
    """Does each part show its region, and not a piece of it?"""
    return all(
        part is not None and (box[2] - box[0] <= part[2] - part[0]) and (box[3] - box[1] <= part[3] - part[1])
        for part, box in zip(parts, boxes.tolist(), strict=False)
    )
