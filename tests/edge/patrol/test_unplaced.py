"""What was seen is a hazard, whether or not anybody knows where it is."""

from __future__ import annotations

import json

import pytest

from calibration.ground import moved
from calibration.lens import Lens
from calibration.pose import Accuracy, Attitude, Pose, PoseClock
from calibration.track import Fix
from edge.config.mission import Mission
from edge.patrol.findings import Findings, Glimpse
from edge.patrol.geojson import geojson
from edge.patrol.page import page
from tests.edge.patrol.filming import HOME
from tests.pipelines.builders import a_frame

FAR = (0.45, 0.10, 0.55, 0.20)  # above the horizon of a camera that looks 10° down
NEAR = (0.45, 0.70, 0.55, 0.80)
EN = Mission(name="forest", lang="en")


def a_pose(time_s: float, *, yaw_deg: float = 40.0, pitch_deg: float = -10.0, lens: bool = True) -> Fix:
    latitude, longitude = moved(*HOME, time_s, 0.0)
    frame = a_frame()
    return Fix(
        Pose(
            time_s, PoseClock.MEDIA, latitude, longitude, height_m=60.0, attitude=Attitude(yaw_deg, pitch_deg),
            lens=Lens.from_field_of_view(frame.width, frame.height, 70.0) if lens else None,
            accuracy=Accuracy(1.0, 1.0, 0.5),
        ),
        0.0,
    )  # fmt: skip


def look(findings: Findings, time_s: float, fix: Fix, *boxes: tuple[float, float, float, float]) -> None:
    findings.note(a_frame(time_s=time_s), fix, [Glimpse("smoke", box, 0.6) for box in boxes], time_s)


def test_a_plume_beyond_the_horizon_is_told_with_its_direction() -> None:
    findings = Findings()
    for second in range(4):
        look(findings, second, a_pose(second), FAR)
    (stretch,) = findings.without_place
    assert (stretch.count, stretch.best.bearing_deg) == (4, pytest.approx(40.0, abs=0.1))
    text = page(findings, EN)
    assert "seen from 22.55" in text
    assert "toward 40° from north" in text
    assert text.count("<img") == 1
    (feature,) = [each for each in json.loads(geojson(findings, EN))["features"] if each["geometry"] is None]
    assert feature["properties"]["hazard"] == "smoke"
    assert feature["properties"]["bearing_deg"] == 40


def test_without_a_lens_it_is_told_where_it_was_seen_from() -> None:
    findings = Findings()
    for second in range(4):
        look(findings, second, a_pose(second, lens=False), NEAR)
    text = page(findings, EN)
    assert "seen from 22.55" in text
    assert "toward" not in text
    assert "the lens is not known: a mission says it (camera.fov_deg)" in text


def test_one_picture_is_no_hazard() -> None:
    findings = Findings()
    look(findings, 0.0, a_pose(0.0), FAR)
    look(findings, 30.0, a_pose(30.0), FAR)
    assert findings.without_place == []
    assert findings.unplaced.reasons["smoke", "near or above the horizon"] == 2


def test_two_directions_are_two_and_long_after_is_another() -> None:
    findings = Findings()
    for second in range(4):
        look(findings, second, a_pose(second, yaw_deg=40), FAR)
        look(findings, second + 0.5, a_pose(second, yaw_deg=90), FAR)
    for second in range(60, 64):
        look(findings, second, a_pose(second, yaw_deg=40), FAR)
    assert sorted(round(each.best.bearing_deg or 0) for each in findings.without_place) == [40, 40, 90]


def test_what_has_a_place_too_is_told_once() -> None:
    findings = Findings()
    for second in range(4):
        look(findings, second, a_pose(second), NEAR, FAR)  # its foot is on the ground, its head above the horizon
    assert len(findings.places.believed) == 1
    assert findings.without_place == []
    for second in range(4, 8):
        look(findings, second, a_pose(second, yaw_deg=120), FAR)
    assert len(findings.without_place) == 1


def test_a_gap_in_the_telemetry_makes_no_second_hazard() -> None:
    findings = Findings()
    for second in range(12):
        look(findings, second, Fix(None, 2.0, "in a gap of 5 s") if 4 <= second < 8 else a_pose(second), NEAR)
    assert len(findings.places.believed) == 1
    assert findings.without_place == []
