"""A reader hands on looks at the rate of the analysis; a real recording, the real prefilter."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from threading import Semaphore

import cv2
import numpy as np
import pytest

from edge.agent.desk import Desk, Look
from edge.agent.ids import Uuid7
from edge.agent.reader import Reader
from edge.clock import AgentClock
from edge.config import SourceSettings
from edge.sources import State
from pipelines.watch import Watch, WatchPlan


def read_all(url: Path, desk: Desk | None = None, **more: object) -> tuple[Reader, list[Look]]:
    """Read a recording as fast as it goes, taking every look."""
    desk = desk or Desk()
    rule = {"rule": "fire"}
    settings = SourceSettings.model_validate({"name": "gate", "url": str(url), "pace": "fast", "rules": [rule], **more})
    reader = Reader(settings, Watch(WatchPlan("gate", ()), Uuid7()), desk, 5.0, AgentClock())
    stop = threading.Event()
    beats: list[int] = []
    thread = threading.Thread(target=reader.run, args=(stop, lambda: beats.append(1)))
    thread.start()
    looks: list[Look] = []
    while thread.is_alive() or desk.waiting()[0]:
        waiting, seen = desk.waiting()
        for look in waiting:
            looks.append(look)
            desk.take(look)
        desk.wait(seen, 0.05)
    assert len(beats) >= reader.stats.frames
    return reader, looks


@pytest.mark.parametrize(
    ("fps", "count"),
    [
        pytest.param(5, 30, id="every other frame of ten a second"),
        pytest.param(4, 24, id="a rate that does not divide the camera's"),
        pytest.param(30, 60, id="more than the camera gives"),
        pytest.param(0.5, 3, id="one in two seconds"),
    ],
)
def test_looks_come_at_the_rate_of_the_analysis(clip: Path, fps: float, count: int) -> None:
    reader, looks = read_all(clip, analysis_fps=fps)
    assert len(looks) == count
    assert reader.stats.frames == 60
    assert reader.ended
    assert [look.frame.sequence for look in looks] == sorted({look.frame.sequence for look in looks})


def test_a_folder_of_pictures_is_read_at_its_own_rate(tmp_path: Path) -> None:
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((64, 64, 3), 60 * number, np.uint8))
    _, looks = read_all(tmp_path, fps=4)
    assert [look.frame.time_s for look in looks] == pytest.approx([0, 0.25, 0.5, 0.75])


def test_a_reader_that_waits_for_its_camera_is_alive() -> None:
    settings = SourceSettings.model_validate(
        {"name": "gate", "url": "rtsp://127.0.0.1:1/a", "rules": [{"rule": "fire"}]}
    )
    reader = Reader(settings, Watch(WatchPlan("gate", ()), Uuid7()), Desk(), 5.0, AgentClock())
    stop, beats = threading.Event(), Semaphore(0)
    thread = threading.Thread(target=reader.run, args=(stop, beats.release))
    thread.start()
    try:
        # No frame ever comes, and the waits grow longer: nothing but the wait itself can beat.
        assert all(beats.acquire(timeout=10) for _ in range(3))
        assert reader.stats.frames == 0
    finally:
        stop.set()
        reader.close()
        thread.join(5)
    assert not thread.is_alive()


def test_a_drill_is_drawn_and_marked(clip: Path) -> None:
    smoke = {"kind": "smoke", "at": [0.5, 0.9], "start_s": 0, "grow_s": 1}
    _, plain = read_all(clip)
    reader, drilled = read_all(clip, drill={"items": [smoke]})
    assert not any(look.frame.drill for look in plain)
    assert all(look.frame.drill for look in drilled)
    assert (plain[-1].frame.y != drilled[-1].frame.y).any()
    assert reader.drill is not None


def garbage(folder: Path) -> Path:
    path = folder / "garbage.mp4"
    path.write_bytes(b"no video " * 1000)
    return path


@pytest.mark.parametrize("make", [garbage, lambda folder: folder / "missing.mp4"], ids=["garbage", "missing"])
def test_a_source_of_no_use_ends_its_reader_and_is_named(
    tmp_path: Path, make: Callable[[Path], Path], caplog: pytest.LogCaptureFixture
) -> None:
    reader, looks = read_all(make(tmp_path))
    assert not looks
    assert reader.ended
    assert reader.stats.state is State.UNUSABLE
    assert [r.getMessage() for r in caplog.records] == ["source unusable, the others go on"]


def test_closing_ends_a_live_reader_at_once(clip: Path) -> None:
    settings = SourceSettings.model_validate(
        {"name": "gate", "url": str(clip), "loop": True, "rules": [{"rule": "fire"}]}
    )
    reader = Reader(settings, Watch(WatchPlan("gate", ()), Uuid7()), Desk(), 5.0, AgentClock())
    stop = threading.Event()
    thread = threading.Thread(target=reader.run, args=(stop, lambda: None))
    thread.start()
    while reader.stats.frames < 3:
        stop.wait(0.01)
    stop.set()
    reader.close()
    thread.join(1.0)
    assert not thread.is_alive()
    assert not reader.ended  # it was stopped: there would have been more
