"""A sub-stream watches while the view is quiet; the main stream is hardly decoded then, and all of it is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from edge.agent.desk import Desk
from edge.agent.ids import Uuid7
from edge.agent.reader import Reader
from edge.clock import AgentClock
from edge.config import SourceSettings
from edge.model_store import ModelStore
from pipelines.detect import Detector
from pipelines.lane import LanePlan
from pipelines.rules.fire import FireSettings
from pipelines.schedule import Tier, tier
from pipelines.watch import Watch, WatchPlan

FPS = 25
LASTS_S, MOVES_S = 14.0, 11.0


def film(path: Path, size: tuple[int, int], keyframe_s: float, seconds: float = LASTS_S) -> Path:
    """A yard with sensor noise; from the eleventh second on a box moves through it."""
    rng = np.random.default_rng(2)
    wide, tall = size
    ground = np.kron(rng.integers(90, 150, (12, 16)), np.ones((tall // 12, wide // 16))).astype(np.float32)
    with av.open(str(path), "w") as container:
        options = {"bf": "0", "x264-params": f"keyint={int(FPS * keyframe_s)}:scenecut=0"}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = wide, tall, "yuv420p"
        for number in range(int(seconds * FPS)):
            luma = ground + rng.normal(0, 1.5, ground.shape)
            if number >= MOVES_S * FPS:
                left = int(wide * (0.1 + 0.006 * (number - MOVES_S * FPS)))
                luma[tall // 3 : 2 * tall // 3, left : left + wide // 6] = 220
            picture = av.VideoFrame(wide, tall, "yuv420p")
            for index, plane in enumerate(picture.planes):
                rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
                rows[: plane.height, : plane.width] = np.clip(luma, 0, 255).astype(np.uint8) if index == 0 else 128
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    return {
        "main": film(folder / "main.mp4", (640, 480), 2.0),
        "rare": film(folder / "rare.mp4", (640, 480), 5.0),
        "sub": film(folder / "sub.mp4", (320, 240), 1.0),
        "short": film(folder / "short.mp4", (320, 240), 1.0, 4.0),
        "none": folder / "none.mp4",
        "wide": film(folder / "wide.mp4", (320, 180), 1.0),
    }


class Tape:
    """What a reader did, from its first look on."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.looks: list[tuple[float, Tier]] = []
        self.faults: list[tuple[float, str]] = []

    def note(self, at_s: float) -> None:
        self.looks.append((at_s, self.reader.tier))
        self.faults.append((at_s, self.reader.sub_fault))

    def quiet(self) -> list[float]:
        return [at_s for at_s, tier in self.looks if tier is Tier.QUIET]

    def blind(self) -> float:
        """The longest time without a picture of the main stream before something moves."""
        before = [at_s for at_s, _ in self.looks if at_s < MOVES_S]
        return max(b - a for a, b in pairwise([*before, MOVES_S]))


@pytest.fixture(scope="module", name="lanes")
def _lanes(root: Path) -> tuple[LanePlan, ...]:
    """A rule that wants to see its view every four seconds."""
    model = ModelStore([root / "models"]).load("fire-smoke")
    return (LanePlan(Detector(model.card, model.weights), (FireSettings(),)),)


PAIRS = (("main", "sub"), ("rare", "sub"), ("rare", None), ("main", "short"), ("main", "none"), ("main", "wide"))
Tapes = Mapping[tuple[str, str | None], Tape]


@pytest.fixture(scope="module")
def tapes(lanes: tuple[LanePlan, ...], films: dict[str, Path]) -> Tapes:
    """All of them at the same time, since they are live."""
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(len(PAIRS)) as pool:
        # Nobody wants to wait for a view to calm down.
        patch.setattr(tier, "SETTLING_S", 2.0)
        patch.setattr(tier, "CALM_S", 1.0)
        waiting = {
            (main, sub): pool.submit(_play, lanes, films[main], None if sub is None else films[sub])
            for main, sub in PAIRS
        }
        return {pair: one.result() for pair, one in waiting.items()}


@contextmanager
def running(settings: SourceSettings, lanes: tuple[LanePlan, ...], desk: Desk) -> Iterator[Reader]:
    plan = WatchPlan("gate", lanes, max_gap_s=settings.max_gap_s)
    reader = Reader(settings, Watch(plan, Uuid7()), desk, 8.0, AgentClock())
    stop = threading.Event()
    runs = [reader.run] + ([reader.sub.run] if reader.sub is not None else [])
    threads = [threading.Thread(target=run, args=(stop, lambda: None)) for run in runs]
    for thread in threads:
        thread.start()
    try:
        yield reader
    finally:
        stop.set()
        reader.close()
        for thread in threads:
            thread.join(5)
            assert not thread.is_alive()


def _play(lanes: tuple[LanePlan, ...], url: Path, sub: Path | None) -> Tape:
    desk = Desk()
    settings = SourceSettings.model_validate({
        "name": "gate", "url": str(url), "sub_url": None if sub is None else str(sub), "max_gap_s": 10.0,
        "rules": [{"rule": "fire"}],
    })  # fmt: skip
    with running(settings, lanes, desk) as reader:
        tape, begun_s = Tape(reader), None
        while not reader.ended:
            waiting, seen = desk.waiting()
            for look in waiting:
                begun_s = begun_s if begun_s is not None else look.frame.time_s
                tape.note(look.frame.time_s - begun_s)
                desk.take(look)
            desk.wait(seen, 0.02)
    return tape


def test_the_sub_stream_watches_and_the_main_stream_is_hardly_decoded(tapes: Tapes) -> None:
    tape = tapes["main", "sub"]
    assert tape.quiet()
    # Without the sub-stream there is a keyframe every two seconds.
    assert tape.blind() > 2.5
    assert tapes["main", "none"].blind() < 2.5
    # What moves is looked at within a keyframe interval of the sub-stream, without waiting for one of the main stream,
    # and at each of them from then on.
    stirred = [at_s for at_s, tier in tape.looks if at_s > MOVES_S and tier is Tier.STIRRED]
    assert stirred[0] < MOVES_S + 1.0 + 0.5
    assert max(b - a for a, b in pairwise([*stirred, LASTS_S])) < 2.5


def test_what_was_not_decoded_is_kept_for_evidence(tapes: Tapes) -> None:
    tape = tapes["main", "sub"]
    ring = tape.reader.ring
    newest_s = ring.window(0.0, float("inf"))
    assert newest_s is not None
    end_s = newest_s.packets[-1].stamp.time_s
    window = ring.window(end_s - 7.0, end_s)
    assert window is not None
    steps = [b.stamp.time_s - a.stamp.time_s for a, b in pairwise(window.packets)]
    assert len(window.packets) >= 7 * FPS
    assert max(steps) < 0.1  # every packet of the main stream, the quiet time before the alarm included


def test_with_a_sub_stream_keyframes_may_be_far_apart(tapes: Tapes) -> None:
    assert tapes["rare", "sub"].quiet()
    alone = tapes["rare", None]
    assert not alone.quiet()
    assert "its keyframes are 5.0 s apart" in alone.reader.wakeful
    # They are too far apart to tell what it is that moves.
    awake = [at_s for at_s, tier in tapes["rare", "sub"].looks if at_s > MOVES_S and tier is Tier.AWAKE]
    assert awake[0] < MOVES_S + 1.0 + 0.5
    assert max(b - a for a, b in pairwise(awake)) < 0.6


def test_a_sub_stream_that_is_lost_costs_nothing_but_decoding(tapes: Tapes) -> None:
    tape = tapes["main", "short"]
    assert tape.faults[-1][1]
    # Keyframes every two seconds again, and it sees for itself what moves.
    assert any(at_s > MOVES_S and tier is Tier.STIRRED for at_s, tier in tape.looks)
    gaps = [b - a for (a, _), (b, _) in pairwise(tape.looks)]
    assert max(gaps) < 5.0


def test_one_that_never_comes_is_named_and_the_main_stream_goes_on(tapes: Tapes) -> None:
    tape = tapes["main", "none"]
    assert "none.mp4" in tape.faults[-1][1]
    assert tape.quiet()  # as without one


def test_one_of_another_shape_does_not_watch(tapes: Tapes) -> None:
    tape = tapes["main", "wide"]
    assert "is 320×180, the main stream 640×480: they do not show the same view" in tape.faults[-1][1]
    assert tape.blind() < 2.5


def test_where_everything_is_decoded_there_is_none(films: dict[str, Path]) -> None:
    settings = {"name": "gate", "url": str(films["main"]), "sub_url": str(films["sub"]), "decode": "all"}
    made = SourceSettings.model_validate({**settings, "rules": [{"rule": "fire"}]})
    reader = Reader(made, Watch(WatchPlan("gate", ()), Uuid7()), Desk(), 5.0, AgentClock())
    assert reader.sub is None
