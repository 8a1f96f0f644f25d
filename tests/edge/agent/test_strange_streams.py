"""Streams of every strange kind beside a healthy one, live: each is looked at, and none holds another up."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from edge.agent.desk import Desk, Look
from edge.agent.ids import Uuid7
from edge.agent.inspector import Inspector
from edge.agent.reader import Reader
from edge.clock import AgentClock
from edge.config import SourceSettings
from edge.model_store import ModelStore
from edge.sources import State
from pipelines.detect import Detector
from pipelines.lane import LanePlan
from pipelines.watch import Inspection, Watch, WatchPlan
from tests.edge.sources.footage import make_clip

LASTS_S = 6.0
UNEVEN = [n + 3 * (n // 5) for n in range(50)]  # five pictures, then a gap of four
JUMP = [*range(20), *range(40, 70)]
ONE_KEYFRAME = {"x264-params": "keyint=500:scenecut=0", "bf": "0"}  # a turn of the clip is 2 s

KINDS: Mapping[str, dict[str, object]] = {
    "healthy": {"options": {"bf": "0"}},
    "variable rate": {"ticks": UNEVEN},
    "stamps that jump": {"ticks": JUMP},
    "B-frames": {"options": {"bf": "3"}},
    "keyframes too far apart": {"options": ONE_KEYFRAME},
    "HEVC": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "MJPEG": {"codec": "mjpeg", "pix_fmt": "yuvj420p", "suffix": "avi"},
    "no stamps": {"codec": "mpeg4", "suffix": "m4v"},
    "176×144": {"size": (176, 144)},
    "3840×2160": {"size": (3840, 2160)},
    "portrait": {"size": (240, 428)},
}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("strange")
    made = {}
    for number, (name, how) in enumerate(KINDS.items()):
        keywords = {"count": 50, **how}
        suffix = keywords.pop("suffix", "mp4")
        made[name] = make_clip(folder / f"{number}.{suffix}", **keywords)  # type: ignore[arg-type]
    return made


class Line:
    """Readers of all clips, and the one inspector they share."""

    def __init__(self, clips: Mapping[str, Path], detector: Detector) -> None:
        clock, desk = AgentClock(), Desk()
        plans = {name: WatchPlan(name, (LanePlan(detector, ()),), max_gap_s=1.5, interval_s=0.2) for name in clips}
        watches = {name: Watch(plan, Uuid7()) for name, plan in plans.items()}
        self.readers = {
            name: Reader(_settings(name, clip), watches[name], desk, 5.0, clock) for name, clip in clips.items()
        }
        self.inspector = Inspector(watches, desk, self._tell, lambda: None, clock)
        self.inspected: Counter[str] = Counter()
        self._stop = threading.Event()
        runs = [reader.run for reader in self.readers.values()] + [self.inspector.run]
        self._threads = [threading.Thread(target=run, args=(self._stop, lambda: None)) for run in runs]

    def run(self, seconds: float) -> None:
        for thread in self._threads:
            thread.start()
        time.sleep(seconds)
        late = time.monotonic() + 20  # two cores that have other work too decode 4K in software, but slowly
        while any(self.inspected[name] < 2 for name in self.readers) and time.monotonic() < late:
            time.sleep(0.1)
        self.states = {name: reader.stats.state for name, reader in self.readers.items()}

    def end(self) -> None:
        self._stop.set()
        for reader in self.readers.values():
            reader.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _tell(self, look: Look, _: Inspection) -> None:
        self.inspected[look.frame.source] += 1


def _settings(name: str, clip: Path) -> SourceSettings:
    return SourceSettings.model_validate({
        "name": name.replace("/", " "), "url": str(clip), "loop": True, "max_gap_s": 1.5, "rules": [{"rule": "fire"}],
    })  # fmt: skip


@pytest.fixture(scope="module")
def line(clips: dict[str, Path], root: Path) -> Iterator[Line]:
    model = ModelStore([root / "models"]).load("people-vehicles")
    line = Line(clips, Detector(model.card, model.weights))
    line.run(LASTS_S)
    yield line
    line.end()


@pytest.mark.parametrize("name", KINDS)
def test_each_is_read_and_inspected(line: Line, name: str) -> None:
    stats = line.readers[name].stats
    assert line.states[name] is State.STREAMING, stats.message
    assert stats.frames > 0
    assert line.inspected[name] >= 2  # its max_gap_s is 1.5 s


def test_none_holds_up_the_healthy_one(line: Line) -> None:
    assert line.readers["healthy"].stats.frames + line.readers["healthy"].stats.passed >= LASTS_S * 25 * 0.7


def test_keyframes_that_are_too_far_apart_are_named(line: Line) -> None:
    assert "keyframes are" in line.readers["keyframes too far apart"].wakeful
    assert "MJPEG" not in line.readers["MJPEG"].wakeful
