"""One source's thread: reads it, draws a drill into it, asks the prefilter, leaves the newest look on the desk."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from calibration.errors import SourceUnusable
from edge.agent.desk import Desk, Look
from edge.agent.opening import open_as_set
from edge.agent.sub_stream import SubStream, Told
from edge.agent.supervisor import Beat
from edge.clock import AgentClock
from edge.config import SourceSettings
from edge.evidence.ring import PacketRing
from edge.sources import Pace, Reconnecting, Source, SourceStats, State
from edge.sources.drill import Drill
from edge.sources.telemetry.live import LiveTrack
from edge.sources.thinning import EVERY_S
from pipelines.coverage import Coverage
from pipelines.frame import Frame
from pipelines.rules.grounded import Moment
from pipelines.schedule import Rate, Tier, Vigil
from pipelines.schedule.scheduler import EARLY
from pipelines.watch import Watch

log = logging.getLogger(__name__)

RING_BYTES = 32 * 2**20
_TAKEN_S = 0.25
FRESH_S = 0.15
"""A live picture whose turn has not come so long after it was taken is dropped: a newer one tells more."""
SELDOM_FRESH_S = 1.0
"""The same for a keyframe by itself, after it was decoded: a newer one comes seconds later, if at all."""
# Decoding is the bulk of the work and can wait; a model that has to look can not. Linux knows this for threads.
_NICE = 5
_STIRS_S = 1.0  # what the sub-stream has seen counts for the main stream's looks for so long


class Reader:
    """Reads one source until it ends, for ever if it is a camera.

    Args:
        settings: the source in the site file.
        watch: looks at its frames; only `look` is called, which belongs to this thread.
        desk: where looks are left.
        keep_s: seconds of encoded packets to keep for clips.
        clock: the agent's.
        track: where a camera that moves is.

    Attributes:
        ring: the packets kept, over reconnections.
        drill: what is drawn into its frames, or None.
        ended: there will be no more frames, for whatever reason.
        coverage: whether its pictures show the view.
        sub: the stream that watches while the view is quiet, or None.
        track: where a camera that moves is; None for one that stands still.
        tier: how much of the stream is decoded; a recording that is read as fast as it goes is decoded whole.
    """

    def __init__(
        self,
        settings: SourceSettings,
        watch: Watch,
        desk: Desk,
        keep_s: float,
        clock: AgentClock,
        track: LiveTrack | None = None,
    ) -> None:
        self.settings = settings
        self.ring = PacketRing(settings.name, keep_s, RING_BYTES)
        self.drill = Drill(settings.drill) if settings.drill is not None else None
        self.ended = False
        self.coverage = Coverage(moves=settings.telemetry is not None)
        self.track = track
        self.tier = Tier.AWAKE
        self._vigil = Vigil(watch.plan.unseen_s) if self._thins(settings) else None
        self._stirred_s = float("-inf")
        self.sub = (
            SubStream(settings, watch.plan.unseen_s, Told(self._stir, self.rouse), clock)
            if settings.sub_url is not None and self._vigil is not None
            else None
        )
        self._watch = watch
        self._desk = desk
        self._clock = clock
        self._pace = Pace(settings.pace)
        self._connection: Reconnecting | None = None
        self._begun: Source | None = None

    def adopt(self, source: Source) -> None:
        """Begin with a connection that is open already; before `run`."""
        source.ring.keep_s = self.ring.keep_s
        self.ring, self._begun = source.ring, source

    @property
    def name(self) -> str:
        """Of the source."""
        return self.settings.name

    @property
    def stats(self) -> SourceStats:
        """What the source has done so far."""
        connection = self._connection
        return connection.stats if connection is not None else SourceStats()

    @property
    def live(self) -> bool:
        """`Frame.time_s` is this machine's monotonic time; else it is media time."""
        return self._pace is Pace.LIVE

    def run(self, stop: threading.Event, beat: Beat) -> None:
        """The thread's work; see `Worker.run`."""
        self._connection = connection = Reconnecting(
            self._open, stop, clock=self._clock, beat=beat, on_state=self._on_state
        )
        _give_way()
        rate = Rate(self.settings.analysis_fps)
        try:
            for frame in connection.frames():
                beat()
                if stop.is_set():
                    return
                if rate.due(frame.time_s):
                    self._look(frame, stop, beat)
        except SourceUnusable as error:
            # No trace: the error's text says all that an installer can act on.
            log.error(  # noqa: TRY400
                "source unusable, the others go on", extra={"source": self.name, "reason": str(error)}
            )
        self.ended = not stop.is_set()

    @property
    def wakeful(self) -> str:
        """Why the source is never quiet, for people; empty if it may be."""
        if self._vigil is None:
            if self.track is not None:
                return "its camera moves"
            return "decode is all" if self.settings.decode == "all" else "it is read as fast as it goes"
        keyframe_s = self.stats.keyframe_s
        if keyframe_s is None or self._vigil.allows(keyframe_s):
            return ""
        return f"its keyframes are {keyframe_s:.1f} s apart, its rules and max_gap_s allow {self._vigil.unseen_s:g} s"

    def rouse(self) -> None:
        """A rule has seen signs: decode every picture from now on. From any thread."""
        if self._connection is not None:
            self._connection.whole(urgent=True)

    @property
    def sub_fault(self) -> str:
        """Why the sub-stream does not watch, for people; empty if it does, or there is none."""
        stats = self.stats
        return "" if self.sub is None else self.sub.fault(stats.width, stats.height)

    def close(self) -> None:
        """Have the thread leave soon, also out of a wait for the next picture."""
        if self.sub is not None:
            self.sub.close()
        if self._connection is not None:
            self._connection.close()

    def _open(self) -> Source:
        begun, self._begun = self._begun, None
        if begun is not None and begun.begun:
            return begun
        return open_as_set(self.settings, clock=self._clock, ring=self.ring)

    def _look(self, frame: Frame, stop: threading.Event, beat: Beat) -> None:
        if self.track is not None:
            self.track.size = (frame.width, frame.height)
        if self.live:
            self.coverage.look(frame, self.stats.keyframe_s)
        if self.drill is not None:
            frame = self.drill.render(frame)
        look = Look(frame, self._watch.look(frame), self._stale_s(frame))
        if self.track is not None and (turn := self._watch.turn) is not None:
            self.track.turned(Moment.of(frame), turn)
        self._desk.put(look)
        if self._vigil is not None:
            self._keep_vigil(self._vigil, look)
        # A recording that is read as fast as it goes has nobody to keep up with: it waits for the inspector.
        while self._pace is Pace.FAST and not stop.is_set() and not self._desk.wait_until_taken(look, _TAKEN_S):
            beat()

    def _stale_s(self, frame: Frame) -> float:
        if not self.live:
            return float("inf")
        # That a keyframe by itself was long in decoding does not count either.
        return self._clock.monotonic() + SELDOM_FRESH_S if self.tier.thin else frame.time_s + FRESH_S

    def _keep_vigil(self, vigil: Vigil, look: Look) -> None:
        connection = self._connection
        if connection is None:
            return
        situation, plan = self._watch.situation(look.frame, look.activity), self._watch.plan
        if self._clock.monotonic() - self._stirred_s < _STIRS_S:
            situation = replace(situation, stirred=True)
        watched = self.sub is not None and not self.sub_fault
        # What the sub-stream watches has to be seen on the main stream for the looks that are due, and no more often.
        vigil.unseen_s = plan.max_gap_s if watched and not situation.stirred else plan.unseen_s
        self.tier = vigil.tier(look.frame.time_s, situation, connection.stats.keyframe_s)
        if self.tier.thin:
            seldom = watched and self.tier is Tier.QUIET
            connection.thin(vigil.within_s, plan.max_gap_s * EARLY if seldom else EVERY_S)
        else:
            connection.whole(urgent=situation.pending)
        if self._watch.situation(look.frame, look.activity).pending:  # seen between the question and the answer
            self.rouse()

    def _stir(self) -> None:
        """The sub-stream has seen something; from its thread."""
        self._stirred_s = self._clock.monotonic()
        if self.tier is Tier.QUIET:
            self.rouse()

    @staticmethod
    def _thins(settings: SourceSettings) -> bool:
        return settings.decode == "auto" and Pace(settings.pace) is Pace.LIVE and settings.telemetry is None

    def _on_state(self, state: State, message: str) -> None:
        level = logging.WARNING if state is State.WAITING else logging.INFO
        if state is not State.UNUSABLE:  # said by `run`
            reason = {"reason": message} if message else {}
            log.log(level, "source state", extra={"source": self.name, "state": str(state), **reason})


def _give_way() -> None:
    """Let the thread that inspects go first where all cores are busy."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def adopting(readers: dict[str, Reader], begun: Mapping[str, Source]) -> dict[str, Reader]:
    """The same readers, each with the connection that is open already, where there is one."""
    for name, source in begun.items():
        readers[name].adopt(source)
    return readers
