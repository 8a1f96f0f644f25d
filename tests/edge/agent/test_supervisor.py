"""Threads that die, hang, come back, and take the process down: real threads, a clock set by hand."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from calibration.errors import SourceGone
from edge.agent.quarantine import Quarantine
from edge.agent.supervisor import Backoff, Beat, Ending, State, Stop, Supervisor, Worker, WorkerReport
from edge.clock import ManualClock

HANG_AFTER_S = 5.0


class Stage:
    """A supervisor and the releases of everything that hangs on it."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.file = folder / "quarantine.json"
        self.release = threading.Event()
        self.stages: list[Supervisor] = []

    def supervise(self, *workers: Worker) -> Supervisor:
        quarantine = Quarantine(self.file, self.clock)
        self.stages.append(
            Supervisor(
                workers, quarantine, backoff=Backoff(1.0, 8.0, 60.0), clock=self.clock,
                every_s=0.2,
            )
        )  # fmt: skip
        return self.stages[-1]

    def step(self, supervisor: Supervisor, by_s: float) -> Ending | None:
        """Let time pass as it does for a healthy process: in small ticks."""
        for _ in range(round(by_s / 0.2)):
            self.clock.advance(0.2)
            ending = supervisor.tick()
            if ending is not None:
                return ending
        return None


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.release.set()
    for supervisor in stage.stages:
        assert supervisor.shutdown(5.0) == ()


def until(condition: Callable[[], bool]) -> None:
    """Real threads need a moment of real time."""
    deadline = time.monotonic() + 5.0
    while not condition():
        assert time.monotonic() < deadline, "did not happen within 5 s"
        time.sleep(0.002)


def patient(stop: threading.Event, beat: Beat) -> None:
    """Works for ever, in order."""
    while not stop.wait(0.005):
        beat()


def only(supervisor: Supervisor) -> WorkerReport:
    (report,) = supervisor.reports()
    return report


def test_a_worker_that_beats_is_left_alone(stage: Stage) -> None:
    supervisor = stage.supervise(Worker("uplink", patient, HANG_AFTER_S))
    supervisor.tick()
    for _ in range(10):
        stage.step(supervisor, 2.0)
        until(lambda: (only(supervisor).beat_age_s or 0.0) == 0.0)
    assert (only(supervisor).restarts, only(supervisor).abandoned) == (0, 0)


def test_a_worker_that_dies_is_started_again_with_growing_waits(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    starts: list[float] = []

    def dies(stop: threading.Event, beat: Beat) -> None:
        starts.append(stage.clock.monotonic())
        raise RuntimeError("out of luck")

    supervisor = stage.supervise(Worker("evidence", dies, HANG_AFTER_S))
    with caplog.at_level(logging.ERROR):
        for _ in range(600):
            stage.step(supervisor, 0.2)
            # Let a thread that was just started come to its end before time goes on.
            until(lambda: not any(t.name == "evidence" for t in threading.enumerate()))
            if len(starts) == 6:
                break
    waits = [round(later - earlier) for earlier, later in itertools.pairwise(starts)]
    assert waits == [1, 2, 4, 8, 8]
    assert only(supervisor).restarts == 5
    assert "RuntimeError: out of luck" in only(supervisor).last_error
    first = caplog.records[0]
    assert (first.getMessage(), vars(first)["worker"], vars(first)["again_in_s"]) == ("thread died", "evidence", 1.0)
    assert "Traceback" in caplog.text


def test_an_error_of_our_own_needs_no_trace(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    def dies(stop: threading.Event, beat: Beat) -> None:
        raise SourceGone("gate: rtsp://10.0.0.7: connection refused")

    supervisor = stage.supervise(Worker("source:gate", dies, HANG_AFTER_S))
    with caplog.at_level(logging.ERROR):
        supervisor.tick()
        until(lambda: stage.step(supervisor, 0.2) is None and only(supervisor).state is State.WAITING)
    assert "connection refused" in vars(caplog.records[0])["error"]
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), MemoryError()])
def test_whatever_ends_a_thread_is_survived(stage: Stage, error: BaseException) -> None:
    def dies(stop: threading.Event, beat: Beat) -> None:
        raise error

    supervisor = stage.supervise(Worker("inference", dies, HANG_AFTER_S))
    supervisor.tick()
    until(lambda: stage.step(supervisor, 0.2) is None and only(supervisor).state is State.WAITING)


def test_a_worker_that_worked_for_long_starts_again_soon(stage: Stage) -> None:
    crash = threading.Event()

    def mortal(stop: threading.Event, beat: Beat) -> None:
        while not stop.wait(0.002):
            beat()
            if crash.is_set():
                crash.clear()
                raise RuntimeError("now and then")

    supervisor = stage.supervise(Worker("uplink", mortal, HANG_AFTER_S))
    supervisor.tick()
    for _ in range(3):
        for _ in range(40):  # 80 s in order
            stage.step(supervisor, 2.0)
            until(lambda: (only(supervisor).beat_age_s or 0.0) == 0.0)
        crash.set()
        until(lambda: stage.step(supervisor, 0.2) is None and only(supervisor).state is State.WAITING)
        stage.step(supervisor, 1.2)  # the first wait, not a longer one
        assert only(supervisor).state is State.RUNNING


def test_a_worker_that_returns_has_finished(stage: Stage) -> None:
    runs: list[int] = []
    supervisor = stage.supervise(Worker("source:clip", lambda stop, beat: runs.append(1), HANG_AFTER_S))
    supervisor.tick()
    until(lambda: stage.step(supervisor, 0.2) is None and only(supervisor).state is State.FINISHED)
    stage.step(supervisor, 60.0)
    assert runs == [1]


class Hangs:
    """Hangs the way a native call does: deaf to `stop`, until the test lets go."""

    def __init__(self, release: threading.Event, first: int = 10**9) -> None:
        self.release = release
        self.first = first
        self.runs = 0
        self.left: list[bool] = []

    def __call__(self, stop: threading.Event, beat: Beat) -> None:
        self.runs += 1
        if self.runs > self.first:
            patient(stop, beat)
            return
        self.release.wait()
        self.left.append(stop.is_set())


def test_a_hung_thread_is_abandoned_and_replaced(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    hangs = Hangs(stage.release, first=1)
    supervisor = stage.supervise(Worker("source:gate", hangs, HANG_AFTER_S))
    with caplog.at_level(logging.ERROR):
        supervisor.tick()
        stage.step(supervisor, HANG_AFTER_S + 0.4)
    assert only(supervisor).state is State.WAITING
    assert caplog.records[0].getMessage() == "thread hangs, abandoned"
    assert vars(caplog.records[0])["worker"] == "source:gate"
    stage.step(supervisor, 1.2)
    until(lambda: hangs.runs == 2)
    assert only(supervisor).state is State.RUNNING
    assert only(supervisor).abandoned == 1
    # Should the hung call come back after all, it finds itself told to leave.
    stage.release.set()
    until(lambda: hangs.left == [True])


def test_three_hung_threads_make_the_process_start_afresh_and_the_guilty_is_remembered(stage: Stage) -> None:
    workers = (
        Worker("source:gate", Hangs(stage.release), HANG_AFTER_S, source=True),
        Worker("source:yard", patient, 1e9, source=True),
    )
    supervisor = stage.supervise(*workers)
    supervisor.tick()
    assert stage.step(supervisor, 14.0) is None  # two of them: not yet
    assert stage.step(supervisor, 30.0) is Ending.RESTART
    first_s = stage.clock.now()

    # The next process: one restart is bad luck, and the source gets another chance.
    supervisor = stage.supervise(*workers)
    supervisor.tick()
    assert [r.state for r in supervisor.reports()] == [State.RUNNING, State.RUNNING]
    assert stage.step(supervisor, 40.0) is Ending.RESTART

    # The one after it: the source is kept out, the other goes on, and both are reported.
    supervisor = stage.supervise(*workers)
    supervisor.tick()
    gate, yard = supervisor.reports()
    assert (gate.state, yard.state) == (State.QUARANTINED, State.RUNNING)
    assert "twice within a day" in gate.last_error
    assert gate.quarantined_until_s == pytest.approx(first_s + 86_400)
    assert stage.step(supervisor, 60.0) is None

    # A day later it is tried again, without anybody's doing.
    stage.clock.advance(86_401)
    stage.step(supervisor, 0.2)
    assert supervisor.reports()[0].state is State.RUNNING


def test_what_is_not_a_source_is_never_kept_out(stage: Stage) -> None:
    worker = Worker("inference", Hangs(stage.release), HANG_AFTER_S)
    for _ in range(3):
        supervisor = stage.supervise(worker)
        supervisor.tick()
        assert only(supervisor).state is State.RUNNING
        assert stage.step(supervisor, 40.0) is Ending.RESTART


def test_a_hung_call_that_comes_back_no_longer_counts(stage: Stage) -> None:
    # A camera that stalls for a while every hour must not add up to a restart.
    releases = [threading.Event() for _ in range(5)]
    runs = iter(releases)
    supervisor = stage.supervise(Worker("source:gate", lambda stop, beat: next(runs).wait() and None, HANG_AFTER_S))
    supervisor.tick()
    try:
        for release in releases[:4]:
            until(lambda: stage.step(supervisor, 0.4) is None and only(supervisor).state is State.WAITING)
            release.set()
            until(lambda: stage.step(supervisor, 0.2) is None and only(supervisor).state is State.RUNNING)
    finally:
        for release in releases:
            release.set()
    assert only(supervisor).abandoned == 4


def test_a_thread_that_waits_to_be_stopped_is_alive(stage: Stage) -> None:
    def waits(stop: threading.Event, beat: Beat) -> None:
        while not stop.wait(0.001):
            pass
        assert stop.wait()

    supervisor = stage.supervise(Worker("source:gate", waits, HANG_AFTER_S))
    supervisor.tick()
    for _ in range(5):
        stage.step(supervisor, HANG_AFTER_S - 0.4)
        until(lambda: (only(supervisor).beat_age_s or 0.0) == 0.0)
    assert only(supervisor).abandoned == 0


@pytest.mark.parametrize("timeout_s", [0.0, 0.05])
def test_a_wait_ends_in_time(timeout_s: float) -> None:
    began, beats = time.monotonic(), []
    assert not Stop(lambda: beats.append(1)).wait(timeout_s)
    assert timeout_s <= time.monotonic() - began < 1.0
    assert beats


def test_a_process_that_stood_still_abandons_nobody(stage: Stage) -> None:
    supervisor = stage.supervise(Worker("uplink", patient, HANG_AFTER_S))
    supervisor.tick()
    stage.step(supervisor, 2.0)
    stage.clock.advance(3600.0)  # SIGSTOP, a suspended machine
    supervisor.tick()
    stage.step(supervisor, 1.0)
    assert only(supervisor).abandoned == 0


def test_shutdown_waits_for_the_willing_and_names_the_rest(stage: Stage) -> None:
    supervisor = stage.supervise(
        Worker("uplink", patient, HANG_AFTER_S), Worker("source:gate", Hangs(stage.release), HANG_AFTER_S)
    )
    supervisor.tick()
    began = time.monotonic()
    assert supervisor.shutdown(0.3) == ("source:gate",)
    assert 0.25 < time.monotonic() - began < 1.5


def test_run_ends_when_told(stage: Stage) -> None:
    supervisor = Supervisor([Worker("uplink", patient, HANG_AFTER_S)], Quarantine(stage.file), every_s=0.01)
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    assert supervisor.run(stop) is Ending.STOPPED
    assert supervisor.shutdown(2.0) == ()
