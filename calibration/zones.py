"""Named places in a view."""

from __future__ import annotations

from dataclasses import dataclass

from calibration.polygon import Polygon


@dataclass(frozen=True, eq=False)
class Zone:
    """A polygon that rules refer to by name.

    Attributes:
        name: unique within its source.
        polygon: where it is, in 0–1 of the picture.
    """

    name: str
    polygon: Polygon
