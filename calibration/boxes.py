"""Arithmetic on boxes: `(n, 4)` arrays of x1, y1, x2, y2, in any one unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]


def area(boxes: Boxes) -> NDArray[np.float32]:
    """Area of each box: `(n, 4) -> (n,)`; a box turned inside out has none."""
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None)
    areas: NDArray[np.float32] = sides[:, 0] * sides[:, 1]
    return areas


def intersection(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Shared area of each pair: `(n, 4), (m, 4) -> (n, m)`."""
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.clip(bottom_right - top_left, 0, None)
    shared: NDArray[np.float32] = sides[..., 0] * sides[..., 1]
    return shared


def iou(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Intersection over union of each pair: `(n, 4), (m, 4) -> (n, m)`; 0 where both are empty."""
    shared = intersection(a, b)
    union = area(a)[:, None] + area(b)[None, :] - shared
    ratio: NDArray[np.float32] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return ratio


def bottom_centre(boxes: Boxes) -> NDArray[np.float32]:
    """Where something stands: `(n, 4) -> (n, 2)`."""
    return np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1)


def grow(boxes: Boxes, share: float, margin: float = 0.0) -> Boxes:
    """Each box wider and higher by `share` of its sides plus `margin` on each side: `(n, 4)`."""
    pad_x = (boxes[:, 2] - boxes[:, 0]) * (share / 2) + margin
    pad_y = (boxes[:, 3] - boxes[:, 1]) * (share / 2) + margin
    grown: Boxes = boxes + np.stack([-pad_x, -pad_y, pad_x, pad_y], axis=1).astype(np.float32)
    return grown


def hull(boxes: Boxes) -> Boxes:
    """The smallest box around all of them: `(n, 4) -> (4,)`, n at least 1."""
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def inside_any(points: NDArray[np.float32], boxes: Boxes) -> NDArray[np.bool_]:
    """Which points lie in at least one box, edges included: `(n, 2), (k, 4) -> (n,)`."""
    x, y = points[:, 0, None], points[:, 1, None]
    left, top, right, bottom = boxes.T
    inside: NDArray[np.bool_] = ((left <= x) & (x <= right) & (top <= y) & (y <= bottom)).any(axis=1)
    return inside


def near(a: Sequence[float], b: Sequence[float], share: float, margin: float) -> bool:
    """Does one box `(4,)`, grown by `share` of its sides and `margin` on each side, overlap another?"""
    one, other = np.array([a], np.float32), np.array([b], np.float32)
    return bool(intersection(grow(one, share, margin), other)[0, 0] > 0)
