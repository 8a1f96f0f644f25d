"""Whose turn it is to decode: no more streams at a time than there are cores left."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# A stream that decodes one packet for longer hangs in native code, and its core is not counted as taken any more.
HUNG_S = 5.0
# Who can not wait goes first until that has taken so much of the cores; then, while others wait too, two thirds are for
# who can not: signs of a hazard are followed, and no view is left out for long.
AHEAD_S = 0.1
_URGENT, _PATIENT = 1, -2


class Turns:
    """Hands out turns to decode: who can not wait first, else who has not had one for longest.

    A hundred threads that share two cores all come late; two at a time are each done in time, and who would wait too
    long knows it and can skip. A view in which a rule follows something needs each picture, one after the other, and
    would get none of them behind fifty keyframes of quiet views; nor do such views keep all others from being seen.

    Args:
        at_a_time: so many turns.
        now: monotonic seconds.
    """

    def __init__(self, at_a_time: int, now: Callable[[], float] = time.monotonic) -> None:
        self._at_a_time = at_a_time
        self._now = now
        self._lock = threading.Lock()
        # Who asks leaves an event, which is set when it is his turn.
        self._taken_s: dict[threading.Event, float] = {}
        self._urgent: deque[threading.Event] = deque()
        self._patient: dict[threading.Event, float] = {}  # with the time of the last turn
        self._ahead_s = 0.0

    @contextmanager
    def turn(self, patience_s: float | None, *, urgent: bool = False, last_s: float = 0.0) -> Iterator[bool]:
        """Wait for a turn and keep it for as long as the block lasts.

        Args:
            patience_s: no longer than this; for as long as it takes if None.
            urgent: before those who are not.
            last_s: monotonic time of the last turn of who asks: the longest ago goes first.

        Yields:
            Whether there was one.
        """
        called = threading.Event()
        with self._lock:
            if urgent:
                self._urgent.append(called)
            else:
                self._patient[called] = last_s
            self._call()
        try:
            yield self._wait(called, patience_s)
        finally:
            self._end(called, _URGENT if urgent else _PATIENT)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Take a core without asking, for what goes before all decoding: nobody begins to decode in its place.

        Three threads that compute on two cores share them in slices of milliseconds, and one that waits for its slice
        may hold the interpreter's lock meanwhile.
        """
        held = threading.Event()
        with self._lock:
            self._taken_s[held] = self._now()
        try:
            yield
        finally:
            self._end(held, 0)

    def _end(self, called: threading.Event, counts: int) -> None:
        with self._lock:
            since_s = self._taken_s.pop(called, None)
            if since_s is not None:
                ahead_s = self._ahead_s + counts * (self._now() - since_s)
                self._ahead_s = min(max(ahead_s, 0.0), 2 * AHEAD_S)
                self._call()

    def _wait(self, called: threading.Event, patience_s: float | None) -> bool:
        until_s = None if patience_s is None else time.monotonic() + patience_s
        while True:
            left_s = HUNG_S if until_s is None else min(HUNG_S, until_s - time.monotonic())
            if called.wait(max(left_s, 0.0)):
                return True
            with self._lock:
                self._call()  # meanwhile one may have come to hang
                if called.is_set():
                    return True
                if until_s is not None and time.monotonic() >= until_s:
                    if self._patient.pop(called, None) is None:
                        self._urgent.remove(called)
                    return False

    def _call(self) -> None:
        """Give free turns to those whose it is; the lock is held."""
        while (self._urgent or self._patient) and self._free():
            if self._patient and (not self._urgent or self._ahead_s > AHEAD_S):
                called = min(self._patient, key=self._patient.__getitem__)
                del self._patient[called]
            else:
                called = self._urgent.popleft()
            self._taken_s[called] = self._now()
            called.set()

    def _free(self) -> bool:
        if len(self._taken_s) < self._at_a_time:
            return True
        oldest_s = self._now() - HUNG_S
        return sum(since > oldest_s for since in self._taken_s.values()) < self._at_a_time


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


DECODING = Turns(cores())
"""Of this process: all its streams share the cores, with the thread that inspects."""
