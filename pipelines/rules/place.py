"""A zone as the rules need it: what of it was looked at, and who is in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibration.boxes import Boxes, bottom_centre, inside_any
from calibration.polygon import Polygon

# Points laid over the zone's bounding box, a side: fine enough to tell a twentieth of a zone.
_SAMPLES = 24

# A box that ends this close to the picture's lower edge (share of its height) has its feet outside the
# picture; zones that touch the edge mean the floor beyond it as well, so the foot is taken to be just inside.
_EDGE = 0.005

# The part of a box's height taken for what touches the ground, and how much of that must lie in the zone.
_BASE = 0.25
_BASE_OVERLAP = 0.3


def feet(boxes: Boxes) -> NDArray[np.float32]:
    """Where each box stands on the ground: `(n, 4) 0–1 -> (n, 2)`, never on or beyond the picture's edge."""
    clipped: NDArray[np.float32] = np.clip(bottom_centre(boxes), _EDGE, 1 - _EDGE)
    return clipped


def middles(boxes: Boxes) -> NDArray[np.float32]:
    """The middle of each box: `(n, 4) -> (n, 2)`."""
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2, np.float32)


class Place:
    """One polygon, prepared.

    Args:
        polygon: the zone, 0–1 of the picture.
    """

    def __init__(self, polygon: Polygon) -> None:
        self.polygon = polygon
        x1, y1, x2, y2 = polygon.bounds
        steps = ((np.arange(_SAMPLES) + 0.5) / _SAMPLES).astype(np.float32)
        x, y = np.meshgrid(x1 + steps * (x2 - x1), y1 + steps * (y2 - y1))
        grid = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
        inside = grid[polygon.contains(grid)]
        # A sliver can slip between the samples: its corners then stand for it.
        self.points: NDArray[np.float32] = inside if len(inside) else polygon.points

    def looked_share(self, looked: NDArray[np.float32]) -> float:
        """Share of the zone that lies in what the model was given: `(k, 4) -> 0–1`."""
        return float(inside_any(self.points, looked).mean())

    def overlap(self, boxes: Boxes) -> NDArray[np.float32]:
        """How much of each box, or of the zone where that is smaller, the two share: `(n, 4) -> (n,)` 0–1."""
        x, y = self.points[:, 0], self.points[:, 1]
        left, top, right, bottom = boxes.T[..., None]
        covered = ((left <= x) & (x <= right) & (top <= y) & (y <= bottom)).mean(axis=1) * self.polygon.area
        sides = np.clip(boxes[:, 2:] - boxes[:, :2], 1e-6, None)
        smaller = np.minimum(sides[:, 0] * sides[:, 1], self.polygon.area)
        return np.asarray(np.clip(covered / smaller, 0, 1), np.float32)

    def based_in(self, boxes: Boxes) -> NDArray[np.bool_]:
        """Which boxes stand on the zone with a good part of their base: `(n, 4) -> (n,)`.

        A vehicle's base is the lowest quarter of its box; what is above may only hide the zone from view.
        """
        base = boxes.copy()
        base[:, 1] = boxes[:, 3] - (boxes[:, 3] - boxes[:, 1]) * _BASE
        return self.stands_in(boxes) | (self.overlap(base) >= _BASE_OVERLAP)

    def stands_in(self, boxes: Boxes) -> NDArray[np.bool_]:
        """Which boxes have their foot in the zone: `(n, 4) -> (n,)`."""
        inside: NDArray[np.bool_] = self.polygon.contains(feet(boxes))
        return inside
