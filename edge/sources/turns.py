"""Whose turn it is to decode: no more streams at a time than there are cores."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# A stream that decodes one packet for longer hangs in native code, and its core is not counted as taken any more.
HUNG_S = 5.0


class Turns:
    """Hands out turns to decode, oldest asker first.

    A hundred threads that share two cores all come late; two at a time are each done in time, and who would wait too
    long knows it and can skip.

    Args:
        at_a_time: so many turns.
        now: monotonic seconds.
    """

    def __init__(self, at_a_time: int, now: Callable[[], float] = time.monotonic) -> None:
        self._at_a_time = at_a_time
        self._now = now
        self._freed = threading.Condition()
        self._taken_s: dict[object, float] = {}

    @contextmanager
    def turn(self, patience_s: float | None) -> Iterator[bool]:
        """Wait for a turn and keep it for as long as the block lasts.

        Args:
            patience_s: no longer than this; for as long as it takes if None.

        Yields:
            Whether there was one.
        """
        mine = object()
        with self._freed:
            got = self._freed.wait_for(self._free, patience_s)
            if got:
                self._taken_s[mine] = self._now()
        try:
            yield got
        finally:
            with self._freed:
                if self._taken_s.pop(mine, None) is not None:
                    self._freed.notify()

    def _free(self) -> bool:
        if len(self._taken_s) < self._at_a_time:
            return True
        oldest_s = self._now() - HUNG_S
        return sum(since > oldest_s for since in self._taken_s.values()) < self._at_a_time


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


DECODING = Turns(cores())
"""Of this process: all its streams share the cores."""
