"""The ground as a grid of heights."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.errors import NoGround
from calibration.pose import Above, Pose

_STEP = 0.5  # of a cell: a ray is followed in steps of that
_DEGREE_M = 111_320.0


@dataclass(frozen=True, eq=False)
class Terrain:
    """Heights at the corners of a grid, as elevation models come; between them they are interpolated.

    Attributes:
        south_deg, west_deg: of the first row and column, WGS 84.
        step_deg: (latitude, longitude) from one to the next.
        heights_m: `(rows, columns)`, from the south and the west, all counted from one zero.
        error_m: one standard deviation of a height.
    """

    south_deg: float
    west_deg: float
    step_deg: tuple[float, float]
    heights_m: NDArray[np.float64]
    error_m: float = 2.0

    def __post_init__(self) -> None:
        if self.heights_m.ndim != 2 or min(self.heights_m.shape) < 2 or not np.isfinite(self.heights_m).all():
            raise ValueError(f"a terrain has at least 2 × 2 finite heights, found {self.heights_m.shape}")
        if min(self.step_deg) <= 0:
            raise ValueError(f"the steps of a terrain are above 0°, found {self.step_deg}")

    def raise_above(self, pose: Pose, home: tuple[float, float]) -> Pose:
        """A pose whose height is above take-off, with its altitude above the zero of this terrain.

        Take-off's own height is that of the terrain, so that no datum matters: neither the telemetry's nor the
        terrain's. Other poses are not touched.

        Args:
            pose: of the camera.
            home: latitude and longitude of take-off; outside of the terrain nothing is known, and the pose has no
                altitude.
        """
        if pose.height_above is not Above.TAKEOFF or pose.height_m is None:
            return pose
        try:
            return replace(pose, altitude_m=self.height(*home) + pose.height_m)
        except NoGround:
            return replace(pose, altitude_m=None)

    def height(self, latitude_deg: float, longitude_deg: float) -> float:
        """The ground there, m.

        Raises:
            NoGround: outside of the grid.
        """
        row = (latitude_deg - self.south_deg) / self.step_deg[0]
        column = (longitude_deg - self.west_deg) / self.step_deg[1]
        rows, columns = self.heights_m.shape
        if not (0 <= row <= rows - 1 and 0 <= column <= columns - 1):
            raise NoGround(f"the terrain ends before {latitude_deg:.5f}, {longitude_deg:.5f}")
        i, j = min(int(row), rows - 2), min(int(column), columns - 2)
        down, across = row - i, column - j
        corner = self.heights_m[i : i + 2, j : j + 2]
        weights = np.outer([1 - down, down], [1 - across, across])
        return float((corner * weights).sum())

    def meet(
        self, start: tuple[float, float], altitude_m: float, direction: NDArray[np.float64], farthest_m: float
    ) -> float:
        """How far along a ray the ground is, m.

        Args:
            start: latitude and longitude of its beginning.
            altitude_m: of its beginning, from the zero of the heights.
            direction: `(3,)` north, east, down, of length 1.
            farthest_m: it is followed no farther.

        Raises:
            NoGround: the ray leaves the grid, begins below the ground, or meets none.
        """
        east_m = _DEGREE_M * math.cos(math.radians(start[0]))

        def above(along: float) -> float:
            north, east, down = (float(d) * along for d in direction)
            return altitude_m - down - self.height(start[0] + north / _DEGREE_M, start[1] + east / east_m)

        if above(0.0) <= 0:
            raise NoGround("the camera is below the terrain")
        step = _STEP * min(self.step_deg[0] * _DEGREE_M, self.step_deg[1] * east_m)
        near, far = 0.0, step
        while above(far) > 0:
            near, far = far, far + step
            if far > farthest_m:
                raise NoGround(f"the ray meets no ground within {farthest_m:,.0f} m")
        for _ in range(40):
            middle = (near + far) / 2
            near, far = (middle, far) if above(middle) > 0 else (near, middle)
        return (near + far) / 2
