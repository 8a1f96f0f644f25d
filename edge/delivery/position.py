"""From a point on the ground to the position of the contract, and back."""

from __future__ import annotations

import math

import numpy as np

from calibration.ground import SHARE_68, GroundPoint
from edge.delivery.place import Ellipse, GroundPosition


def position_of(ground: GroundPoint | None) -> GroundPosition | None:
    """As it goes over the wire: a tenth of a metre, a degree of the ellipse."""
    if ground is None:
        return None
    long_m, short_m, bearing_deg = ground.ellipse
    return GroundPosition(
        lat=round(ground.latitude_deg, 7), lon=round(ground.longitude_deg, 7),
        ellipse_68=Ellipse(long_m=round(long_m, 1), short_m=round(short_m, 1), bearing_deg=round(bearing_deg, 1)),
        distance_m=round(ground.distance_m, 1),
    )  # fmt: skip


def ground_of(position: GroundPosition | None) -> GroundPoint | None:
    """The point that a position was made from, as far as it tells."""
    if position is None:
        return None
    ellipse = position.ellipse_68
    turn = math.radians(ellipse.bearing_deg)
    axes = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    # An ellipse of no width would be a point that nothing else can be.
    sigmas = np.array([max(ellipse.long_m, 0.1), max(ellipse.short_m, 0.1)]) / SHARE_68
    ((nn, ne), (_, ee)) = (axes @ np.diag(sigmas**2) @ axes.T).tolist()
    return GroundPoint(position.lat, position.lon, ((nn, ne), (ne, ee)), position.distance_m)
