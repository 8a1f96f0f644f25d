"""What flames look like in pictures that follow each other, with or without a model that sees them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.activity import Activity
from pipelines.frame import Frame
from pipelines.rules.glow import glow
from pipelines.rules.rigidity import rigidity
from pipelines.scene import Scene

# Cells of the small picture, at least: fewer are a glint.
_LEAST_CELLS = 4
# Flames leave gaps of a cell between them.
_GAP = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Burning:
    """From what on something burns, by the looks of it.

    Attributes:
        flicker: least share of its box that changes between two frames.
        rigid: what is found again this well in the look before, only shifted, is a thing and no flame.
        glow: least share of its box that glows as flames do.
    """

    flicker: float
    rigid: float
    glow: float

    def seen(self, scene: Scene, before: Frame, box: NDArray[np.float32], *, lit: bool = False) -> bool:
        """Does a box flicker, glow and change its shape?

        Args:
            scene: the look.
            before: the picture of the look before, of the same size.
            box: `(4,)` 0–1 of the picture.
            lit: no glow is asked for.
        """
        x1, y1, x2, y2 = map(float, box)
        window = scene.activity.window((x1, y1, x2, y2))
        if scene.activity.moving[window].mean() < self.flicker:
            return False
        xyxy = box * np.array([scene.frame.width, scene.frame.height] * 2, np.float32)
        lit = lit or glow(scene.frame, xyxy) >= self.glow
        return bool(lit and rigidity(before, scene.frame, xyxy) < self.rigid)


def flame_boxes(activity: Activity) -> NDArray[np.float32]:
    """Where cells of a flame's colour (see `Activity.flame`) change, joined where they nearly touch.

    By itself that is no fire: lamps, vests and beacons do it too.

    Returns:
        `(n, 4)` boxes in 0–1 of the picture.
    """
    lit = activity.flame & activity.moving
    if np.count_nonzero(lit) < _LEAST_CELLS:
        return np.empty((0, 4), np.float32)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(lit.astype(np.uint8), _GAP), connectivity=8)
    cells = np.bincount(labels[lit], minlength=count)[1:]
    left, top, width, height = (stats[1:, i][cells >= _LEAST_CELLS] for i in range(4))
    rows, columns = lit.shape
    boxes = np.stack([left / columns, top / rows, (left + width) / columns, (top + height) / rows], axis=1)
    return boxes.astype(np.float32)
