"""Where the camera was between two poses, and when nobody can tell."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from calibration.ground import between, moved
from calibration.pose import Attitude, Pose, PoseClock
from calibration.track import Track

HOME = (22.55, 114.05)


def pose(time_s: float, north_m: float = 0.0, attitude: Attitude | None = None, **more: object) -> Pose:
    latitude, longitude = moved(*HOME, north_m, 0.0)
    made = Pose(time_s, PoseClock.MEDIA, latitude, longitude, height_m=100.0, attitude=attitude or Attitude(0.0, -30.0))
    return replace(made, **more)  # type: ignore[arg-type]


def north(found: Pose | None) -> float:
    assert found is not None
    assert found.latitude_deg is not None
    assert found.longitude_deg is not None
    return between(HOME, (found.latitude_deg, found.longitude_deg))[0]


def test_it_goes_straight_between_two() -> None:
    track = Track([pose(0.0), pose(2.0, 20.0, height_m=90.0)])
    fix = track.at(0.5)
    assert (north(fix.pose), fix.age_s) == (pytest.approx(5.0, abs=1e-6), 0.5)
    assert fix.pose is not None
    assert fix.pose.height_m == pytest.approx(97.5)
    assert track.at(2.0).age_s == 0.0


@pytest.mark.parametrize(
    ("before", "after", "middle"),
    [
        (Attitude(350, -30), Attitude(10, -30), 0.0),  # over north
        (Attitude(170, -30), Attitude(190, -30), 180.0),
        (Attitude(10, -90), Attitude(50, -90), 30.0),  # straight down
    ],
)
def test_it_turns_the_short_way(before: Attitude, after: Attitude, middle: float) -> None:
    fix = Track([pose(0.0, attitude=before), pose(2.0, attitude=after)]).at(1.0)
    assert fix.pose is not None
    assert fix.pose.attitude is not None
    assert math.cos(math.radians(fix.pose.attitude.yaw_deg - middle)) == pytest.approx(1.0, abs=1e-4)
    assert fix.pose.attitude.pitch_deg == pytest.approx(before.pitch_deg, abs=0.5)
    assert fix.pose.accuracy.attitude_deg > 1.0, "nobody knows that it turned evenly"


def test_a_gap_and_the_ends_are_said() -> None:
    track = Track([pose(0.0), pose(10.0), pose(10.5)])
    assert track.at(5.0).pose is None
    assert track.at(5.0).reason == "in a gap of 10.0 s between two poses"
    assert track.at(-2.0).reason == "2.0 s before the first pose"
    assert track.at(20.0).reason == "9.5 s after the last pose"
    assert Track([]).at(1.0).reason == "there is no telemetry"
    after = track.at(11.0)
    assert after.pose is not None
    assert after.pose.accuracy.attitude_deg == pytest.approx(6.0)


def test_what_goes_back_or_jumps_is_not_believed() -> None:
    wrong = [pose(0.0), pose(1.0, 5.0), pose(0.5, 2.0), pose(1.0, 5.0), pose(2.0, 90_000.0), pose(3.0, 15.0)]
    track = Track(wrong)
    assert [north(found) for found in track.poses] == pytest.approx([0.0, 5.0, 15.0], abs=1e-6)
    assert track.left_out == 3
    # A wrong first one is outlived.
    assert len(Track([pose(0.0, 90_000.0), *(pose(float(i), i * 5.0) for i in range(1, 20))])) > 10


def test_clocks_that_differ() -> None:
    track = Track([pose(100.0), pose(102.0, 20.0)], offset_s=100.0)
    assert north(track.at(1.0).pose) == pytest.approx(10.0, abs=1e-6)


def test_what_one_of_two_lacks_neither_has() -> None:
    fix = Track([pose(0.0), replace(pose(1.0), attitude=None, height_m=None, range_m=5.0)]).at(0.6)
    assert fix.pose is not None
    assert (fix.pose.attitude, fix.pose.height_m, fix.pose.range_m) == (None, None, None)
