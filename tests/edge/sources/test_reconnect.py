"""A lost source is tried again, ever less often; numbers and times go on rising."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from calibration.errors import SourceGone, SourceUnusable
from edge.clock import ManualClock
from edge.evidence.packets import Stamp
from edge.evidence.ring import PacketRing
from edge.sources import Reconnecting, Source, State, Timeouts
from edge.sources.planes import Planes
from edge.sources.reconnect import Backoff
from edge.sources.source import Opening
from pipelines.frame import Clock

GREY = np.full((4, 4), 128, np.uint8)
PLANES = Planes(GREY, GREY[:2, :2], GREY[:2, :2], False)


class Scripted(Source):
    """Gives so many frames, the clock moving on by a second each, then raises or ends."""

    def __init__(self, clock: ManualClock, frames: int, error: Exception | None, start_s: float | None = None) -> None:
        super().__init__(Opening("gate", "script", clock, PacketRing("gate", 1, 1), Timeouts()))
        self.script = (frames, error)
        self.clock = clock
        self.start_s = start_s

    def _read(self) -> Iterator:  # type: ignore[type-arg]
        count, error = self.script
        for number in range(count):
            self.clock.advance(1.0)
            time_s = self.clock.monotonic() if self.start_s is None else self.start_s + number
            yield self._frame(PLANES, Stamp(time_s, self.clock.now(), Clock.AGENT))
        if error is not None:
            raise error


class Stop(threading.Event):
    """Waiting moves the clock on instead."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        if not self.is_set():
            self.clock.advance(timeout or 0.0)
        return self.is_set()


class Rig:
    """A reconnecting source over a script of connections."""

    def __init__(self, *script: Source | Exception, clock: ManualClock, **options: object) -> None:
        self.states: list[tuple[State, str]] = []
        self.opened_s: list[float] = []
        self.clock = clock
        self.stop = Stop(clock)
        left = iter(script)

        def open_again() -> Source:
            self.opened_s.append(clock.monotonic())
            found = next(left)
            if isinstance(found, Exception):
                raise found
            return found

        self.source = Reconnecting(
            open_again,
            self.stop,
            clock=clock,
            on_state=lambda state, message: self.states.append((state, message)),
            chance=lambda: 0.0,
            **options,  # type: ignore[arg-type]
        )


def test_numbers_and_times_rise_over_a_loss() -> None:
    clock = ManualClock()
    rig = Rig(
        Scripted(clock, 3, SourceGone("lost")),
        SourceGone("refused"),
        Scripted(clock, 2, SourceGone("lost"), start_s=0.0),  # its times begin anew
        Scripted(clock, 2, None),
        clock=clock,
    )
    frames = list(rig.source.frames())
    assert [frame.sequence for frame in frames] == list(range(7))
    assert all(a.time_s < b.time_s for a, b in pairwise(frames))
    stats = rig.source.stats
    assert (stats.frames, stats.reconnects, stats.state) == (7, 2, State.ENDED)
    assert [state for state, _ in rig.states] == [
        State.CONNECTING, State.STREAMING, State.WAITING,
        State.CONNECTING, State.WAITING,
        State.CONNECTING, State.STREAMING, State.WAITING,
        State.CONNECTING, State.STREAMING, State.ENDED,
    ]  # fmt: skip
    assert rig.states[2][1] == "lost; again in 0.5 s"


def test_waits_grow_to_the_cap_and_start_anew_after_a_stable_connection() -> None:
    clock = ManualClock()
    rig = Rig(
        *[SourceGone("refused")] * 6,
        Scripted(clock, 2, SourceGone("lost")),  # held for one second: not stable
        Scripted(clock, 12, SourceGone("lost")),  # held for eleven
        Scripted(clock, 1, None),
        clock=clock,
        backoff=Backoff(first_s=1.0, factor=2.0, cap_s=10.0, jitter=0.5, stable_s=10.0),
    )
    list(rig.source.frames())
    waits = [b - a for a, b in pairwise(rig.opened_s)]
    assert waits == pytest.approx([1, 2, 4, 8, 10, 10, 2 + 10, 12 + 1])


@pytest.mark.parametrize(
    ("failures", "chance", "expected"),
    [(1, 0.0, 1.0), (1, 1.0, 0.5), (3, 0.0, 4.0), (3, 0.5, 3.0), (9, 0.0, 30.0), (10**6, 0.0, 30.0)],
)
def test_backoff(failures: int, chance: float, expected: float) -> None:
    backoff = Backoff(first_s=1.0, factor=2.0, cap_s=30.0, jitter=0.5)
    assert backoff.wait_s(failures, chance) == pytest.approx(expected)


def test_what_can_not_help_is_raised_at_once() -> None:
    clock = ManualClock()
    rig = Rig(Scripted(clock, 1, SourceUnusable("not a video")), clock=clock)
    with pytest.raises(SourceUnusable, match="not a video"):
        list(rig.source.frames())
    assert rig.states[-1] == (State.UNUSABLE, "not a video")
    assert len(rig.opened_s) == 1


def test_a_beat_while_waiting() -> None:
    clock = ManualClock()
    beats: list[float] = []
    rig = Rig(
        SourceGone("refused"),
        Scripted(clock, 1, None),
        clock=clock,
        backoff=Backoff(first_s=30.0),
        beat=lambda: beats.append(clock.monotonic()),
    )
    list(rig.source.frames())
    assert max(b - a for a, b in pairwise(beats)) <= 1.0
    assert beats[-1] - beats[0] >= 28.0


def test_stop_ends_a_wait() -> None:
    stop = threading.Event()

    def refuse() -> Source:
        raise SourceGone("refused")

    source = Reconnecting(refuse, stop, backoff=Backoff(first_s=60.0))
    timer = threading.Timer(0.2, source.close)
    timer.start()
    assert list(source.frames()) == []
    assert source.stats.state is State.CLOSED
    timer.join()


def test_stop_ends_a_stream_and_closes_the_source() -> None:
    clock = ManualClock()
    endless = Scripted(clock, 10**6, None)
    rig = Rig(endless, clock=clock)
    for frame in rig.source.frames():
        if frame.sequence == 4:
            rig.stop.set()
    assert rig.source.stats.frames == 5
    assert rig.states[-1][0] is State.CLOSED
    assert rig.source.ring is endless.ring
