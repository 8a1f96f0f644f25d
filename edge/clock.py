"""The agent's clock, handed to whatever needs the time so that tests can set it."""

from __future__ import annotations

import time


class AgentClock:
    """This machine's clocks."""

    def now(self) -> float:
        """Wall clock, UTC seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back, for durations only."""
        return time.monotonic()


class ManualClock(AgentClock):
    """A clock that stands still until it is moved.

    Args:
        now: wall clock at the start, UTC seconds since the epoch.
        monotonic: monotonic seconds at the start.
    """

    def __init__(self, now: float = 1_767_225_600.0, monotonic: float = 1000.0) -> None:
        self._now = now
        self._monotonic = monotonic

    def now(self) -> float:
        """Wall clock, UTC seconds since the epoch."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let both clocks run on."""
        self._now += seconds
        self._monotonic += seconds
