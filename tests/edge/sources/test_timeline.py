"""Times always rise, whatever the stamps do."""

from __future__ import annotations

from itertools import pairwise

import pytest

from edge.clock import ManualClock
from edge.sources.timeline import LiveTimeline, RecordingTimeline
from pipelines.frame import Clock


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([0.0, 0.1, 0.2], [0.0, 0.1, 0.2]),
        ([5.0, 5.1, 5.2], [0.0, 0.1, 0.2]),  # begins anywhere
        ([0.0, 0.1, 7.0, 7.1], [0.0, 0.1, 7.0, 7.1]),  # a gap is a gap
        ([None, None, None], [0.0, 0.1, 0.2]),  # no stamps: the frame rate
        ([0.0, None, 0.2], [0.0, 0.1, 0.2]),
        ([0.0, 0.0, 0.0, 0.3], [0.0, 0.1, 0.2, 0.3]),  # stamps that stand still
        ([0.1, 0.3, 0.4, 0.2, 0.6], [0.0, 0.2, 0.3, 0.4, 0.5]),  # decoding order taken for time
        ([9.0, 9.1, 0.0, 0.1], [0.0, 0.1, 0.2, 0.3]),  # wrapped, or another recording behind
    ],
)
def test_recording(stamps: list[float | None], expected: list[float]) -> None:
    timeline = RecordingTimeline(1000.0, 0.1, None)
    timeline.packet(stamps[0])
    found = [timeline.picture(stamp) for stamp in stamps]
    assert [stamp.time_s for stamp in found] == pytest.approx(expected)
    assert [stamp.captured_s for stamp in found] == pytest.approx([1000.0 + s for s in expected])
    assert {stamp.clock for stamp in found} == {Clock.FILE}


def test_recording_that_tells_its_beginning() -> None:
    timeline = RecordingTimeline(0.0, 0.1, first_pts_s=1.4, origin_s=500.0)
    assert timeline.packet(1.6).time_s == pytest.approx(500.2)
    assert timeline.picture(1.5).time_s == pytest.approx(500.1)


def test_recording_that_begins_again() -> None:
    timeline = RecordingTimeline(0.0, 0.1, 0.0)
    for stamp in (0.0, 0.1, 0.2):
        timeline.picture(stamp)
    timeline.restart()
    assert timeline.packet(0.0).time_s == pytest.approx(0.3)
    assert timeline.picture(0.0).time_s == pytest.approx(0.3)


def test_live_smooths_the_networks_jitter() -> None:
    clock = ManualClock(monotonic=100.0)
    timeline = LiveTimeline(clock)
    times = []
    for number, delay_s in enumerate([0.02, 0.09, 0.0, 0.2, 0.0, 0.15, 0.0]):
        clock.advance(100.0 + number * 0.5 + delay_s - clock.monotonic())
        timeline.packet(number * 0.5)
        times.append(timeline.picture(number * 0.5).time_s)
    # From the first packet without delay on the times stand 0.5 s apart, though they arrived unevenly.
    assert [b - a for a, b in pairwise(times[2:])] == pytest.approx([0.5] * 4, abs=0.002)
    assert times[2] == pytest.approx(101.0)


def test_live_without_stamps_is_the_time_of_arrival() -> None:
    clock = ManualClock(monotonic=100.0)
    timeline = LiveTimeline(clock)
    assert timeline.packet(None).time_s == 100.0
    assert timeline.picture(None).time_s == 100.0
    assert timeline.picture(None).time_s > 100.0  # two at once still rise


@pytest.mark.parametrize("jump_s", [-40_000.0, 40_000.0])
def test_live_survives_a_jump_of_the_stamps(jump_s: float) -> None:
    clock = ManualClock(monotonic=100.0)
    timeline = LiveTimeline(clock)
    stamp_s = 50_000.0
    last_s = 0.0
    for number in range(40):
        clock.advance(0.1)
        stamp_s += 0.1 + (jump_s if number == 20 else 0.0)
        lag_s = clock.monotonic() - timeline.packet(stamp_s).time_s
        if lag_s > 1:  # what CatchUp does after a while
            timeline.slip(lag_s)
        time_s = timeline.picture(stamp_s).time_s
        assert time_s > last_s
        assert time_s == pytest.approx(clock.monotonic(), abs=0.05)
        last_s = time_s


@pytest.mark.parametrize("drift", [-0.0002, 0.0002])
def test_live_follows_a_camera_whose_clock_drifts(drift: float) -> None:
    clock = ManualClock(monotonic=0.0)
    timeline = LiveTimeline(clock)
    for number in range(20_000):  # 33 minutes at 10 a second
        stamp = timeline.packet(number * 0.1 * (1 + drift))
        assert clock.monotonic() - stamp.time_s < 0.1
        clock.advance(0.1)


@pytest.mark.parametrize(
    ("realtime_s", "clock", "captured_s"),
    [
        (None, Clock.AGENT, 1_800_000_000.0),  # no sender report yet
        (1_800_000_123.0, Clock.CAMERA, 1_800_000_128.0),  # stamp 0 was then; the stamp is 5
        (86_400.0, Clock.AGENT, 1_800_000_000.0),  # a camera that was never set: 1970
    ],
)
def test_whose_clock(realtime_s: float | None, clock: Clock, captured_s: float) -> None:
    timeline = LiveTimeline(ManualClock(now=1_800_000_000.0), lambda: realtime_s)
    stamp = timeline.packet(5.0)
    assert (stamp.clock, stamp.captured_s) == (clock, pytest.approx(captured_s))
