"""A live source is decoded no more than its view asks for: real recordings, at their own speed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from edge.agent.desk import Desk, Look
from edge.agent.ids import Uuid7
from edge.agent.reader import Reader
from edge.clock import AgentClock
from edge.config import SourceSettings
from edge.sources import video
from edge.sources.catch_up import CatchUp
from edge.sources.turns import Turns
from pipelines.activity import Activity
from pipelines.frame import Frame
from pipelines.rules.restricted_zone import RestrictedZoneSettings
from pipelines.schedule import Situation, Tier, tier
from pipelines.watch import Watch, WatchPlan

FPS, KEYFRAME_S = 25, 1.0
MOVES_S = 5.0  # from here on something moves


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    """Eight seconds of a yard with sensor noise; a keyframe a second; from the fifth second on a box moves."""
    rng = np.random.default_rng(2)
    ground = np.kron(rng.integers(90, 150, (12, 16)), np.ones((20, 20))).astype(np.float32)
    path = tmp_path / "yard.mp4"
    with av.open(str(path), "w") as container:
        options = {"bf": "0", "x264-params": f"keyint={int(FPS * KEYFRAME_S)}:scenecut=0"}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(8 * FPS):
            luma = ground + rng.normal(0, 1.5, ground.shape)
            if number >= MOVES_S * FPS:
                left = 40 + 2 * (number - int(MOVES_S * FPS))
                luma[100:160, left : left + 50] = 220
            picture = av.VideoFrame(320, 240, "yuv420p")
            for index, plane in enumerate(picture.planes):
                rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
                rows[: plane.height, : plane.width] = np.clip(luma, 0, 255).astype(np.uint8) if index == 0 else 128
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


class Tape(Desk):
    """What a reader did: its tier after each look, also after those that nobody would have been in time to pick up."""

    def __init__(self) -> None:
        super().__init__()
        self.reader: Reader | None = None
        self._times_s: list[float] = []
        self._tiers: list[Tier] = []

    def put(self, look: Look) -> None:
        self._tiers += self._tier()
        self._times_s.append(look.frame.time_s)

    @property
    def looks(self) -> list[tuple[float, Tier]]:
        """Times count from the first look."""
        return [
            (t - self._times_s[0], tier) for t, tier in zip(self._times_s, [*self._tiers, *self._tier()], strict=True)
        ]

    def _tier(self) -> list[Tier]:
        """After the look before this one."""
        return [self.reader.tier] if self.reader is not None and self._times_s else []

    def tier_at(self, time_s: float) -> Tier:
        return [tier for at_s, tier in self.looks if at_s <= time_s][-1]


@contextmanager
def playing(url: Path, desk: Desk, **more: object) -> Iterator[Reader]:
    settings = SourceSettings.model_validate({"name": "gate", "url": str(url), "rules": [{"rule": "fire"}], **more})
    plan = WatchPlan("gate", (), max_gap_s=settings.max_gap_s)
    reader = Reader(settings, Watch(plan, Uuid7()), desk, 5.0, AgentClock())
    stop = threading.Event()
    if isinstance(desk, Tape):
        desk.reader = reader
    thread = threading.Thread(target=reader.run, args=(stop, lambda: None))
    thread.start()
    try:
        yield reader
    finally:
        stop.set()
        reader.close()
        thread.join(5)


def play(url: Path, **more: object) -> tuple[Tape, Reader]:
    """To the end."""
    tape = Tape()
    with playing(url, tape, **more) as reader:
        deadline = time.monotonic() + 60
        while not reader.ended and time.monotonic() < deadline:
            time.sleep(0.02)
    return tape, reader


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody wants to wait for a view to calm down."""
    monkeypatch.setattr(tier, "SETTLING_S", 2.0)
    monkeypatch.setattr(tier, "CALM_S", 1.0)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader leaves out that is behind, since the machine has other work, is not the question here."""
    monkeypatch.setattr(video, "CatchUp", partial(CatchUp, grace_s=60.0))


def test_a_still_view_falls_quiet_and_what_moves_is_seen_at_each_keyframe(yard: Path) -> None:
    tape, reader = play(yard)
    quiet = [at_s for at_s, tier in tape.looks if tier is Tier.QUIET]
    assert quiet
    assert min(quiet) < MOVES_S - 0.5
    assert tape.tier_at(MOVES_S - 0.1) is Tier.QUIET
    assert tape.tier_at(MOVES_S + KEYFRAME_S + 0.5) is Tier.STIRRED
    late = [at_s for at_s, _ in tape.looks if at_s > MOVES_S]
    assert max(b - a for a, b in pairwise(late)) < KEYFRAME_S + 0.3
    assert reader.stats.passed > 20
    assert reader.stats.keyframe_s == pytest.approx(KEYFRAME_S, abs=0.1)
    assert reader.wakeful == ""


def test_it_wakes_where_a_model_sees_what_a_rule_is_about_and_hides_nothing_of_what_it_passed_over(
    yard: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the inspector does it: the keyframe in which something moves is inspected, and the reader roused."""
    monkeypatch.setattr(Watch, "situation", _signs_when_it_stirs)
    tape, _ = play(yard)
    assert tape.tier_at(MOVES_S - 0.1) is Tier.QUIET
    assert tape.tier_at(MOVES_S + KEYFRAME_S + 0.5) is Tier.AWAKE
    # Awake again, it is looked at as often as ever.
    late = [at_s for at_s, _ in tape.looks if at_s > MOVES_S + KEYFRAME_S + 0.5]
    assert len(late) >= 4
    assert max(b - a for a, b in pairwise(late)) < 0.5


def _signs_when_it_stirs(_: Watch, __: Frame, activity: Activity) -> Situation:
    stirs = activity.stirring or activity.unsettled
    return Situation(stirs, pending=stirs)


def test_decode_all_means_all(yard: Path) -> None:
    tape, reader = play(yard, decode="all")
    assert {tier for _, tier in tape.looks} == {Tier.AWAKE}
    assert reader.stats.passed == 0
    assert reader.stats.frames == 8 * FPS
    assert reader.wakeful == "decode is all"


def test_keyframes_too_far_apart_for_the_view_keep_it_awake_and_it_says_why(yard: Path) -> None:
    tape, reader = play(yard, max_gap_s=0.5)
    assert {tier for _, tier in tape.looks} == {Tier.AWAKE}
    assert reader.stats.passed == 0
    assert reader.wakeful == "its keyframes are 1.0 s apart, its rules and max_gap_s allow 0.5 s"


def test_a_reader_that_gets_no_turn_to_decode_is_alive(yard: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A box with far too many cameras must not begin afresh for want of pictures: its threads do not hang."""
    monkeypatch.setattr(video, "DECODING", Turns(0))
    settings = SourceSettings.model_validate({"name": "gate", "url": str(yard), "rules": [{"rule": "fire"}]})
    reader = Reader(settings, Watch(WatchPlan("gate", ()), Uuid7()), Desk(), 5.0, AgentClock())
    stop, beats = threading.Event(), 0

    def beat() -> None:
        nonlocal beats
        beats += 1

    thread = threading.Thread(target=reader.run, args=(stop, beat))
    thread.start()
    thread.join(3)
    stop.set()
    reader.close()
    thread.join(5)
    assert reader.stats.frames == 0
    assert reader.stats.dropped > 0
    assert beats > 20


def test_a_quiet_reader_is_roused_at_once(yard: Path) -> None:
    desk = Desk()
    with playing(yard, desk, max_gap_s=3.0) as reader:
        while reader.tier is not Tier.QUIET:
            _, seen = desk.waiting()
            desk.wait(seen, 0.5)
        frames = reader.stats.frames
        reader.rouse()
        deadline = threading.Event()
        for _ in range(30):
            if reader.stats.frames > frames + 3:
                break
            deadline.wait(0.05)
        assert reader.stats.frames > frames + 3  # within 1.5 s; of keyframes alone there would have been one


def test_a_rule_that_alarms_at_the_first_look_needs_every_picture() -> None:
    at_once = RestrictedZoneSettings(zone="gate", dwell_s=0)
    assert at_once.unseen_s == 0
    assert RestrictedZoneSettings(zone="gate").unseen_s == 2.0
    assert RestrictedZoneSettings(zone="gate", dwell_s=5).unseen_s == 5.0
