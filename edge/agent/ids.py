"""Ids of incidents: UUID version 7 (RFC 9562), which Python 3.11 does not make."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable

_COUNTER_BITS = 42  # the 12 bits behind the version and the first 30 behind the variant
_TAIL_BITS = 32
_COUNTER_LIMIT = 1 << _COUNTER_BITS


class Uuid7:
    """Makes ids that rise with time, also within a millisecond and when the wall clock is set back.

    48 bits of Unix milliseconds, a counter of 42 bits that starts anywhere in its lower half each
    millisecond, and 32 random bits (RFC 9562, section 6.2, method 1). Safe to call from any thread.

    Args:
        now_ns: wall clock, nanoseconds since the epoch.
        random_bytes: a source of randomness.
    """

    def __init__(
        self, now_ns: Callable[[], int] = time.time_ns, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._now_ns = now_ns
        self._random_bytes = random_bytes
        self._lock = threading.Lock()
        self._last_ms = -1
        self._counter = 0

    def __call__(self) -> str:
        """The next id, such as `01932c07-209c-7f3a-8b0e-6c1f2d3e4a5b`."""
        with self._lock:
            now_ms = self._now_ns() // 1_000_000
            if now_ms > self._last_ms:
                self._last_ms, self._counter = now_ms, self._fresh_counter()
            else:
                self._counter += 1
                if self._counter == _COUNTER_LIMIT:
                    self._last_ms, self._counter = self._last_ms + 1, self._fresh_counter()
            tail = int.from_bytes(self._random_bytes(_TAIL_BITS // 8))
            return str(uuid.UUID(int=_lay_out(self._last_ms, self._counter, tail)))

    def _fresh_counter(self) -> int:
        # The upper half stays free, so that one millisecond has room for two million million ids.
        return int.from_bytes(self._random_bytes(6)) & (_COUNTER_LIMIT // 2 - 1)


def _lay_out(milliseconds: int, counter: int, tail: int) -> int:
    high, low = counter >> 30, counter & ((1 << 30) - 1)
    return (
        (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low << _TAIL_BITS | tail
    )  # fmt: skip
