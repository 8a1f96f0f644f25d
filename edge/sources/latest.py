"""A place for one frame: the newest wins."""

from __future__ import annotations

import threading

from pipelines.frame import Frame


class Latest:
    """Between the thread of a source and whoever looks at its frames: nothing queues.

    Attributes:
        dropped: frames that were replaced before anybody took them.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._frame: Frame | None = None
        self._filled = threading.Condition()

    def put(self, frame: Frame) -> None:
        """Leave a frame; one that still lies here is dropped."""
        with self._filled:
            self.dropped += self._frame is not None
            self._frame = frame
            self._filled.notify()

    def take(self, timeout_s: float = 0.0) -> Frame | None:
        """Take the frame, waiting for one at most this long; None if none came."""
        with self._filled:
            self._filled.wait_for(lambda: self._frame is not None, timeout_s)
            frame, self._frame = self._frame, None
            return frame
