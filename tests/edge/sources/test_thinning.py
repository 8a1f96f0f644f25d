"""Which packets are decoded: drawn groups of pictures, then real streams of every kind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import av
import pytest

from edge.clock import AgentClock
from edge.evidence.ring import PacketRing
from edge.sources import Pace, Source, open_source
from edge.sources.thinning import Thinning
from pipelines.frame import Frame
from tests.edge.sources.footage import make_clip, number_of


def feed(thinning: Thinning[int], numbers: range, group: int, step_s: float) -> list[int]:
    """The packets decoded of those with these numbers; each `group`th is a keyframe."""
    return [taken for number in numbers for taken in come(thinning, number, number * step_s, number % group == 0)]


def come(thinning: Thinning[int], number: int, time_s: float, keyframe: bool) -> list[int]:
    """A packet comes: what is decoded now."""
    thinning.mark(time_s, keyframe)
    return list(thinning.take(number, time_s, keyframe))


def test_awake_every_packet_is_decoded() -> None:
    assert feed(Thinning(), range(100), 50, 0.04) == list(range(100))


def test_quiet_only_keyframes_are() -> None:
    thinning: Thinning[int] = Thinning()
    feed(thinning, range(150), 50, 0.04)
    thinning.within_s = 3.0
    # The keyframe right after a picture that was decoded tells nothing new.
    assert feed(thinning, range(150, 350), 50, 0.04) == [200, 250, 300]
    assert thinning.quiet
    assert thinning.passed == 50 + 2 * 49  # the last group may still be wanted


def test_who_can_not_keep_up_knows_how_far_apart_keyframes_are_all_the_same() -> None:
    thinning: Thinning[int] = Thinning()
    feed(thinning, range(150), 50, 0.04)
    thinning.within_s = 3.0
    for number in range(150, 450):  # all of it was skipped
        thinning.mark(number * 0.04, number % 50 == 0)
        thinning.lost()
    assert thinning.keyframe_s == pytest.approx(2.0)
    assert feed(thinning, range(450, 500), 50, 0.04) == [450]


def test_no_keyframe_is_passed_over_if_the_next_would_come_late() -> None:
    thinning: Thinning[int] = Thinning()
    feed(thinning, range(135), 50, 0.04)
    thinning.within_s = 3.0
    assert feed(thinning, range(135, 260), 50, 0.04) == [150, 200, 250]


def test_waking_takes_what_was_passed_over_since_the_keyframe_and_nothing_twice() -> None:
    thinning: Thinning[int] = Thinning()
    feed(thinning, range(150), 50, 0.04)
    thinning.within_s = 3.0
    feed(thinning, range(150, 220), 50, 0.04)
    thinning.within_s = None
    assert feed(thinning, range(220, 223), 50, 0.04) == list(range(201, 223))


def test_falling_quiet_amid_a_group_and_waking_in_it_misses_nothing() -> None:
    thinning: Thinning[int] = Thinning()
    feed(thinning, range(120), 50, 0.04)
    thinning.within_s = 3.0
    assert feed(thinning, range(120, 130), 50, 0.04) == []
    thinning.within_s = None
    assert feed(thinning, range(130, 131), 50, 0.04) == list(range(120, 131))


def test_a_keyframe_that_does_not_come_wakes() -> None:
    thinning: Thinning[int] = Thinning()
    feed(thinning, range(100), 50, 0.04)
    thinning.within_s = 3.0
    late = [n for n in range(101, 250) for n in come(thinning, n, n * 0.04, n == 100)]
    # The last keyframe was number 50: from 3 s after it on, all are decoded, those passed over first.
    assert late == list(range(101, 250))
    assert thinning.keyframe_s == pytest.approx((249 - 50) * 0.04)


def test_where_every_picture_is_a_keyframe_one_in_two_seconds_is_enough() -> None:
    thinning: Thinning[int] = Thinning()
    feed(thinning, range(50), 1, 0.1)
    thinning.within_s = 4.0
    taken = feed(thinning, range(50, 150), 1, 0.1)
    assert [b - a for a, b in pairwise(taken)] == [22, 22, 22]  # 2 s and a little, so that 2 s keyframes fit as well
    thinning.within_s = None
    assert feed(thinning, range(150, 151), 1, 0.1) == [150]


def test_after_a_loss_nothing_is_decoded_before_a_keyframe() -> None:
    thinning: Thinning[int] = Thinning()
    feed(thinning, range(60), 50, 0.04)
    thinning.lost()
    assert feed(thinning, range(70, 103), 50, 0.04) == [100, 101, 102]


def test_the_longest_time_between_keyframes_counts_also_one_that_is_still_open() -> None:
    thinning: Thinning[int] = Thinning()
    assert thinning.keyframe_s is None
    feed(thinning, range(50), 50, 0.04)
    assert thinning.keyframe_s is None
    feed(thinning, range(50, 60), 50, 0.04)
    assert thinning.keyframe_s == pytest.approx(2.0)
    feed(thinning, range(101, 200), 1000, 0.04)
    assert thinning.keyframe_s == pytest.approx((199 - 50) * 0.04)


KINDS = [
    pytest.param("libx264", {"bf": "0"}, id="no pictures out of order"),
    pytest.param("libx264", {"bf": "3", "b-adapt": "0"}, id="B-frames"),
    pytest.param("libx264", {"bf": "2", "x264-params": "open-gop=1"}, id="open groups"),
    pytest.param("libx265", {"x265-params": "log-level=none:keyint=10:bframes=3"}, id="HEVC"),
    pytest.param("mpeg4", {"bf": "0", "qmin": "1", "qmax": "1"}, id="MPEG-4"),
    pytest.param("mjpeg", {}, id="MJPEG"),
]


class Seen:
    """A source read as a reader does: what each frame asks for is set before the next is read."""

    def __init__(self, source: Source, asks: Callable[[Frame], float | None]) -> None:
        self.numbers: list[int] = []
        self.times_s: list[float] = []
        for frame in source.frames():
            self.numbers.append(number_of(frame))
            self.times_s.append(frame.time_s)
            source.keyframes_within_s = asks(frame)
        self.stats = source.stats


def slow_clip(path: Path, codec: str, options: dict[str, str]) -> Path:
    """Fifty pictures, one a second, a keyframe every tenth: quiet sees each of those."""
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    return make_clip(path, codec=codec, options=options, pix_fmt=pix_fmt, ticks=[25 * n for n in range(50)])


@pytest.mark.parametrize(("codec", "options"), KINDS)
def test_quiet_shows_keyframes_at_once_and_the_end_of_a_recording(
    tmp_path: Path, codec: str, options: dict[str, str]
) -> None:
    clip = slow_clip(tmp_path / "clip.mkv", codec, options)
    shown, arrived = quiet_of(codec, keyframes_of(clip))
    seen = Seen(open_source("gate", str(clip), pace=Pace.FAST), lambda _: 100.0)
    # Pictures that the decoder held when it fell quiet may come first.
    assert [number for number in seen.numbers if number >= arrived] == [*shown, *range(shown[-1] + 1, 50)]
    assert seen.times_s == [float(number) for number in seen.numbers]
    assert seen.stats.corrupt == 0


@pytest.mark.parametrize(("codec", "options"), KINDS)
def test_waking_shows_every_picture_once_and_whole(tmp_path: Path, codec: str, options: dict[str, str]) -> None:
    clip = slow_clip(tmp_path / "clip.mkv", codec, options)
    shown, arrived = quiet_of(codec, keyframes_of(clip))
    woken = min(number for number in shown if number >= 20)

    def asks(frame: Frame) -> float | None:
        return 100.0 if number_of(frame) < woken else None

    seen = Seen(open_source("gate", str(clip), pace=Pace.FAST), asks)
    assert [number for number in seen.numbers if number >= arrived] == [
        *(number for number in shown if number < woken), *range(woken, 50)
    ]  # fmt: skip
    assert seen.times_s == [float(number) for number in seen.numbers]
    assert seen.stats.corrupt == 0


def quiet_of(codec: str, keyframes: list[int]) -> tuple[list[int], int]:
    """Which pictures are shown in quiet, once it is settled, and the first of them."""
    # MJPEG: one in two seconds of those that come each second.
    settled = list(range(2, 50, 2)) if codec == "mjpeg" else [number for number in keyframes if number >= 10]
    return settled, settled[0]


def keyframes_of(clip: Path) -> list[int]:
    """Numbers of the pictures at which decoding can begin."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        base = stream.time_base
        assert base is not None
        return [
            round(float(packet.pts * base))
            for packet in container.demux(stream)
            if packet.is_keyframe and packet.pts is not None
        ]


def test_the_ring_gets_every_packet_also_in_quiet(tmp_path: Path) -> None:
    clip = slow_clip(tmp_path / "clip.mkv", "libx264", {"bf": "0"})
    ring = PacketRing("gate", 1000.0, 2**24)
    Seen(open_source("gate", str(clip), pace=Pace.FAST, ring=ring), lambda _: 100.0)
    window = ring.window(0.0, 1000.0)
    assert window is not None
    assert len(window.packets) == 50


def test_another_thread_can_wake_it_within_a_picture(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mkv", count=50, options={"bf": "0", "x264-params": "keyint=1000:scenecut=0"})
    source = open_source("gate", str(clip), pace=Pace.LIVE, clock=AgentClock())
    shown: list[tuple[float, int]] = []
    woken_s: list[float] = []

    def wake() -> None:
        woken_s.append(time.monotonic())
        source.keyframes_within_s = None

    for frame in source.frames():
        shown.append((time.monotonic(), number_of(frame)))
        if len(shown) == 1:
            source.keyframes_within_s = 100.0
            threading.Timer(1.0, wake).start()
    first_after_s, _ = shown[1]
    assert 0 <= first_after_s - woken_s[0] < 0.5
    assert [number for _, number in shown] == list(range(50))  # those passed over came in one go
    assert source.stats.frames == 50


@pytest.mark.parametrize(("codec", "options"), KINDS[:3])
def test_what_quiet_passed_over_is_counted_once(tmp_path: Path, codec: str, options: dict[str, str]) -> None:
    clip = slow_clip(tmp_path / "clip.mkv", codec, options)
    source = open_source("gate", str(clip), pace=Pace.FAST)
    source.keyframes_within_s = 100.0
    shown = [number_of(frame) for frame in source.frames()]
    last = max(keyframes_of(clip))
    assert source.stats.passed == last - len([number for number in shown if number < last])


@pytest.mark.parametrize(("codec", "options"), KINDS[:4])
def test_a_loop_that_ends_with_a_keyframe_shows_the_keyframes_of_each_turn(
    tmp_path: Path, codec: str, options: dict[str, str]
) -> None:
    clip = make_clip(
        tmp_path / "clip.mkv", codec=codec, options=options, count=41, ticks=[25 * n for n in range(41)]
    )  # fmt: skip
    source = open_source("gate", str(clip), pace=Pace.FAST, loop=True)
    source.keyframes_within_s = 100.0
    frames = source.frames()
    firsts = [number_of(next(frames)) for _ in range(24)]
    source.close()
    assert firsts.count(keyframes_of(clip)[1]) >= 2
    assert firsts.count(0) >= 2
