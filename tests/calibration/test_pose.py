"""A pose says what is known, refuses what can not be, and makes nothing up."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from calibration.lens import Lens
from calibration.pose import Attitude, Pose, PoseClock


def test_a_lens_from_its_angle_sees_that_angle() -> None:
    lens = Lens.from_field_of_view(1920, 1080, 84.0)
    ray = np.linalg.inv(lens.matrix) @ [0.0, 540.0, 1.0]
    assert math.degrees(math.atan2(-ray[0], ray[2])) == pytest.approx(42.0)
    assert lens.fx == lens.fy


def test_a_smaller_picture_has_the_same_angles() -> None:
    lens = Lens(1920, 1080, 1500, 1500, 970, 530, (0.1, 0.0, 0.0, 0.0))
    small = lens.sized(640, 360)
    assert (small.fx / small.width, small.cx / small.width) == pytest.approx((1500 / 1920, 970 / 1920))
    assert small.distortion == lens.distortion


@pytest.mark.parametrize("angle", [0.0, 180.0, -5.0, math.nan])
def test_an_angle_that_no_lens_has_is_refused(angle: float) -> None:
    with pytest.raises(ValueError, match="field of view"):
        Lens.from_field_of_view(640, 360, angle)


@pytest.mark.parametrize("fault", [{"fx": 0.0}, {"cx": math.nan}, {"width": 0}, {"distortion": (0.1,)}])
def test_a_lens_that_can_not_be_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"lens|distortion"):
        Lens(**({"width": 640, "height": 360, "fx": 500.0, "fy": 500.0, "cx": 320.0, "cy": 180.0} | fault))


def test_yaw_is_a_heading() -> None:
    assert Attitude(-90.0, -30.0).yaw_deg == 270.0


@pytest.mark.parametrize(
    "fault",
    [
        {"latitude_deg": 22.5},
        {"latitude_deg": 95.0, "longitude_deg": 114.0},
        {"height_m": math.nan},
        {"range_m": -1.0},
        {"time_s": math.inf},
    ],
)
def test_what_can_not_be_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"lies between|and a longitude|time of a pose"):
        Pose(**({"time_s": 0.0, "clock": PoseClock.UTC} | fault))
