"""Tells what moves as a whole from what changes its shape."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.frame import Frame, Plane

# Pixels a side at which the two pictures are compared, at most.
_MOST_PX = 64
# Where a box touches the picture's edge, this share of its side is left out there, so that there is room to
# shift: what moved out of the picture can not be found again.
_RIM = 0.2
# How far a thing, or the camera, may have moved: this share of the box, and of the picture, on each side.
_REACH_BOX, _REACH_PICTURE = 0.4, 0.02


def rigidity(before: Frame, now: Frame, box: NDArray[np.float32]) -> float:
    """How well a part of the picture is found again, shifted, in an earlier picture: -1 to 1.

    The best normalised cross-correlation of the box's luma over all shifts nearby. A vest, a lamp or a
    poster before a camera that trembles comes to nearly 1; a flame has changed its shape and does not.
    A part without any contrast comes to 1.

    Args:
        before: an earlier frame of the same size.
        now: the frame in which something was seen.
        box: `(4,)` x1, y1, x2, y2 in pixels.
    """
    x1, y1, x2, y2 = (float(v) for v in box)
    margin_x = _REACH_BOX * (x2 - x1) + _REACH_PICTURE * now.width
    margin_y = _REACH_BOX * (y2 - y1) + _REACH_PICTURE * now.height
    shrink = max(1.0, (x2 - x1) / _MOST_PX, (y2 - y1) / _MOST_PX)
    rim_x, rim_y = _RIM * (x2 - x1), _RIM * (y2 - y1)
    inner = (
        x1 + rim_x * (x1 < 1),
        y1 + rim_y * (y1 < 1),
        x2 - rim_x * (x2 > now.width - 1),
        y2 - rim_y * (y2 > now.height - 1),
    )
    part = _cut(now, inner, shrink)
    around = _cut(before, (x1 - margin_x, y1 - margin_y, x2 + margin_x, y2 + margin_y), shrink)
    if part.shape[0] > around.shape[0] or part.shape[1] > around.shape[1]:
        return 1.0  # larger than all there is to search: nothing can be said
    return float(np.asarray(cv2.matchTemplate(around, part, cv2.TM_CCOEFF_NORMED)).max())


def _cut(frame: Frame, box: tuple[float, float, float, float], shrink: float) -> Plane:
    x1, y1 = max(int(box[0]), 0), max(int(box[1]), 0)
    # A box at the very edge still has a pixel.
    x1, y1 = min(x1, frame.width - 1), min(y1, frame.height - 1)
    x2, y2 = min(int(np.ceil(box[2])), frame.width), min(int(np.ceil(box[3])), frame.height)
    x2, y2 = max(x2, x1 + 1), max(y2, y1 + 1)
    size = max(3, round((x2 - x1) / shrink)), max(3, round((y2 - y1) / shrink))
    return np.asarray(cv2.resize(frame.y[y1:y2, x1:x2], size, interpolation=cv2.INTER_AREA), np.uint8)
