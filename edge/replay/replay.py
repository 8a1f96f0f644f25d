"""One clip through the pipeline, at the pace of a live agent but without waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edge.sources import Source
from edge.sources.drill import Drill
from pipelines.events import Event
from pipelines.frame import Frame
from pipelines.schedule import Rate
from pipelines.watch import Inspection, Watch, WatchPlan


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One frame of the clip that was analysed.

    Attributes:
        frame: the picture, with the drill in it if there is one.
        inspection: what the detector's look came to; None when this frame was not inspected.
    """

    frame: Frame
    inspection: Inspection | None

    @property
    def events(self) -> tuple[Event, ...]:
        """What a live agent would have told at this frame."""
        return self.inspection.events if self.inspection is not None else ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What a replay came to.

    Attributes:
        frames: pictures in the clip.
        inspected: looks of the detector.
        incidents: incidents opened.
        media_s: length of what was played.
        wall_s: how long that took.
    """

    frames: int
    inspected: int
    incidents: int
    media_s: float
    wall_s: float


class Replay:
    """Runs a recording through the same stages, rates and intervals as a live camera.

    A frame is analysed when a live agent would have analysed it and inspected when the view's agenda
    asks for it; nothing of what comes later is known. An event's time is therefore when a live
    agent, with time to spare, would have raised it.

    Args:
        source: the recording, paced fast.
        plan: what to watch for.
        new_id: gives a fresh id as text.
        drill: drawn into each frame, if any.
    """

    def __init__(self, source: Source, plan: WatchPlan, new_id: Callable[[], str], drill: Drill | None = None) -> None:
        self._source = source
        self._watch = Watch(plan, new_id)
        self._rate = Rate(plan.analysis_fps)
        self._drill = drill
        self._inspected = 0
        self._incidents: set[str] = set()
        self._frames = 0
        self._media_s = 0.0
        self._began_s = time.monotonic()

    def steps(self) -> Iterator[Step]:
        """The analysed frames in order.

        Raises:
            SourceError: the clip can not be read, or breaks off; what came before has been handed out.
        """
        self._began_s = time.monotonic()
        for frame in self._source.frames():
            step = self.take(frame)
            if step is not None:
                yield step

    def take(self, frame: Frame) -> Step | None:
        """One frame of the clip: analysed where a live agent would have analysed it, None where not."""
        self._frames += 1
        self._media_s = frame.time_s
        return self._step(frame) if self._rate.due(frame.time_s) else None

    @property
    def summary(self) -> Summary:
        """What it has come to so far."""
        return Summary(
            self._frames, self._inspected, len(self._incidents), self._media_s, time.monotonic() - self._began_s
        )

    def _step(self, frame: Frame) -> Step:
        if self._drill is not None:
            frame = self._drill.render(frame)
        activity = self._watch.look(frame)
        want = self._watch.want(frame, activity)
        if want is None:
            return Step(frame, None)
        inspection = self._watch.inspect(frame, activity, whole=want.whole)
        self._inspected += 1
        self._incidents |= {event.incident for event in inspection.events}
        return Step(frame, inspection)
