"""Turns as angles and back, and one after the other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration.ground import rotation
from calibration.pose import Attitude
from calibration.turns import attitude_of, composed, from_quaternion


def angles(found: Attitude) -> tuple[float, float, float]:
    return found.yaw_deg, found.pitch_deg, found.roll_deg


@pytest.mark.parametrize("yaw", [0.0, 45.0, 179.0, 300.0])
@pytest.mark.parametrize("pitch", [-89.0, -30.0, 0.0, 60.0])
@pytest.mark.parametrize("roll", [-20.0, 0.0, 170.0])
def test_angles_come_back(yaw: float, pitch: float, roll: float) -> None:
    assert angles(attitude_of(rotation(Attitude(yaw, pitch, roll)))) == pytest.approx((yaw, pitch, roll), abs=1e-6)


def test_straight_down_yaw_is_all_that_is_left() -> None:
    found = attitude_of(rotation(Attitude(40.0, -90.0, 10.0)))
    assert found.pitch_deg == pytest.approx(-90.0, abs=1e-4)
    assert np.allclose(rotation(found), rotation(Attitude(40.0, -90.0, 10.0)), atol=1e-3)


def test_a_camera_on_a_carrier() -> None:
    assert angles(composed(Attitude(90.0, 0.0), Attitude(30.0, -40.0))) == pytest.approx((120.0, -40.0, 0.0), abs=1e-6)
    # The carrier nods by 10°, the camera looks along its nose.
    assert angles(composed(Attitude(90.0, 10.0), Attitude(0.0, -40.0))) == pytest.approx((90.0, -30.0, 0.0), abs=1e-6)
    # It rolls to the right: what hangs down looks to the left.
    assert composed(Attitude(0.0, 0.0, 20.0), Attitude(0.0, -90.0)).pitch_deg == pytest.approx(-70.0, abs=1e-3)


@pytest.mark.parametrize(
    ("quaternion", "expected"),
    [
        ((1, 0, 0, 0), (0, 0, 0)),
        ((math.cos(math.pi / 4), 0, 0, math.sin(math.pi / 4)), (90, 0, 0)),
        ((math.cos(-math.pi / 12), 0, math.sin(-math.pi / 12), 0), (0, -30, 0)),
    ],
)
def test_quaternions(quaternion: tuple[float, float, float, float], expected: tuple[float, float, float]) -> None:
    assert angles(from_quaternion(*quaternion)) == pytest.approx(expected, abs=1e-6)


def test_what_is_no_turn() -> None:
    with pytest.raises(ValueError, match=r"length 1, found 0\.000"):
        from_quaternion(0, 0, 0, 0)
