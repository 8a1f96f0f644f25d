"""Boxes around shapes that are not upright boxes."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pipelines.retraining.data.formats.export import Corners


def around(points: Iterable[tuple[float, float]]) -> Corners:
    """The box around points, at least one: `x1, y1, x2, y2`."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def around_turned(corners: Corners, degrees: float, pivot: tuple[float, float]) -> Corners:
    """The box around a box that was turned.

    Args:
        corners: x1, y1, x2, y2 before the turn, in a unit that is the same across and down.
        degrees: clockwise as one looks at the picture.
        pivot: the point that stays where it is.
    """
    x1, y1, x2, y2 = corners
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return around(
        (
            pivot[0] + (x - pivot[0]) * cosine - (y - pivot[1]) * sine,
            pivot[1] + (x - pivot[0]) * sine + (y - pivot[1]) * cosine,
        )
        for x, y in ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
    )


def around_ellipse(centre: tuple[float, float], radii: tuple[float, float]) -> Corners:
    """The box around an upright ellipse."""
    return centre[0] - radii[0], centre[1] - radii[1], centre[0] + radii[0], centre[1] + radii[1]
