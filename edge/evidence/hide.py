"""People in a picture are made unrecognisable, but for the one whom it is about."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.frame import Frame, Plane
from pipelines.hazards import Box

CELLS = 6
"""A person is shown in so many squares across: a face is one or two of them."""

MARGIN = 0.15
"""A person's box is grown by this share of its width to each side, and of its width upwards: boxes cut off hair."""

INSIDE = 0.5
"""A person of whom this share lies in the hazard's box is the hazard, or in it."""


def hide(frame: Frame, people: NDArray[np.float32], hazard: Box | None) -> Frame:
    """A frame with all of these people hidden who are not in the hazard.

    Args:
        frame: the picture; it is not changed.
        people: `(n, 4)` float32, x1 y1 x2 y2 in 0–1 of the frame.
        hazard: what is shown as it is, 0–1 of the frame; None: nothing is.
    """
    boxes = [box for box in people if hazard is None or _share_inside(box, hazard) < INSIDE]
    if not boxes:
        return frame
    planes = tuple(plane.copy() for plane in (frame.y, frame.u, frame.v))
    for box in boxes:
        x1, y1, x2, y2 = _grown(box)
        cells = (CELLS, max(1, round(CELLS * (y2 - y1) * frame.height / max((x2 - x1) * frame.width, 1))))
        for plane, original in zip(planes, (frame.y, frame.u, frame.v), strict=True):
            _mosaic(plane, original, (x1, y1, x2, y2), cells)
    if hazard is not None:  # somebody beside the hazard must not cover it
        for plane, original in zip(planes, (frame.y, frame.u, frame.v), strict=True):
            part = _slices(plane, hazard)
            plane[part] = original[part]
    y, u, v = planes
    return replace(frame, y=y, u=u, v=v)


def _grown(box: NDArray[np.float32]) -> Box:
    x1, y1, x2, y2 = (float(side) for side in box)
    margin = MARGIN * (x2 - x1)
    return max(0.0, x1 - margin), max(0.0, y1 - margin), min(1.0, x2 + margin), min(1.0, y2)


def _share_inside(box: NDArray[np.float32], hazard: Box) -> float:
    """How much of a box lies in another."""
    width = min(float(box[2]), hazard[2]) - max(float(box[0]), hazard[0])
    height = min(float(box[3]), hazard[3]) - max(float(box[1]), hazard[1])
    area = float((box[2] - box[0]) * (box[3] - box[1]))
    return max(0.0, width) * max(0.0, height) / area if area > 0 else 0.0


def _mosaic(plane: Plane, original: Plane, box: Box, cells: tuple[int, int]) -> None:
    part = _slices(plane, box)
    found = original[part]
    if not found.size:
        return
    across, down = min(cells[0], found.shape[1]), min(cells[1], found.shape[0])
    small = cv2.resize(found, (across, down), interpolation=cv2.INTER_AREA)
    plane[part] = cv2.resize(small, found.shape[::-1], interpolation=cv2.INTER_NEAREST)


def _slices(plane: Plane, box: Box) -> tuple[slice, slice]:
    """Pixels of a plane that a box touches."""
    height, width = plane.shape
    x1, y1, x2, y2 = box
    rows = slice(max(0, int(np.floor(y1 * height))), min(height, int(np.ceil(y2 * height))))
    return rows, slice(max(0, int(np.floor(x1 * width))), min(width, int(np.ceil(x2 * width))))
