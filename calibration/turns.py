"""Turns put one after the other, and read back as angles."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from calibration.ground import rotation
from calibration.pose import Attitude


def attitude_of(turn: NDArray[np.float64]) -> Attitude:
    """Yaw, pitch and roll of a `(3, 3)` rotation; straight down, where yaw and roll are one, the roll is 0."""
    pitch = math.degrees(math.asin(min(1.0, max(-1.0, -float(turn[2, 0])))))
    if abs(pitch) > 89.99:
        return Attitude(math.degrees(math.atan2(-turn[0, 1], turn[1, 1])), pitch, 0.0)
    yaw = math.degrees(math.atan2(turn[1, 0], turn[0, 0]))
    return Attitude(yaw, pitch, math.degrees(math.atan2(turn[2, 1], turn[2, 2])))


def composed(carrier: Attitude, within: Attitude) -> Attitude:
    """The attitude of a camera that stands `within` on what carries it."""
    return attitude_of(rotation(carrier) @ rotation(within))


def from_quaternion(w: float, x: float, y: float, z: float) -> Attitude:
    """Of a unit quaternion from body to north, east, down.

    Raises:
        ValueError: it is none.
    """
    length = math.sqrt(w * w + x * x + y * y + z * z)
    if not 0.9 < length < 1.1:
        raise ValueError(f"a turn is a quaternion of length 1, found {length:.3f}")
    w, x, y, z = (part / length for part in (w, x, y, z))
    return attitude_of(
        np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
            ]
        )
    )
