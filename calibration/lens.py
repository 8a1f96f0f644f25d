"""How a lens maps directions to pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Lens:
    """The pinhole model with the distortion of OpenCV.

    Attributes:
        width, height: pixels of the picture that the figures hold for.
        fx, fy: focal lengths, pixels.
        cx, cy: principal point, pixels, from the left and the top.
        distortion: `k1, k2, p1, p2, k3` of OpenCV; empty for a lens without.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        figures = (self.fx, self.fy, self.cx, self.cy, *self.distortion)
        if self.width < 1 or self.height < 1 or not all(map(math.isfinite, figures)) or min(self.fx, self.fy) <= 0:
            raise ValueError(f"a lens has a size and focal lengths above 0 pixels, found {self}")
        if len(self.distortion) not in (0, 4, 5):
            raise ValueError(f"distortion is none, 4 or 5 figures (k1, k2, p1, p2, k3), found {len(self.distortion)}")

    @classmethod
    def from_field_of_view(cls, width: int, height: int, horizontal_deg: float, vertical_deg: float = 0.0) -> Lens:
        """The lens of a camera that states no more than its angles; square pixels where one angle is given.

        Raises:
            ValueError: an angle is not above 0° and below 180°.
        """
        for name, angle in (("horizontal", horizontal_deg), ("vertical", vertical_deg or horizontal_deg)):
            if not 0 < angle < 180:
                raise ValueError(f"a {name} field of view lies between 0° and 180°, found {angle}°")
        fx = width / 2 / math.tan(math.radians(horizontal_deg) / 2)
        fy = height / 2 / math.tan(math.radians(vertical_deg) / 2) if vertical_deg else fx
        return cls(width, height, fx, fy, width / 2, height / 2)

    @property
    def matrix(self) -> NDArray[np.float64]:
        """`(3, 3)` camera matrix K."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    def sized(self, width: int, height: int) -> Lens:
        """The same lens for a picture of another size (a sub-stream, a preview)."""
        across, down = width / self.width, height / self.height
        return Lens(width, height, self.fx * across, self.fy * down, self.cx * across, self.cy * down, self.distortion)
