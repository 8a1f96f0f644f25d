"""Where the readers leave their newest frame and the inspector picks one up: nothing queues."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from pipelines.activity import Activity
from pipelines.frame import Frame


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A frame with what the prefilter said of it.

    Attributes:
        frame: the picture.
        activity: what changed in it.
        stale_s: when it is too old to be looked at, by the agent's monotonic clock; never for what is no live picture.
    """

    frame: Frame
    activity: Activity
    stale_s: float = float("inf")


class Desk:
    """One place a source; a new look replaces the one that nobody took."""

    def __init__(self) -> None:
        self._looks: dict[str, Look] = {}
        self._changes = 0
        self._change = threading.Condition()

    def put(self, look: Look) -> None:
        """Leave the newest look of its source."""
        with self._change:
            self._looks[look.frame.source] = look
            self._changed()

    def take(self, look: Look) -> None:
        """Pick up a look, or put aside one that nobody needs; a newer one that has taken its place stays."""
        with self._change:
            if self._looks.get(look.frame.source) is look:
                del self._looks[look.frame.source]
                self._changed()

    def waiting(self) -> tuple[tuple[Look, ...], int]:
        """What lies there now, and how often that had changed by now, for `wait`."""
        with self._change:
            return tuple(self._looks.values()), self._changes

    def wait(self, seen: int, timeout_s: float) -> None:
        """Until something has changed since `seen`, or the time is over."""
        with self._change:
            self._change.wait_for(lambda: self._changes != seen, timeout_s)

    def wait_until_taken(self, look: Look, timeout_s: float) -> bool:
        """Until this look lies here no longer; False when the time is over."""
        with self._change:
            return self._change.wait_for(lambda: self._looks.get(look.frame.source) is not look, timeout_s)

    def _changed(self) -> None:
        self._changes += 1
        self._change.notify_all()
