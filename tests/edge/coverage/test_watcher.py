"""The watcher on its own: a camera that sends a picture a minute is offline once, and a restart goes on."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge.clock import ManualClock
from edge.coverage.incidents import CoverageIncidents
from edge.coverage.watcher import Watcher
from edge.delivery.contract import CoverageEvent, CoverageReport
from edge.delivery.entries import Kind
from edge.delivery.outbox import Outbox
from edge.sources import SourceStats, State
from pipelines.coverage import Coverage, ViewFault
from pipelines.rules.base import Hours
from pipelines.schedule import Tier
from tests.edge.delivery.builders import TOPICS


class Stand:
    """One view, whose figures a test sets."""

    def __init__(self, data: Path, outbox: Outbox, clock: ManualClock, hours: Hours | None = None) -> None:
        self.clock = clock
        self.stats = SourceStats(state=State.STREAMING, last_frame_s=clock.monotonic())
        self.reader = SimpleNamespace(live=True, coverage=Coverage(), stats=self.stats, tier=Tier.AWAKE)
        self.age_s: float | None = 0.0
        self.reports: list[CoverageReport] = []
        self._outbox = outbox
        ids = iter(f"id{k}" for k in range(1000))
        incidents = CoverageIncidents(outbox, TOPICS, {}, "en", ids.__next__, clock.now)
        inspector: Any = SimpleNamespace(stats=lambda _: SimpleNamespace(age_s=self.age_s))
        plans: Any = {"gate": SimpleNamespace(hours=hours, max_gap_s=10.0)}
        readers: Any = {"gate": self.reader}
        self.watcher = Watcher(readers, plans, inspector, incidents, data, self.reports.append, clock)
        incidents.restore()

    def run(self, seconds: float, *, frames: bool = True) -> None:
        for _ in range(int(seconds * 2)):
            self.clock.advance(0.5)
            if frames:
                self.frame()
            self.watcher.tick()

    def frame(self) -> None:
        self.reader.stats = replace(self.reader.stats, last_frame_s=self.clock.monotonic())

    def told(self) -> list[tuple[str, str]]:
        entries = [entry for entry in self._outbox.waiting() if entry.kind is Kind.EVENT]
        events = [CoverageEvent.model_validate_json(entry.payload or b"") for entry in entries]
        return [(str(event.data.fault.kind), event.data.phase) for event in events]


@pytest.fixture
def stand(tmp_path: Path, outbox: Outbox) -> Stand:
    return Stand(tmp_path, outbox, ManualClock())


@pytest.fixture
def outbox(tmp_path: Path) -> Any:
    with Outbox(tmp_path / "outbox.db") as opened:
        yield opened


def test_a_picture_a_minute_is_offline_once(stand: Stand) -> None:
    stand.run(20)
    for _ in range(5):
        stand.run(60, frames=False)
        stand.frame()
    assert stand.told() == [("offline", "open")]
    stand.run(20)
    assert stand.told() == [("offline", "open"), ("offline", "cleared")]


def test_it_is_named_within_ten_seconds(stand: Stand) -> None:
    stand.run(20)
    stand.run(6, frames=False)
    assert stand.told() == [("offline", "open")]


def test_nobody_looks_at_it(stand: Stand) -> None:
    stand.run(20)
    stand.age_s = 16.0
    stand.run(1)
    assert stand.told() == [("uninspected", "open")]
    assert stand.watcher.unfit("gate") is None  # what pictures there are prove something


def test_it_is_told_again_more_and_more_seldom(stand: Stand) -> None:
    stand.run(20)
    stand.run(3 * 3600, frames=False)
    assert [phase for _, phase in stand.told()] == ["open", "update", "update", "update"]


def test_a_restart_goes_on_with_what_lasts_and_ends_what_does_not(tmp_path: Path, outbox: Outbox) -> None:
    clock = ManualClock()
    first = Stand(tmp_path, outbox, clock)
    first.run(20)
    first.run(30, frames=False)
    again = Stand(tmp_path, outbox, clock)
    again.run(5)
    assert again.told() == [("offline", "open")]  # too early to say
    again.run(30)
    assert again.told() == [("offline", "open"), ("offline", "cleared")]


def test_out_of_its_hours_nothing_is_counted(tmp_path: Path, outbox: Outbox) -> None:
    clock = ManualClock()
    never = SimpleNamespace(include=lambda _: False)
    stand = Stand(tmp_path, outbox, clock, hours=never)  # type: ignore[arg-type]
    stand.run(60, frames=False)
    assert stand.told() == []
    assert stand.watcher.share("gate") is None


def test_the_share_and_the_report(stand: Stand) -> None:
    stand.run(30)
    stand.run(35, frames=False)  # the first five seconds of it are still fresh
    share = stand.watcher.share("gate")
    assert share is not None
    assert share == pytest.approx(35 / 65, abs=0.02)
    (view,) = stand.reports[-1].views
    assert (view.name, view.watched, view.faults) == ("gate", False, (ViewFault.OFFLINE,))


@pytest.mark.parametrize("away_s", [4.0, 600.0])
def test_what_nobody_watched_counts_unless_it_was_a_moment(tmp_path: Path, outbox: Outbox, away_s: float) -> None:
    clock = ManualClock()
    first = Stand(tmp_path, outbox, clock)
    first.run(300)
    stop = threading.Event()
    stop.set()
    first.watcher.run(stop, lambda: None)
    clock.advance(away_s)
    again = Stand(tmp_path, outbox, clock)
    again.run(300)
    share = again.watcher.share("gate")
    assert share == pytest.approx(600 / (600 + (away_s if away_s > 5 else 0)), abs=0.01)


def test_a_process_that_stood_still_watched_nothing(stand: Stand) -> None:
    stand.run(30)
    stand.clock.advance(30)
    stand.run(30)
    assert stand.watcher.share("gate") == pytest.approx(60 / 90, abs=0.02)


def test_a_view_is_not_watched_before_its_first_look(stand: Stand) -> None:
    stand.age_s = None
    stand.run(4)
    assert stand.told() == []
    assert stand.watcher.share("gate") == 0.0


def test_a_reference_that_is_removed_is_learnt_anew(stand: Stand, tmp_path: Path) -> None:
    from tests.pipelines.coverage.test_coverage import live, play

    play(stand.reader.coverage, live(13))
    stand.run(1)
    kept = tmp_path / "coverage" / "gate.npz"
    assert kept.is_file()
    kept.unlink()
    stand.run(1)
    assert stand.reader.coverage.reference.day is None
    assert stand.reader.coverage.reference.night is None


@pytest.mark.parametrize("content", [b"", b"PK garbage", b"\x93NUMPY"])
def test_a_damaged_reference_is_learnt_anew(tmp_path: Path, outbox: Outbox, content: bytes) -> None:
    (tmp_path / "coverage").mkdir()
    (tmp_path / "coverage" / "gate.npz").write_bytes(content)
    stand = Stand(tmp_path, outbox, ManualClock())
    assert stand.reader.coverage.reference.day is None


def test_a_quiet_view_may_be_as_old_as_its_keyframes_are_apart(stand: Stand) -> None:
    stand.reader.tier, stand.reader.stats = Tier.QUIET, replace(stand.stats, keyframe_s=8.0)
    for _ in range(10):
        stand.run(8.0, frames=False)
        stand.frame()
    assert stand.told() == []
    stand.run(11, frames=False)
    assert stand.told() == [("offline", "open")]


def test_a_recording_that_has_ended_is_no_camera_that_is_lost(stand: Stand) -> None:
    stand.run(20)
    stand.reader.stats = replace(stand.reader.stats, state=State.ENDED)
    stand.run(60, frames=False)
    assert stand.told() == []
