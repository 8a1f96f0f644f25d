"""The colour of flames: they outshine the sensor, and an orange vest does not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.frame import Frame

# Pixels a side that are looked at, at most: the share hardly changes with more.
_MOST_PX = 96


def glow(frame: Frame, box: NDArray[np.float32]) -> float:
    """Share of a box that glows as flames do.

    A flame saturates the red of a sensor and comes close in green, so that its core is yellow to
    white with red above green above blue (the ordering of Chen, Wu and Chiou, 2004; the bounds from
    pictures of `fire-smoke/train` and `ppe/train`, see docs/hazards.md). Vests, jerry cans, bricks and
    autumn leaves are as red, but their green stays low.

    Args:
        frame: the picture.
        box: `(4,)` x1, y1, x2, y2 in pixels of the frame.
    """
    x1, y1 = max(int(box[0]), 0), max(int(box[1]), 0)
    x2, y2 = min(int(np.ceil(box[2])), frame.width), min(int(np.ceil(box[3])), frame.height)
    if x2 - x1 < 2 or y2 - y1 < 2:
        return 0.0
    shrink = max(1.0, (x2 - x1) / _MOST_PX, (y2 - y1) / _MOST_PX)
    size = max(2, round((x2 - x1) / shrink)), max(2, round((y2 - y1) / shrink))
    blue, green, red = np.moveaxis(frame.bgr(size, (x1, y1, x2, y2)).astype(np.int16), 2, 0)
    glows = (red > 220) & (green > 150) & (red > green) & (green > blue) & (red - blue > 40)
    return float(glows.mean())
