from __future__ import annotations

import numpy as np
import pytest

from calibration.pose import Above, Attitude, Pose, PoseClock
from calibration.terrain import Terrain
from edge.clock import AgentClock
from edge.config.telemetry import TelemetrySettings
from edge.sources.telemetry.live import LiveTrack
from pipelines.frame import Clock
from pipelines.rules.grounded import Moment

UTC_S = 1_790_000_000.0


class Time(AgentClock):
    """Both clocks of an agent."""

    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s

    def now(self) -> float:
        return UTC_S + self.now_s


def pose(time_s: float, latitude: float = 22.55, **more: object) -> Pose:
    said = {"height_m": 40.0, "attitude": Attitude(0.0, -40.0), **more}
    return Pose(time_s, PoseClock.UTC, latitude, 114.05, **said)  # type: ignore[arg-type]


def a_track(time: Time, **more: object) -> LiveTrack:
    hints = TelemetrySettings.model_validate({"url": "mqtt://host/topic", "camera": {"fov_deg": 70}}).hints
    track = LiveTrack(hints, time, **more)  # type: ignore[arg-type]
    track.size = (640, 360)
    return track


def hear(track: LiveTrack, time: Time, *, clock_off_s: float = 0.0, late_s: float = 0.3) -> None:
    """Four poses, a second apart, each a ten-thousandth of a degree north of the one before."""
    for k in range(4):
        time.now_s = 100.0 + k + late_s
        track.hear(pose(UTC_S + 100.0 + k + clock_off_s, 22.55 + 1e-4 * k))


def test_pictures_without_a_clock_of_their_own_are_joined_by_when_poses_arrived() -> None:
    time = Time()
    track = a_track(time)
    assert track.at(Moment(100.0, 0.0, Clock.AGENT)).pose is None
    hear(track, time, clock_off_s=-86_400.0)
    fix = track.at(Moment(101.8, UTC_S, Clock.AGENT))
    assert fix.settled
    assert fix.pose is not None
    assert fix.pose.latitude_deg == pytest.approx(22.55 + 1.5e-4)
    assert fix.pose.lens is not None
    assert fix.pose.lens.width == 640


def test_pictures_with_their_cameras_time_are_joined_by_the_senders_if_that_is_set() -> None:
    time = Time()
    track = a_track(time)
    hear(track, time)
    fix = track.at(Moment(103.3, UTC_S + 101.5, Clock.CAMERA))
    assert fix.pose is not None
    assert fix.pose.latitude_deg == pytest.approx(22.55 + 1.5e-4)
    wrong = a_track(time)
    hear(wrong, time, clock_off_s=-3600.0)
    fix = wrong.at(Moment(101.8, UTC_S + 103.0, Clock.CAMERA))
    assert fix.pose is not None
    assert fix.pose.latitude_deg == pytest.approx(22.55 + 1.5e-4), "a sender an hour late: by arrival"


def test_a_pose_that_may_still_be_bettered_says_so_and_old_ones_are_forgotten() -> None:
    time = Time()
    track = a_track(time, offset_s=-1.0)
    hear(track, time)
    assert track.at(Moment(104.1, 0.0, Clock.AGENT)).settled, "the offset counts"
    assert not track.at(Moment(104.6, 0.0, Clock.AGENT)).settled
    assert track.age_s == 0
    time.now_s = 300.0
    track.hear(pose(UTC_S + 300.0))
    gone = track.at(Moment(102.0, 0.0, Clock.AGENT))
    assert gone.pose is None
    assert gone.reason is not None
    assert "before the first" in gone.reason


def test_heights_above_take_off_begin_where_the_first_pose_was() -> None:
    time = Time()
    heights = np.tile(np.arange(40.0)[:, None] * 10, (1, 40))  # 10 m a thousandth of a degree northward
    terrain = Terrain(22.54, 114.03, (1e-3, 1e-3), heights)
    track = a_track(time, terrain=terrain)
    for k in range(3):
        time.now_s = 100.0 + k
        track.hear(pose(UTC_S + 100 + k, 22.55 + 1e-4 * k, height_m=40.0 + k, height_above=Above.TAKEOFF))
    fix = track.at(Moment(102.0, 0.0, Clock.AGENT))
    assert fix.pose is not None
    assert fix.pose.altitude_m == pytest.approx(100.0 + 42.0)


def test_an_offset_that_nobody_told_is_found_from_a_turn() -> None:
    time = Time()
    track, told = a_track(time), a_track(time, offset_s=0.5)
    late_s = 1.2

    def yaw(at_s: float) -> float:
        return float(80 / (1 + np.exp(-(at_s - 120) * 1.5)))

    for k in range(400):
        time.now_s = at_s = 100.0 + k / 10
        for each in (track, told):
            each.hear(pose(UTC_S + at_s, attitude=Attitude(yaw(at_s), -40.0)))
            if k % 2 == 0:  # what the picture of now shows was some time ago
                shown_s = at_s - late_s
                each.turned(Moment(at_s, 0.0, Clock.AGENT), (yaw(shown_s + 0.1) - yaw(shown_s - 0.1)) / 0.2 / 70)
    assert track.offset_s == pytest.approx(-late_s, abs=0.2)
    assert told.offset_s == 0.5, "what the installer says counts"
