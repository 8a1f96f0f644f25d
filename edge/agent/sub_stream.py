"""A camera's low-resolution stream, which watches for changes while the main stream is hardly decoded."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from calibration.errors import SourceUnusable
from edge.agent.opening import open_as_set
from edge.agent.supervisor import Beat
from edge.clock import AgentClock
from edge.config import SourceSettings
from edge.evidence.ring import PacketRing
from edge.sources import Reconnecting, Source, SourceStats, State
from pipelines.frame import Frame
from pipelines.prefilter import Prefilter
from pipelines.schedule import Rate
from pipelines.schedule.tier import TOLERANCE

log = logging.getLogger(__name__)

# Widths over heights of the two streams may differ by this share: codecs round sizes.
_SAME_SHAPE = 0.02


@dataclass(frozen=True, slots=True)
class Told:
    """Whom a sub-stream tells.

    Attributes:
        stirred: something moves in it, or nobody can tell.
        lost: it sees no more.
    """

    stirred: Callable[[], None]
    lost: Callable[[], None]


class SubStream:
    """Reads keyframes of it through a prefilter of its own, for as long as the agent runs.

    Its backgrounds are its own as well, since they would have to be learnt anew at each change between the two streams.

    Args:
        settings: the source in the site file; it has a `sub_url`.
        unseen_s: how long its view may go without a picture while nothing stirs.
        told: whom it tells.
        clock: the agent's.
    """

    def __init__(self, settings: SourceSettings, unseen_s: float, told: Told, clock: AgentClock) -> None:
        self.name = settings.name
        self._settings = settings
        self._within_s = unseen_s * TOLERANCE
        self._told = told
        self._clock = clock
        self._prefilter = Prefilter()
        self._connection: Reconnecting | None = None
        self._looked_s = float("-inf")
        self._size = (0, 0)
        self._unusable = ""

    @property
    def stats(self) -> SourceStats:
        """What it has done so far."""
        return self._connection.stats if self._connection is not None else SourceStats()

    def fault(self, width: int, height: int) -> str:
        """Why it can not watch for a main stream of this size, for people; empty if it can."""
        if self._unusable:
            return self._unusable
        if self._size == (0, 0):
            return self.stats.message or "no picture yet"
        wide, tall = self._size
        if width and abs(wide * height - tall * width) > _SAME_SHAPE * wide * height:
            return f"is {wide}×{tall}, the main stream {width}×{height}: they do not show the same view"
        if self._clock.monotonic() - self._looked_s > self._within_s:
            return self.stats.message or "no picture for too long"
        return ""

    def run(self, stop: threading.Event, beat: Beat) -> None:
        """The thread's work; see `Worker.run`."""
        self._connection = connection = Reconnecting(
            self._open, stop, clock=self._clock, beat=beat, on_state=self._on_state
        )
        rate = Rate(self._settings.analysis_fps)
        try:
            for frame in connection.frames():
                beat()
                if stop.is_set():
                    return
                if rate.due(frame.time_s):
                    self._look(frame)
                connection.keyframes_within_s = self._within_s
        except SourceUnusable as error:
            self._unusable = str(error)
            self._alone(str(error))

    def close(self) -> None:
        """Have the thread leave soon."""
        if self._connection is not None:
            self._connection.close()

    def _open(self) -> Source:
        settings = self._settings.model_copy(update={"url": self._settings.sub_url})
        return open_as_set(settings, clock=self._clock, ring=PacketRing(self.name, 0.0, 0))

    def _look(self, frame: Frame) -> None:
        activity = self._prefilter.look(frame)
        self._size, self._looked_s = (frame.width, frame.height), self._clock.monotonic()
        if activity.stirring or activity.unsettled:
            self._told.stirred()

    def _on_state(self, state: State, message: str) -> None:
        if state in (State.WAITING, State.ENDED):
            self._looked_s = float("-inf")
            self._alone(message or "it has ended")

    def _alone(self, reason: str) -> None:
        log.warning("sub-stream lost, the main stream goes on alone", extra={"source": self.name, "reason": reason})
        self._told.lost()
