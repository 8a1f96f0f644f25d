"""Keeps the agent's threads alive, and says what it had to do for that.

A thread that ends by an exception is started again after a back-off. A thread that gives no sign of
life for its limit hangs in a native call, which nothing can interrupt: it is abandoned and another one
takes its place. Three abandoned threads that still hang are a reason for the process to start afresh,
and the thread at fault is remembered; a source that did it twice in a day is kept out (`quarantine.py`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from calibration.errors import LookoutError
from edge.agent.quarantine import Quarantine
from edge.clock import AgentClock

log = logging.getLogger(__name__)

Beat = Callable[[], None]

ABANDONED_LIMIT = 3
BEAT_EVERY_S = 1.0


class Stop(threading.Event):
    """Set when a thread is to leave. To wait for it is a sign of life: who waits here can be told."""

    def __init__(self, beat: Beat) -> None:
        super().__init__()
        self._beat = beat

    def wait(self, timeout: float | None = None) -> bool:
        """Until it is set, or `timeout` seconds have passed; whether it is set."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            self._beat()
            left = BEAT_EVERY_S if deadline is None else deadline - time.monotonic()
            if super().wait(min(max(left, 0.0), BEAT_EVERY_S)):
                return True
            if left <= BEAT_EVERY_S and deadline is not None:
                return False


@dataclass(frozen=True, slots=True)
class Worker:
    """One line of the table of threads.

    Attributes:
        name: unique, such as `source:gate`; it names the thread in the log and the status.
        run: does the work until `stop` is set, calling `beat` as a sign of life; returning before
            that means there is nothing left to do. May be entered again while an abandoned call of
            it still hangs, so what it must not share it keeps in its own variables.
        hang_after_s: without a beat for so long, it hangs. Has to exceed the longest single step.
        source: it reads a source, so the agent can go on without it.
    """

    name: str
    run: Callable[[threading.Event, Beat], None]
    hang_after_s: float
    source: bool = False


class State(StrEnum):
    """What becomes of a worker at the moment."""

    RUNNING = "running"
    WAITING = "waiting"  # died or hung; starts again after its back-off
    FINISHED = "finished"  # had nothing left to do
    QUARANTINED = "quarantined"


class Ending(StrEnum):
    """Why an agent has ended."""

    STOPPED = "stopped"
    RESTART = "restart"
    """The process has to start afresh."""
    RELOAD = "reload"
    """Another agent takes over, with a new site file."""
    TAKEN_BACK = "taken back"
    """The new site file does not do: another agent takes over, with the one before."""


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """A worker as the status shows it.

    Attributes:
        name: of the worker.
        state: what becomes of it.
        restarts: how often it was started again, for whatever reason.
        abandoned: how often it hung and was left behind.
        beat_age_s: seconds since its last sign of life; None if it does not run.
        last_error: why it was last restarted, or empty.
        quarantined_until_s: UTC seconds since the epoch, or None.
    """

    name: str
    state: State
    restarts: int
    abandoned: int
    beat_age_s: float | None
    last_error: str
    quarantined_until_s: float | None


@dataclass(slots=True)
class Backoff:
    """How long to wait before a thread is started again: doubling from `first_s` to `limit_s`.

    A thread that then works for `steady_s` has earned a fresh start.
    """

    first_s: float = 0.5
    limit_s: float = 30.0
    steady_s: float = 60.0

    def after(self, failures: int) -> float:
        """Seconds after so many failures in a row, from 1."""
        return min(self.first_s * 2.0 ** min(failures - 1, 16), self.limit_s)


@dataclass(slots=True, eq=False)
class _Shift:
    """One thread's life at a post."""

    clock: AgentClock
    stop: Stop = field(init=False)
    started_s: float = field(init=False)
    beat_s: float = field(init=False)
    ended: bool = False
    error: BaseException | None = None
    thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.stop = Stop(self.beat)
        self.started_s = self.beat_s = self.clock.monotonic()

    def beat(self) -> None:
        """A sign of life."""
        self.beat_s = self.clock.monotonic()

    @property
    def alive(self) -> bool:
        return self.thread is not None and self.thread.is_alive()


@dataclass(slots=True, eq=False)
class _Post:
    """A worker and how it fares."""

    worker: Worker
    state: State = State.WAITING
    shift: _Shift | None = None
    start_at_s: float = 0.0
    failures: int = 0
    restarts: int = 0
    abandoned: list[_Shift] = field(default_factory=list)
    abandoned_ever: int = 0
    last_error: str = ""
    quarantined_until_s: float | None = None

    @property
    def hanging(self) -> int:
        """Abandoned threads that have not come back: each still holds memory and perhaps a lock."""
        return sum(shift.alive for shift in self.abandoned)


class Supervisor:
    """Runs workers, each in a thread of its own.

    Args:
        workers: the table.
        quarantine: what earlier processes remembered.
        backoff: how soon a thread is started again.
        clock: the wall clock only lets a quarantine end; all else is by the monotonic one.
        every_s: how often the threads are looked at.
    """

    def __init__(
        self,
        workers: Iterable[Worker],
        quarantine: Quarantine,
        *,
        backoff: Backoff | None = None,
        clock: AgentClock | None = None,
        every_s: float = 0.2,
    ) -> None:
        self._posts = [_Post(worker) for worker in workers]
        self._quarantine = quarantine
        self._backoff = backoff or Backoff()
        self._clock = clock or AgentClock()
        self._every_s = every_s
        self._looked_at_s: float | None = None
        for post in self._posts:
            self._keep_out_if_blamed(post)

    def run(self, stop: threading.Event, until: Callable[[], bool] = lambda: False) -> Ending:
        """Keep all workers going until `stop` is set, `until` says so, or the process has to start afresh."""
        while not stop.is_set() and not until():
            if self.tick() is Ending.RESTART:
                return Ending.RESTART
            stop.wait(self._every_s)
        return Ending.STOPPED

    def tick(self) -> Ending | None:
        """Look at every worker once; `RESTART` if too many threads hang."""
        now = self._clock.monotonic()
        self._forgive_a_pause(now)
        for post in self._posts:
            self._look_at(post, now)
        if sum(post.hanging for post in self._posts) < ABANDONED_LIMIT:
            return None
        self._blame()
        return Ending.RESTART

    def shutdown(self, within_s: float) -> tuple[str, ...]:
        """Tell every thread to stop; the names of those that still run after this time."""
        shifts = [(post, shift) for post in self._posts for shift in (post.shift, *post.abandoned) if shift]
        for _, shift in shifts:
            shift.stop.set()
        deadline = time.monotonic() + within_s
        for _, shift in shifts:
            if shift.thread is not None:
                shift.thread.join(max(0.0, deadline - time.monotonic()))
        return tuple(post.worker.name for post, shift in shifts if shift.alive)

    def reports(self) -> tuple[WorkerReport, ...]:
        """How each worker fares, in the order of the table."""
        now = self._clock.monotonic()
        return tuple(
            WorkerReport(
                name=post.worker.name,
                state=post.state,
                restarts=post.restarts,
                abandoned=post.abandoned_ever,
                beat_age_s=now - post.shift.beat_s if post.shift and post.state is State.RUNNING else None,
                last_error=post.last_error,
                quarantined_until_s=post.quarantined_until_s,
            )
            for post in list(self._posts)
        )

    def _look_at(self, post: _Post, now: float) -> None:
        match post.state:
            case State.WAITING if now >= post.start_at_s:
                self._start(post)
            case State.QUARANTINED if post.quarantined_until_s is None or self._clock.now() >= post.quarantined_until_s:
                log.warning("quarantine is over, trying again", extra={"worker": post.worker.name})
                post.quarantined_until_s = None
                self._start(post)
            case State.RUNNING:
                self._check(post, now)

    def _check(self, post: _Post, now: float) -> None:
        shift, name = post.shift, post.worker.name
        if shift is None:
            return
        if not shift.ended:
            silent_s = now - shift.beat_s
            if silent_s > post.worker.hang_after_s:
                self._abandon(post, shift, silent_s, now)
        elif shift.error is None:
            post.state, post.shift = State.FINISHED, None
            log.info("finished", extra={"worker": name})
        else:
            error = shift.error
            # A LookoutError's text says it all; anything else is a fault of ours and needs its trace.
            trace = None if isinstance(error, LookoutError) else error
            wait_s = self._wait(post, shift, f"died: {type(error).__name__}: {error}", now)
            log.error("thread died", extra={"worker": name, "error": str(error), "again_in_s": wait_s}, exc_info=trace)

    def _abandon(self, post: _Post, shift: _Shift, silent_s: float, now: float) -> None:
        shift.stop.set()  # should it ever come back, it leaves
        post.abandoned = [old for old in post.abandoned if old.alive] + [shift]
        post.abandoned_ever += 1
        wait_s = self._wait(post, shift, f"hung: no sign of life for {silent_s:.1f} s", now)
        log.error(
            "thread hangs, abandoned",
            extra={"worker": post.worker.name, "silent_s": round(silent_s, 1), "again_in_s": wait_s},
        )

    def _wait(self, post: _Post, shift: _Shift, why: str, now: float) -> float:
        if shift.beat_s - shift.started_s >= self._backoff.steady_s:
            post.failures = 0
        post.failures += 1
        post.last_error = why
        wait_s = self._backoff.after(post.failures)
        post.state, post.shift, post.start_at_s = State.WAITING, None, now + wait_s
        return wait_s

    def _start(self, post: _Post) -> None:
        if post.last_error:
            post.restarts += 1
        shift = _Shift(self._clock)
        shift.thread = threading.Thread(
            target=self._live, args=(post.worker, shift), name=post.worker.name, daemon=True
        )  # fmt: skip
        post.state, post.shift = State.RUNNING, shift
        shift.thread.start()

    def _live(self, worker: Worker, shift: _Shift) -> None:
        try:
            worker.run(shift.stop, shift.beat)
        except BaseException as error:  # noqa: BLE001 -- whatever ends a thread, the agent has to outlive it
            shift.error = error
        finally:
            shift.ended = True

    def _forgive_a_pause(self, now: float) -> None:
        # The whole process was stopped, or starved of its cores: that no thread gave a sign of life
        # says nothing about the threads.
        if self._looked_at_s is not None:
            pause_s = now - self._looked_at_s - self._every_s
            if pause_s > max(1.0, self._every_s):
                log.warning("the process stood still", extra={"for_s": round(pause_s, 1)})
                for post in self._posts:
                    if post.shift is not None:
                        post.shift.beat_s += pause_s
        self._looked_at_s = now

    def _keep_out_if_blamed(self, post: _Post) -> None:
        until_s = self._quarantine.until(post.worker.name) if post.worker.source else None
        if until_s is not None:
            post.state, post.quarantined_until_s = State.QUARANTINED, until_s
            post.last_error = "made the process restart itself twice within a day"
            until = datetime.fromtimestamp(until_s, UTC).isoformat(timespec="seconds")
            log.error(
                "source quarantined, the others go on",
                extra={"worker": post.worker.name, "why": post.last_error, "until": until},
            )

    def _blame(self) -> None:
        worst = max(self._posts, key=lambda post: (post.hanging, post.start_at_s))
        times = self._quarantine.blame(worst.worker.name)
        hanging = {post.worker.name: post.hanging for post in self._posts if post.hanging}
        log.critical(
            "too many threads hang, the process starts afresh",
            extra={"hanging": hanging, "blamed": worst.worker.name, "times_within_a_day": times},
        )
