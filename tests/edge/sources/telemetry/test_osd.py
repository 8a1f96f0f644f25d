"""Messages of DJI's cloud."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edge.sources.telemetry import Hints
from edge.sources.telemetry.osd import parse_osd
from edge.sources.telemetry.plain import read_lines


def message(**data: Any) -> dict[str, Any]:
    said = {
        "latitude": 22.5, "longitude": 114.0, "height": 150.3, "elevation": 80.0,
        "attitude_head": 10.0, "attitude_pitch": -3.0, "attitude_roll": 1.0, "mode_code": 5,
        "52-0-0": {"gimbal_pitch": -45.0, "gimbal_roll": 0.0, "gimbal_yaw": -77.5, "zoom_factor": 1.0},
    }  # fmt: skip
    return {"tid": "t", "bid": "b", "timestamp": 1_790_000_000_500, "gateway": "g", "data": {**said, **data}}


def test_the_camera_looks_where_its_gimbal_does() -> None:
    pose = parse_osd(message())
    assert (pose.time_s, pose.latitude_deg, pose.altitude_m, pose.height_m) == (1_790_000_000.5, 22.5, 150.3, 80.0)
    assert pose.height_above == "takeoff"
    assert pose.attitude is not None
    assert (pose.attitude.yaw_deg, pose.attitude.pitch_deg) == (282.5, -45.0)


def test_without_a_gimbal_nobody_knows_where_it_looks() -> None:
    assert parse_osd(message(**{"52-0-0": {"zoom_factor": 1.0}})).attitude is None
    assert parse_osd(message(latitude=0.0, longitude=0.0)).latitude_deg is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"latitude": "north"}, "latitude"),
        ({"latitude": 120.0}, "a latitude lies between"),
        ({"52-0-0": {"gimbal_pitch": -120.0, "gimbal_yaw": 0.0}}, "pitch between"),
    ],
)
def test_what_is_absurd_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_osd(message(**change))
    with pytest.raises(ValueError, match="timestamp"):
        parse_osd({**message(), "timestamp": 500})


def test_a_file_may_hold_both_kinds() -> None:
    flight = read_lines("\n".join([json.dumps(message()), '{"time": 1790000001}', '{"data": 3}']), Hints())
    assert [pose.time_s for pose in flight.poses] == [1_790_000_000.5, 1_790_000_001]
    assert sum(flight.left_out.values()) == 1
