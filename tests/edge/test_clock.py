"""The clock that tests set, and the one that nobody sets."""

from __future__ import annotations

import time

from edge.clock import AgentClock, ManualClock


def test_a_manual_clock_moves_only_when_moved() -> None:
    clock = ManualClock(now=100.0, monotonic=7.0)
    assert (clock.now(), clock.monotonic()) == (100.0, 7.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (102.5, 9.5)


def test_the_agents_clock_is_the_machines() -> None:
    before = (time.time(), time.monotonic())
    clock = AgentClock()
    assert before[0] <= clock.now() <= time.time()
    assert before[1] <= clock.monotonic() <= time.monotonic()
