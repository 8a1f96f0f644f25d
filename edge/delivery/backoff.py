"""How long to wait before the next attempt: twice as long each time, and never in step with other agents."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FIRST_S = 0.5
_TURN_S = 0.25


class Backoff:
    """Pauses between attempts that failed, each between half and the whole of its longest.

    Args:
        jitter: a number in 0–1 for each pause.
    """

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._failures = 0

    def worked(self) -> None:
        """The next pause is a first one."""
        self._failures = 0

    def pause(self, longest_s: float, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Wait, at most `longest_s` and until `stop` is set; `beat` is called several times a second."""
        self._failures += 1
        longest_s = min(longest_s, FIRST_S * 2 ** min(self._failures - 1, 20))
        until = time.monotonic() + longest_s * (0.5 + 0.5 * self._jitter())
        while (left := until - time.monotonic()) > 0 and not stop.wait(min(left, _TURN_S)):
            beat()
