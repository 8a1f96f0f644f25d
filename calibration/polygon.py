"""A polygon in the picture, in shares of its width and height."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Polygon:
    """A simple polygon.

    Attributes:
        points: `(n, 2)` float32, n ≥ 3, x and y in 0–1 of the picture.

    Raises:
        ValueError: fewer than three points, a point outside 0–1, or no area.
    """

    points: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.points.ndim != 2 or self.points.shape[1] != 2:
            raise ValueError(f"a polygon is a list of [x, y] points, found shape {self.points.shape}")
        if len(self.points) < 3:
            raise ValueError(f"a polygon needs at least 3 points, found {len(self.points)}")
        if not np.isfinite(self.points).all() or self.points.min() < 0 or self.points.max() > 1:
            raise ValueError(
                "polygon points are shares of the picture from 0 to 1, "
                f"found {self.points.min():g} to {self.points.max():g}"
            )
        if self.area < 1e-6:
            raise ValueError("a polygon needs an area: its points lie on one line")

    @classmethod
    def of(cls, points: Sequence[Sequence[float]]) -> Polygon:
        """Make one from plain lists, as a site file gives them."""
        return cls(np.asarray(points, dtype=np.float32))

    @property
    def area(self) -> float:
        """Share of the picture, by the shoelace formula."""
        x, y = self.points[:, 0].astype(np.float64), self.points[:, 1].astype(np.float64)
        return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """x1, y1, x2, y2 of the smallest box around it, 0–1."""
        (x1, y1), (x2, y2) = self.points.min(axis=0), self.points.max(axis=0)
        return float(x1), float(y1), float(x2), float(y2)

    def contains(self, points: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which points lie inside, by the even-odd rule: `(k, 2) 0–1 -> (k,)`."""
        start, end = self.points, np.roll(self.points, -1, axis=0)
        x, y = points[:, 0, None], points[:, 1, None]
        straddles = (start[:, 1] > y) != (end[:, 1] > y)
        rise = np.where(end[:, 1] == start[:, 1], 1, end[:, 1] - start[:, 1])
        crossing = start[:, 0] + (y - start[:, 1]) / rise * (end[:, 0] - start[:, 0])
        inside: NDArray[np.bool_] = (np.count_nonzero(straddles & (x < crossing), axis=1) % 2).astype(bool)
        return inside

    def mask(self, height: int, width: int) -> NDArray[np.bool_]:
        """Which cells of a grid of this size have their middle inside: `(height, width)`."""
        x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
        middles = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
        return self.contains(middles).reshape(height, width)
