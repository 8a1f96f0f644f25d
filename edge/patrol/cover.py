"""Which ground was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.errors import NoGround
from calibration.ground import between, locate, moved
from calibration.pose import Pose
from calibration.terrain import Terrain

FARTHEST_M = 300.0
"""Ground further away than that is in the picture and is not counted as looked at: a flame there is a few pixels."""

_CELLS = 800
_FINEST_M = 1.0
_ALONG = np.linspace(0.0, 1.0, 9)

Spot = tuple[float, float]
"""Latitude and longitude."""


def footprint(pose: Pose, terrain: Terrain | None = None) -> list[Spot]:
    """The ground that a picture shows, as a convex polygon; empty where that can not be told.

    Args:
        pose: of the camera, with its lens.
        terrain: the ground; flat if None.
    """
    if pose.lens is None:
        return []
    wide, tall = pose.lens.width - 1, pose.lens.height - 1
    found: list[Spot] = []
    # Rows from the bottom up: the rim of the picture, and its middle, as far up as there is ground near enough.
    for down in _ALONG:
        for across in (0.0, 0.25, 0.5, 0.75, 1.0):
            with suppress(NoGround):
                point = locate(pose, (float(across * wide), float(down * tall)), terrain=terrain)
                if point.distance_m <= FARTHEST_M:
                    found.append((point.latitude_deg, point.longitude_deg))
    if len(found) < 3:
        return []
    flat = np.array([between(found[0], spot) for spot in found], np.float32)
    hull = cv2.convexHull(flat, returnPoints=False).ravel()
    return [found[int(i)] for i in hull]


class Cover:
    """Puts footprints together."""

    def __init__(self) -> None:
        self._footprints: list[list[Spot]] = []

    def add(self, polygon: list[Spot]) -> None:
        """Count one in; an empty one changes nothing."""
        if polygon:
            self._footprints.append(polygon)

    def copy(self) -> Cover:
        """As it is now; footprints do not change."""
        copied = Cover()
        copied._footprints = list(self._footprints)
        return copied

    def includes(self, spot: Spot) -> bool:
        """This place was looked at."""
        return any(_inside(polygon, spot) for polygon in self._footprints)

    def area(self) -> tuple[list[list[Spot]], float]:
        """All of it: outer rings, and square metres; on a grid of 1 m, coarser for a large patrol."""
        if not self._footprints:
            return [], 0.0
        origin = self._footprints[0][0]
        flat = [np.array([between(origin, spot) for spot in polygon]) for polygon in self._footprints]
        every = np.concatenate(flat)
        least, most = every.min(axis=0), every.max(axis=0)
        cell_m = max(_FINEST_M, float((most - least).max()) / _CELLS)
        size = np.ceil((most - least) / cell_m).astype(int) + 3
        grid = np.zeros((int(size[0]), int(size[1])), np.uint8)
        for polygon in flat:
            cv2.fillPoly(grid, [_cells(polygon, least, cell_m)], 255)
        rings, _ = cv2.findContours(grid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_TC89_L1)
        spots = [
            [moved(*origin, *(np.array([y, x]) - 1) * cell_m + least) for x, y in ring.reshape(-1, 2)]
            for ring in rings
            if len(ring) >= 3
        ]
        return spots, float((grid > 0).sum()) * cell_m**2


def _cells(polygon: NDArray[np.float64], least: NDArray[np.float64], cell_m: float) -> NDArray[np.int32]:
    """Columns and rows of a polygon of (north, east)."""
    rows = np.round((polygon - least) / cell_m).astype(np.int32) + 1
    return np.ascontiguousarray(rows[:, ::-1])


def _inside(polygon: Sequence[Spot], spot: Spot) -> bool:
    flat = np.array([between(spot, corner) for corner in polygon], np.float32).reshape(-1, 1, 2)
    return cv2.pointPolygonTest(flat, (0.0, 0.0), measureDist=False) >= 0
