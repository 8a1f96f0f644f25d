"""One detector, several sources: whose turn it is, and what happens when a look hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.agent import inspector
from edge.agent.desk import Desk, Look
from edge.agent.ids import Uuid7
from edge.agent.inspector import Inspector
from edge.clock import ManualClock
from edge.model_store import ModelStore
from edge.sources.turns import Turns
from pipelines.detect import Detector, Request, Seen
from pipelines.frame import Plane, from_bgr
from pipelines.lane import LanePlan
from pipelines.watch import Inspection, Watch, WatchPlan
from tests.waiting import until

SOURCES = ("gate", "yard")


class Bench:
    """An inspector with two sources and a real model."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self.desk = Desk()
        lanes = (LanePlan(detector, ()),)
        self.watches = {name: Watch(WatchPlan(name, lanes, max_gap_s=1.0, interval_s=0.2), Uuid7()) for name in SOURCES}
        self.told: list[tuple[str, int, str]] = []
        self.turns = 0
        self.clock = ManualClock()
        self.inspector = Inspector(self.watches, self.desk, self._tell, self._turn, self.clock)
        self._threads: list[tuple[threading.Thread, threading.Event]] = []
        self._one = threading.Event()
        self._rng = np.random.default_rng(3)

    def _tell(self, look: Look, inspection: Inspection) -> None:
        self.told.append((look.frame.source, look.frame.sequence, threading.current_thread().name))
        self._one.set()

    def _turn(self) -> None:
        self.turns += 1

    def start(self, name: str) -> threading.Event:
        stop = threading.Event()
        thread = threading.Thread(target=self.inspector.run, args=(stop, lambda: None), name=name)
        self._threads.append((thread, stop))
        thread.start()
        return stop

    def inspect_one(self) -> None:
        """Work through the desk in this thread until one look has been told."""
        self._one.clear()
        turns = self.turns
        self.inspector.run(self._one, lambda: self._not_in_vain(turns + 20))

    def _not_in_vain(self, most: int) -> None:
        assert self.turns < most, "nothing on the desk is wanted"

    def put(
        self, source: str, sequence: int, time_s: float, picture: Plane | None = None, stale_s: float = float("inf")
    ) -> None:
        """Leave a look on the desk: something new, unless told which."""
        if picture is None:
            picture = self._rng.integers(0, 255, (96, 128, 3), np.uint8)
        frame = from_bgr(picture, source=source, sequence=sequence, time_s=time_s)
        self.desk.put(Look(frame, self.watches[source].look(frame), stale_s))

    def end(self) -> None:
        for thread, stop in self._threads:
            stop.set()
            thread.join(5)
            assert not thread.is_alive()


@pytest.fixture(scope="module")
def detector(root: Path) -> Detector:
    model = ModelStore([root / "models"]).load("ppe")
    return Detector(model.card, model.weights)


@pytest.fixture
def bench(detector: Detector) -> Iterator[Bench]:
    bench = Bench(detector)
    yield bench
    bench.end()


def test_a_busy_source_does_not_keep_the_other_waiting(bench: Bench) -> None:
    """The machine manages one look each 0.4 s; the gate always has something new, the yard never.

    The inspector runs in this thread, one look at a time: what it chooses depends on no clock but the frames'.
    """
    still = np.full((96, 128, 3), 90, np.uint8)
    for number in range(60):
        bench.put("gate", number, number * 0.4)
        bench.put("yard", number, number * 0.4, still)
        bench.inspect_one()
    times_s = {name: [number * 0.4 for source, number, _ in bench.told if source == name] for name in SOURCES}
    # Due after 1 s, both are seen with the third picture after their last look, or one later if both are due.
    assert all(np.diff(times_s[name]).max() < 1.7 for name in SOURCES)
    # Nor does a view that is only due take the turns of one that has something to show.
    assert len(times_s["gate"]) > len(times_s["yard"])


def test_looks_that_nobody_wants_leave_the_desk(bench: Bench) -> None:
    bench.start("inference")
    bench.put("gate", 0, 0.0)
    until(lambda: bench.told)
    bench.put("gate", 1, 0.05)  # sooner than the interval between two inspections
    until(lambda: bench.inspector.idle)
    assert [told[:2] for told in bench.told] == [("gate", 0)]


def test_stats_tell_what_was_achieved(bench: Bench) -> None:
    assert bench.inspector.stats("gate").age_s is None
    bench.start("inference")
    for number in range(3):
        bench.put("gate", number, float(number))
        until(lambda number=number: len(bench.told) == number + 1)
    until(lambda: bench.inspector.stats("gate").inspections == 3)
    stats = bench.inspector.stats("gate")
    assert stats.interval_s is not None
    assert stats.age_s is not None
    assert bench.inspector.stats("yard").inspections == 0


def test_a_source_whose_inspection_fails_does_not_take_the_others_with_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(bench.watches["gate"], "conclude", fails)
    bench.put("gate", 0, 0.0)
    with pytest.raises(ZeroDivisionError):
        bench.inspector.run(threading.Event(), lambda: None)
    # The supervisor starts the thread again: the others have their turn, the source has to wait.
    monkeypatch.undo()
    bench.start("again")
    for number in range(1, 6):
        bench.put("gate", number, number * 1.0)
        bench.put("yard", number, number * 1.0)
        until(lambda number=number: bench.told[-1:] == [("yard", number, "again")])
    assert not [told for told in bench.told if told[0] == "gate"]
    assert vars(caplog.records[0])["source"] == "gate"
    aside = bench.inspector.set_aside("gate")
    assert aside is not None
    assert aside.failures == 1
    # Its time comes, and one success is enough.
    bench.clock.advance(6.0)
    bench.put("gate", 9, 9.0)
    until(lambda: ("gate", 9, "again") in bench.told)
    until(lambda: bench.inspector.set_aside("gate") is None)


def test_whoever_replaces_a_hung_thread_never_works_beside_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging, release, detect = threading.Event(), threading.Event(), bench.detector.detect_together

    def hangs_once(*args: object) -> object:
        if not hanging.is_set():
            hanging.set()
            release.wait(20)
        return detect(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.detector, "detect_together", hangs_once)
    first = bench.start("first")
    bench.put("gate", 0, 0.0)
    assert hanging.wait(10)
    first.set()  # abandoned
    bench.start("second")
    bench.put("yard", 0, 0.0)
    until(lambda: not bench.desk.waiting()[0])  # taken by the second, which now waits
    time.sleep(0.1)
    assert not bench.told
    release.set()
    until(lambda: len(bench.told) == 2)
    # What the first found is told all the same, then the second goes on alone.
    assert bench.told == [("gate", 0, "first"), ("yard", 0, "second")]


def small_change(place: int) -> Plane:
    """A grey picture with one bright patch, elsewhere each time."""
    picture = np.full((480, 640, 3), 90, np.uint8)
    left = 40 + 90 * (place % 6)
    picture[200:240, left : left + 40] = 220
    return picture


def settle(bench: Bench) -> None:
    """Both views are known, and looked at in full a moment ago."""
    still = np.full((480, 640, 3), 90, np.uint8)
    for number in range(4):
        for source in SOURCES:
            bench.put(source, number, number * 0.9, still)
        for _ in bench.desk.waiting()[0]:
            bench.inspect_one()
    bench.told.clear()


def test_views_with_regions_share_a_run_of_the_model(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(bench)
    runs, run = [], bench.detector._run
    monkeypatch.setattr(bench.detector, "_run", lambda pieces: (runs.append(len(pieces)), run(pieces))[1])
    for source in SOURCES:
        bench.put(source, 9, 3.0, small_change(2))
    bench.inspect_one()
    assert sorted(told[:2] for told in bench.told) == [("gate", 9), ("yard", 9)]
    assert runs == [2]
    # Regions alone are no look at the view in full.
    bench.clock.advance(2.0)
    assert bench.inspector.stats("gate").age_s == 2.0
    assert bench.inspector.stats("gate").inspections == 5


def test_of_several_that_fail_together_each_is_tried_by_itself(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(bench)
    together = bench.detector.detect_together

    def fails_with_the_gate(requests: list[Request]) -> list[Seen]:
        if any(request.frame.source == "gate" for request in requests):
            raise ZeroDivisionError
        return together(requests)

    monkeypatch.setattr(bench.detector, "detect_together", fails_with_the_gate)
    for source in SOURCES:
        bench.put(source, 9, 3.0, small_change(2))
    with pytest.raises(ZeroDivisionError):
        bench.inspector.run(threading.Event(), lambda: None)
    assert bench.inspector.set_aside("gate") is bench.inspector.set_aside("yard") is None  # nobody knows yet
    for number in (10, 11):
        for source in SOURCES:
            bench.put(source, number, 3.0 + number, small_change(number))
        try:
            bench.inspect_one()
        except ZeroDivisionError:
            continue
    assert [told[:2] for told in bench.told][-1][0] == "yard"
    assert bench.inspector.set_aside("yard") is None
    assert bench.inspector.set_aside("gate") is not None


def test_a_picture_that_waited_too_long_is_dropped_and_counted_unless_its_view_is_over_its_time(bench: Bench) -> None:
    settle(bench)
    bench.clock.advance(100.0)
    bench.put("gate", 9, 3.2, small_change(2), stale_s=99.0)
    bench.put("yard", 9, 9.0, small_change(2), stale_s=99.0)  # not looked at for 6 s, where 1 s is allowed
    bench.inspect_one()
    assert [told[:2] for told in bench.told] == [("yard", 9)]
    assert bench.inspector.stats("gate").late == 1
    assert bench.inspector.stats("yard").late == 0


@pytest.mark.parametrize(("takes_s", "left_s", "told"), [(0.03, 0.02, 1), (1.0, 0.02, 0), (1.0, 0.06, 1)])
def test_what_takes_long_to_look_at_has_to_be_looked_at_sooner(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, takes_s: float, left_s: float, told: int
) -> None:
    settle(bench)
    watch = bench.watches["gate"]
    requests = watch.requests

    def slow(*args: Any, **named: Any) -> Any:
        bench.clock.advance(takes_s)
        return requests(*args, **named)

    monkeypatch.setattr(watch, "requests", slow)
    bench.put("gate", 9, 3.0, small_change(2))
    bench.inspect_one()
    bench.put("gate", 10, 3.45, small_change(3), stale_s=bench.clock.monotonic() + left_s)
    done = threading.Event()
    bench.inspector.run(done, lambda: None if bench.desk.waiting()[0] else done.set())
    assert len(bench.told) == 1 + told
    assert bench.inspector.stats("gate").late == 1 - told


def test_an_alarm_may_come_while_any_view_has_signs(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not bench.inspector.following
    monkeypatch.setattr(Watch, "has_signs", property(lambda watch: watch.plan.source == "yard"))
    assert bench.inspector.following


def a_core_is_free(turns: Turns) -> bool:
    with turns.turn(0.0) as mine:
        return mine


@pytest.mark.parametrize("events", [0, 1])
def test_nobody_begins_to_decode_while_an_event_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, events: int
) -> None:
    turns, found = Turns(2), []
    watch, tell = bench.watches["gate"], bench.inspector._tell
    conclude = watch.conclude

    def with_events(*given: Any) -> Inspection:
        return replace(conclude(*given), events=(object(),) * events)  # nobody looks at it

    def told(look: Look, inspection: Inspection) -> None:
        found.append(a_core_is_free(turns))
        tell(look, inspection)

    monkeypatch.setattr(inspector, "DECODING", turns)
    monkeypatch.setattr(watch, "conclude", with_events)
    monkeypatch.setattr(bench.inspector, "_tell", told)
    bench.put("gate", 0, 0.0)
    bench.inspect_one()
    assert found == [not events]
    assert a_core_is_free(turns)
