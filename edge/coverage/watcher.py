"""The thread that asks of every view, twice a second: could a hazard have been seen?"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from calibration.errors import DeliveryError
from edge.agent.inspector import Inspector
from edge.agent.reader import Reader
from edge.agent.supervisor import Beat
from edge.clock import AgentClock
from edge.coverage.hours import FILE, WRITE_S, Hours
from edge.coverage.incidents import CoverageIncidents
from edge.coverage.references import References
from edge.delivery.contract import CoverageReport, ViewCoverage, utc
from edge.sources import State
from pipelines.coverage import Reference, ViewFault
from pipelines.coverage.coverage import FRESH_S
from pipelines.watch import WatchPlan

log = logging.getLogger(__name__)

_TURN_S = 0.5
_START_S = 8.0  # a camera takes some seconds to be opened
_LATE_S = 5.0  # a model that has much to do looks a little late
_STEADY_S = 10.0  # what was said before a restart is taken back when it has not been seen for so long
_LONGEST_STEP_S = 5.0  # whoever counts nothing for longer did not run, or stood still: nobody watched
_REPORT_S = 60.0
_HIDES = frozenset(ViewFault) - {ViewFault.OFFLINE, ViewFault.UNINSPECTED}


@dataclass(slots=True)
class _View:
    """What is known of one view."""

    faults: dict[ViewFault, str] = field(default_factory=dict)
    clear_s: float | None = None
    late_s: float = float("-inf")  # when its pictures were last too old
    saved: Reference | None = None


class Watcher:
    """Names every fault of every view within ten seconds, and counts what was watched.

    Only live sources are watched over: a recording that is read as it comes is no camera.

    Args:
        readers: by source.
        plans: by source.
        inspector: knows when each was looked at.
        incidents: tells the platform.
        data: the data folder.
        publish: brings the retained report to the platform.
        clock: the agent's.

    Attributes:
        error: what went wrong last; None when all is well.
    """

    def __init__(
        self,
        readers: Mapping[str, Reader],
        plans: Mapping[str, WatchPlan],
        inspector: Inspector,
        incidents: CoverageIncidents,
        data: Path,
        publish: Callable[[CoverageReport], None],
        clock: AgentClock,
    ) -> None:
        self.error: str | None = None
        self._readers = {name: reader for name, reader in readers.items() if reader.live}
        self._plans = plans
        self._inspector = inspector
        self._incidents = incidents
        self._publish = publish
        self._clock = clock
        self._hours = Hours(data / FILE)
        self._references = References(data)
        self._views = {name: _View() for name in self._readers}
        self._began_s = clock.monotonic()
        self._last_s: float | None = None
        self._written_s, self._reported_s = clock.monotonic() - WRITE_S * 0.8, float("-inf")
        self._reported: object = None
        for name, reader in self._readers.items():
            reader.coverage.reference = self._views[name].saved = self._references.load(name)

    def run(self, stop: threading.Event, beat: Beat) -> None:
        """The thread's work; see `Worker.run`."""
        self._try(self._incidents.restore)
        while not stop.wait(_TURN_S):
            beat()
            self.tick()
        self._write()

    def faults(self, source: str) -> tuple[ViewFault, ...]:
        """What keeps a view from being seen now; from any thread."""
        view = self._views.get(source)
        return tuple(sorted(view.faults)) if view is not None else ()

    def share(self, source: str) -> float | None:
        """Share of this hour and the last in which a view was watched."""
        return self._hours.share(source)

    def unfit(self, source: str) -> str | None:
        """Why the pictures of a view prove nothing; from any thread."""
        view = self._views.get(source)
        hidden = sorted(set(view.faults) & _HIDES) if view is not None else []
        return hidden[0].title("en").lower() if hidden else None

    def tick(self) -> None:
        """Look at every view once."""
        now_s = self._clock.monotonic()
        since_s, until_s = self._stretch(now_s)
        for name, reader in self._readers.items():
            view, wanted = self._views[name], self._wanted(name)
            view.faults = self._found(name, reader, now_s) if wanted else {}
            view.clear_s = None if view.faults else now_s if view.clear_s is None else view.clear_s
            if wanted:
                self._hours.add(name, since_s, until_s, watched=not view.faults and self._seen(name, reader))
            self._tell(name, view, now_s)
            self._remember(name, reader, view)
        self._end_strangers()
        self._report(now_s)
        if now_s - self._written_s >= WRITE_S:
            self._write()

    def _stretch(self, now_s: float) -> tuple[float, float]:
        """The time to count now, in UTC seconds; what lies between it and the last that was counted, nobody watched.

        By the wall clock, since no other goes on while the machine is off, or asleep: a clock that is set forward may
        have stood. One that is set back takes nothing back.
        """
        wall_s, hours = self._clock.now(), self._hours
        if self._last_s is None:  # not before: until now the agent that was reloaded may have counted
            hours.read()
            step_s = 0.0
        else:
            step_s = now_s - self._last_s
        self._last_s = now_s
        since_s = wall_s - (step_s if step_s <= _LONGEST_STEP_S else 0.0)
        if hours.until_s is not None and since_s - hours.until_s > _LONGEST_STEP_S:
            hours.missed(since_s, self._readers, self._counted_on)
        hours.until_s = wall_s
        return since_s, wall_s

    def _seen(self, name: str, reader: Reader) -> bool:
        """A picture has come since the start, and was looked at."""
        return reader.stats.last_frame_s is not None and self._inspector.stats(name).age_s is not None

    def _found(self, name: str, reader: Reader, now_s: float) -> dict[ViewFault, str]:
        stats = reader.stats
        newest_s = stats.last_frame_s
        age_s = now_s - (self._began_s + _START_S - FRESH_S if newest_s is None else newest_s)
        if age_s > _patience_s(reader) or stats.state is State.UNUSABLE:
            self._views[name].late_s = now_s
            why = stats.message or f"the newest picture is {age_s:.0f} s old"
            return {ViewFault.OFFLINE: why if newest_s is not None or stats.message else "no picture has come yet"}
        if ViewFault.OFFLINE in self._views[name].faults and now_s - self._views[name].late_s < _STEADY_S:
            # A picture a minute is no view, and no hundred faults an hour either.
            return {ViewFault.OFFLINE: f"pictures have come again for less than {_STEADY_S:.0f} s"}
        found = dict.fromkeys(reader.coverage.faults(), f"seen in the pictures of {name}")
        looked_s, gap_s = self._inspector.stats(name).age_s, self._plans[name].max_gap_s
        unseen_s = now_s - self._began_s - _START_S if looked_s is None else looked_s
        if unseen_s > gap_s + _LATE_S:
            found[ViewFault.UNINSPECTED] = f"no full look for {unseen_s:.0f} s, max_gap_s is {gap_s:g}"
        return found

    def _wanted(self, name: str) -> bool:
        """Somebody counts on this view: within its hours, and not a recording that has come to its end."""
        ended = self._readers[name].stats.state is State.ENDED
        return not ended and self._counted_on(name, self._clock.now())

    def _counted_on(self, name: str, wall_s: float) -> bool:
        hours = self._plans[name].hours
        return hours is None or hours.include(wall_s)

    def _tell(self, name: str, view: _View, now_s: float) -> None:
        for fault, reason in view.faults.items():
            self._try(partial(self._incidents.tell, name, fault, reason, now_s))
        steady = view.clear_s is not None and now_s - max(view.clear_s, self._began_s) >= _STEADY_S
        for source, fault in self._incidents.lasting:
            if source == name and fault not in view.faults and (steady or self._sure(name, fault)):
                self._try(partial(self._incidents.end, name, fault))

    def _sure(self, name: str, fault: ViewFault) -> bool:
        """It is seen in pictures, where it has been gone for a while, and by this process, which has seen it end.

        One picture a minute does not bring a camera back.
        """
        return fault in _HIDES and self._incidents.lasting[name, fault].told_s > float("-inf")

    def _end_strangers(self) -> None:
        """Views that are no longer in the site file."""
        for source, fault in self._incidents.lasting:
            if source not in self._readers:
                self._try(partial(self._incidents.end, source, fault))

    def _remember(self, name: str, reader: Reader, view: _View) -> None:
        now, saved = reader.coverage.reference, view.saved or Reference()
        learnt = saved.day is not None or saved.night is not None
        if learnt and not self._references.path(name).exists():  # somebody accepts where the camera points now
            log.info("reference of a view is learnt anew", extra={"source": name})
            reader.coverage.reference = view.saved = Reference()
            return
        if now.day is not saved.day or now.night is not saved.night:
            try:
                self._references.save(name, now)
            except OSError as error:
                self.error = f"reference of {name} not kept: {error.strerror}"
            view.saved = now

    def _report(self, now_s: float) -> None:
        states = tuple((name, self.faults(name)) for name in self._readers)
        if states == self._reported and now_s - self._reported_s < _REPORT_S:
            return
        self._reported, self._reported_s = states, now_s
        views = tuple(
            ViewCoverage(name=name, watched=not faults, faults=faults, hours=self._hours.shares(name))
            for name, faults in states
        )
        self._publish(CoverageReport(time=utc(self._clock.now()), views=views))

    def _write(self) -> None:
        self._written_s = self._clock.monotonic()
        try:
            self._hours.write()
        except OSError as error:
            self.error = f"coverage not written: {error.strerror}"

    def _try(self, call: Callable[[], None]) -> None:
        try:
            call()
        except DeliveryError as error:
            self.error = str(error)
        else:
            self.error = None


def _patience_s(reader: Reader) -> float:
    """How old the newest picture may be: a quiet view decodes keyframes alone, and they may be further apart."""
    keyframe_s = reader.stats.keyframe_s if reader.tier.thin else None
    return max(FRESH_S, 1.2 * (keyframe_s or 0.0))
