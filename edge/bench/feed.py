"""A camera's pictures for loops A, B and C, straight from PyAV: every one of them is decoded."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from edge.bench.loops import Loop
from edge.bench.scenes import FPS
from pipelines.events import Event, Phase


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm of one of the loops.

    Attributes:
        camera: its name.
        kind: of the hazard.
        alarm_s: time in the recording.
        took_s: from the moment the picture was due, or was decoded where nothing is paced, until the alarm.
    """

    camera: str
    kind: str
    alarm_s: float
    took_s: float


class Feed:
    """Plays one camera's recording into a loop, over and over.

    Args:
        camera: its name.
        path: the recording.
        loop: takes the pictures.
        seconds: how much to play.
        origin_s: monotonic time of the first picture; None plays as fast as it goes.

    Attributes:
        pictures: handed on.
        late_s: the most that a picture was behind its time once the loop had done with it.
        raised: alarms.
        error: what ended it before its time.
    """

    def __init__(self, camera: str, path: Path, loop: Loop, seconds: float, origin_s: float | None) -> None:
        self.pictures = 0
        self.late_s = 0.0
        self.raised: list[Raised] = []
        self.error: Exception | None = None
        self._camera, self._path, self._loop = camera, path, loop
        self._seconds, self._origin_s = seconds, origin_s

    def run(self, stop: threading.Event) -> None:
        """Play it; returns early when `stop` is set."""
        try:
            for picture in self._decoded():
                time_s = self.pictures / FPS
                if time_s >= self._seconds or stop.is_set():
                    return
                self._take(picture, time_s, stop)
        except Exception as error:  # noqa: BLE001 - told by whoever waits for the thread
            self.error = error

    def _take(self, picture: av.VideoFrame, time_s: float, stop: threading.Event) -> None:
        began_s = time.monotonic()
        if self._origin_s is not None:
            due_s = self._origin_s + time_s
            if began_s < due_s:
                stop.wait(due_s - began_s)
            began_s = due_s
        events = self._loop.take(picture, time_s)
        took_s = time.monotonic() - began_s
        self.pictures += 1
        if self._origin_s is not None:
            self.late_s = max(self.late_s, took_s)
        self.raised += [self._told(event, took_s) for event in events if event.phase is Phase.OPEN]

    def _told(self, event: Event, took_s: float) -> Raised:
        return Raised(self._camera, str(event.kind), event.time_s, took_s)

    def _decoded(self) -> Iterator[av.VideoFrame]:
        while True:
            with av.open(str(self._path)) as container:
                stream = container.streams.video[0]
                stream.codec_context.thread_count = 1  # more threads cost more
                yield from container.decode(stream)
