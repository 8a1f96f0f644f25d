"""Poses as plain JSON."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.errors import SourceUnusable
from calibration.pose import PoseClock
from edge.sources.telemetry import Hints
from edge.sources.telemetry.plain import parse_plain, read_lines

WHOLE = {
    "time": 1_795_306_078.5, "latitude": 22.5, "longitude": 114.0, "altitude": 120, "height": 80,
    "attitude": {"yaw": 370, "pitch": -30}, "lens": {"width": 1920, "height": 1080, "fov": 70}, "range": 130.5,
    "attitude_error": 0.5, "waypoint": "7",
}  # fmt: skip


def test_a_whole_pose() -> None:
    pose = parse_plain(json.dumps(WHOLE))
    assert (pose.clock, pose.latitude_deg, pose.height_m, pose.range_m) == (PoseClock.UTC, 22.5, 80.0, 130.5)
    assert pose.attitude is not None
    assert pose.attitude.yaw_deg == 10.0
    assert pose.accuracy.attitude_deg == 0.5
    assert (pose.waypoint, pose.lens.cx if pose.lens else None) == ("7", 960.0)


def test_the_least_that_there_is() -> None:
    pose = parse_plain(b'{"time": 3, "clock": "media"}')
    assert (pose.time_s, pose.latitude_deg, pose.attitude, pose.lens) == (3.0, None, None, None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"latitude": 91}, "latitude: .*less than or equal to 90"),
        ({"latitude": None}, "a latitude and a longitude, or neither"),
        ({"attitude": {"yaw": 0, "pitch": -91}}, "attitude.pitch"),
        ({"lens": {"width": 10, "height": 10}}, "lens: neither fov nor fx"),
        ({"hight": 80}, "hight: Extra"),
        ({"time": "soon"}, "time: "),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_plain(json.dumps({**WHOLE, **change}))


def test_a_file_of_lines() -> None:
    lines = [json.dumps(WHOLE), "", "{", json.dumps({"time": 1, "clock": "media"})]
    flight = read_lines("\n".join(lines), Hints(height_m=50))
    assert [pose.height_m for pose in flight.poses] == [80.0, 50]
    assert sum(flight.left_out.values()) == 1
    with pytest.raises(SourceUnusable, match="no line of it is a pose: the file is empty"):
        read_lines("", Hints())


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["yaw", "pitch", "fov"]), inner),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([*WHOLE, "x"]), JUNK, max_size=4))
def test_whatever_comes_is_a_pose_or_refused(change: dict[str, object]) -> None:
    with contextlib.suppress(ValueError):
        parse_plain(json.dumps({**WHOLE, **change}))
