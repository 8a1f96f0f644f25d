"""A zone as a small picture of fixed size, whatever the camera's resolution."""

from __future__ import annotations

import cv2
import numpy as np

from calibration.boxes import Boxes
from calibration.polygon import Polygon
from pipelines.frame import Plane
from pipelines.hazards import Box
from pipelines.rules.structure import Grid, Mask

# Cells along the longer side of the zone's bounding box: a small zone keeps its resolution, a large one
# costs no more. 3 % of a square zone is then a patch of 15 cells a side.
_CELLS = 88

# Cells added on each side, so that the outline of something that fills the zone is seen as well.
_MARGIN = 8


class ZoneGrid:
    """Samples a zone's surroundings and maps places there and back.

    Args:
        polygon: the zone.
        aspect: width by height of the picture, so that cells are square.
    """

    def __init__(self, polygon: Polygon, aspect: float) -> None:
        x1, y1, x2, y2 = polygon.bounds
        wide, high = max((x2 - x1) * aspect, 1e-3), max(y2 - y1, 1e-3)
        cell = max(wide, high) / _CELLS  # in picture heights
        left, right = max(x1 - _MARGIN * cell / aspect, 0), min(x2 + _MARGIN * cell / aspect, 1)
        top, bottom = max(y1 - _MARGIN * cell, 0), min(y2 + _MARGIN * cell, 1)
        self.box: Box = (left, top, right, bottom)
        self._aspect = aspect
        self.shape = (max(round((bottom - top) / cell), 8), max(round((right - left) * aspect / cell), 8))
        self._origin = np.array([left, top] * 2, np.float32)
        self._size = np.array([right - left, bottom - top] * 2, np.float32)
        self.zone: Mask = self._draw(polygon)

    def _draw(self, polygon: Polygon) -> Mask:
        rows, columns = self.shape
        points = (polygon.points - self._origin[:2]) / self._size[:2] * (columns, rows) - 0.5
        canvas = np.zeros(self.shape, np.uint8)
        cv2.fillPoly(canvas, [np.rint(points).astype(np.int32)], 1)
        return canvas.astype(bool)

    def fits(self, aspect: float) -> bool:
        """Was it made for pictures of this shape?"""
        return abs(aspect / self._aspect - 1) < 0.02

    def sample(self, luma: Plane) -> Grid:
        """The zone's surroundings: `(h, w) uint8 -> (rows, columns) float32`, 0–255."""
        height, width = luma.shape
        left, top, right, bottom = self.box
        x1, y1 = int(left * width), int(top * height)
        x2, y2 = max(int(np.ceil(right * width)), x1 + 1), max(int(np.ceil(bottom * height)), y1 + 1)
        part = luma[y1:y2, x1:x2]
        rows, columns = self.shape
        shrinking = part.shape[0] >= rows and part.shape[1] >= columns
        how = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
        return cv2.resize(part, (columns, rows), interpolation=how).astype(np.float32)

    def cover(self, boxes: Boxes) -> Mask:
        """Cells under any of these boxes: `(n, 4) 0–1 -> (rows, columns)`."""
        rows, columns = self.shape
        covered = np.zeros(self.shape, bool)
        places = (boxes - self._origin) / self._size * np.array([columns, rows] * 2, np.float32)
        for x1, y1, x2, y2 in np.clip(places, 0, [columns, rows] * 2):
            covered[int(y1) : int(np.ceil(y2)), int(x1) : int(np.ceil(x2))] = True
        return covered

    def box_of(self, cells: Mask) -> Box:
        """The box, 0–1 of the picture, around these cells; at least one is set."""
        rows, columns = self.shape
        y, x = np.flatnonzero(cells.any(axis=1)), np.flatnonzero(cells.any(axis=0))
        corners = np.array([x[0] / columns, y[0] / rows, (x[-1] + 1) / columns, (y[-1] + 1) / rows], np.float32)
        x1, y1, x2, y2 = (self._origin + corners * self._size).tolist()
        return x1, y1, x2, y2
