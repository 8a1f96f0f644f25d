"""The one thread that runs the models: each turn the source that needs it most."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeVar

from calibration.errors import CommandRefused
from edge.agent.desk import Desk, Look
from edge.agent.supervisor import Beat
from edge.clock import AgentClock
from edge.evidence.pen import sharpen
from edge.sources.turns import DECODING
from pipelines.detect import Detector, Request, Seen
from pipelines.events import Event
from pipelines.schedule import Samples, Want, choose
from pipelines.watch import Inspection, Watch

log = logging.getLogger(__name__)

Tell = Callable[[Look, Inspection], None]

Shown = list[tuple[Detector, Request]]

_TURN_S = 0.25
_REMEMBERED = 20
_ASIDE_S = 5.0
_ASIDE_LIMIT_S = 300.0
_PATIENCE_S = 15.0
# A picture that takes longer to look at than usual has to be looked at sooner: what counts is how old an alarm is when
# it is told. By no more than this, since on a slow machine every look takes longer.
_USUAL_S, _SOONER_S = 0.07, 0.05
_SMOOTHING = 1 / 4
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class InspectionStats:
    """How often one source is inspected.

    Attributes:
        inspections: since the start.
        interval_s: mean time between the last of them; None before the second.
        age_s: time since the last, by this machine's clock: how long the view has not been looked at
            in full; None before the first.
        late: frames that wanted an inspection and were dropped, since their turn came when they were no longer fresh.
    """

    inspections: int
    interval_s: float | None
    age_s: float | None
    late: int = 0


@dataclass(frozen=True, slots=True)
class SetAside:
    """A source whose inspection ended the thread.

    Attributes:
        failures: in a row.
        until_s: monotonic time at which it is tried again.
    """

    failures: int
    until_s: float


class Inspector:
    """Shares the detectors among all sources.

    Args:
        watches: by source.
        desk: where the readers leave their looks.
        tell: takes what an inspection came to, in this thread and before the next inspection.
        each_turn: called before each inspection, and at least every quarter of a second.
        clock: the agent's.

    Attributes:
        failures: inspections that ended the thread, since the start.
    """

    def __init__(
        self, watches: Mapping[str, Watch], desk: Desk, tell: Tell, each_turn: Callable[[], None], clock: AgentClock
    ) -> None:
        self._watches = watches
        self._desk = desk
        self._tell = tell
        self._each_turn = each_turn
        self._clock = clock
        # Detectors and incidents are no place for two threads. A thread that was abandoned in a model's
        # native code keeps this lock: whoever takes its place waits here, is seen to hang as well, and so
        # the process starts afresh, which is all that helps.
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(watches, 0)
        self._times_s: dict[str, deque[float]] = {name: deque(maxlen=_REMEMBERED) for name in watches}
        self._full_s: dict[str, float] = {}
        self._late = dict.fromkeys(watches, 0)
        self._takes_s = dict.fromkeys(watches, 0.0)
        self._in_hand: tuple[str, ...] = ()
        self._suspects: set[str] = set()
        self._aside: dict[str, SetAside] = {}
        self.failures = 0

    def run(self, stop: threading.Event, beat: Beat) -> None:
        """The thread's work; see `Worker.run`."""
        self._set_aside()
        sharpen()  # OpenCV keeps its fonts for each thread, and alarms are drawn in this one
        while not stop.is_set():
            beat()
            self._each_turn()
            looks, seen = self._next()
            if not looks:
                self._desk.wait(seen, _TURN_S)
                continue
            with self._lock, DECODING.hold():
                self._inspect(looks)

    def between(self, call: Callable[[], _V]) -> _V:
        """Do something while no inspection is under way, from any thread; an inspection must not call it.

        Raises:
            CommandRefused: an inspection does not come to its end.
        """
        if not self._lock.acquire(timeout=_PATIENCE_S):
            raise CommandRefused(f"an inspection has not ended for {_PATIENCE_S:g} s; try again")
        try:
            return call()
        finally:
            self._lock.release()

    def attach(self, source: str, incident: str, time_s: float, send: Callable[[Event], None]) -> bool:
        """Send an update that carries late evidence, from any thread.

        Sending inside the lock keeps the events of an incident in order.

        Args:
            source: the incident's.
            incident: its id.
            time_s: the frame time that the update speaks of.
            send: takes the event.

        Returns:
            False when the incident is no longer known.
        """
        with self._lock:
            event = self._watches[source].attach(incident, time_s)
            if event is not None:
                send(event)
            return event is not None

    def set_aside(self, source: str) -> SetAside | None:
        """Whether a source waits because its inspection failed."""
        return self._aside.get(source)

    @property
    def failing(self) -> tuple[str, ...]:
        """The sources that wait because their inspection failed."""
        return tuple(self._aside)

    @property
    def following(self) -> bool:
        """A rule has signs in some view: an alarm may be about to be told."""
        return any(watch.has_signs for watch in self._watches.values())

    @property
    def idle(self) -> bool:
        """Nothing lies on the desk, and nothing is being inspected."""
        looks, _ = self._desk.waiting()
        return not looks and not self._lock.locked()

    def active(self, source: str) -> int:
        """How many hazards the lens of a source sees now."""
        return len(self._watches[source].active)

    def samples(self, source: str) -> Samples:
        """What inspecting frames of a source came to in which its prefilter saw nothing."""
        return self._watches[source].samples

    def stats(self, source: str) -> InspectionStats:
        """How often a source is inspected."""
        times_s = tuple(self._times_s[source])
        gaps = len(times_s) - 1
        interval_s = (times_s[-1] - times_s[0]) / gaps if gaps > 0 else None
        age_s = self._clock.monotonic() - self._full_s[source] if source in self._full_s else None
        return InspectionStats(self._counts[source], interval_s, age_s, self._late[source])

    def _next(self) -> tuple[list[tuple[Look, Want]], int]:
        """The looks whose turn it is, taken off the desk, and the state of the desk before."""
        looks, seen = self._desk.waiting()
        wants: dict[str, Want] = {}
        for look in looks:
            want = self._wanted(look)
            if want is None:
                self._desk.take(look)
            else:
                wants[look.frame.source] = want
        on_desk = {look.frame.source: look for look in looks}
        chosen = [(on_desk[name], wants[name]) for name in choose(wants, self._suspects)]
        for look, _ in chosen:
            self._desk.take(look)
        return chosen, seen

    def _wanted(self, look: Look) -> Want | None:
        """What the view wants of this look; None if it is not worth one, or too late for one."""
        source, now_s = look.frame.source, self._clock.monotonic()
        aside = self._aside.get(source)
        if aside is not None and now_s < aside.until_s:
            return None
        want = self._watches[source].want(look.frame, look.activity)
        if want is not None and want.can_wait and now_s > look.stale_s - self._sooner_s(source):
            self._late[source] += 1
            return None
        return want

    def _sooner_s(self, source: str) -> float:
        return min(max(self._takes_s[source] - _USUAL_S, 0.0), _SOONER_S)

    def _set_aside(self) -> None:
        """Whatever ended the thread before this one, the source that it had in hand must not end this one too.

        Of several in hand nobody knows which it was: each is inspected by itself next time.
        """
        self.failures += bool(self._in_hand)
        if len(self._in_hand) > 1:
            self._suspects.update(self._in_hand)
            log.error("inspection of several sources failed", extra={"sources": ", ".join(self._in_hand)})
            return
        if not self._in_hand:
            return
        source = self._in_hand[0]
        failures = self._aside[source].failures + 1 if source in self._aside else 1
        for_s = min(_ASIDE_S * 2 ** min(failures - 1, 16), _ASIDE_LIMIT_S)
        self._aside[source] = SetAside(failures, self._clock.monotonic() + for_s)
        log.error("inspection failed, the other sources go first", extra={"source": source, "for_s": for_s})

    def _inspect(self, chosen: Sequence[tuple[Look, Want]]) -> None:
        self._in_hand = tuple(look.frame.source for look, _ in chosen)
        began_s = self._clock.monotonic()
        shown = [
            self._watches[look.frame.source].requests(look.frame, look.activity, whole=want.whole)
            for look, want in chosen
        ]
        told = _see(shown)
        if len(chosen) == 1:
            self._spent(self._in_hand[0], self._clock.monotonic() - began_s)
        for (look, _), seen in zip(chosen, told, strict=True):
            source = look.frame.source
            self._in_hand = (source,)
            inspection = self._watches[source].conclude(look.frame, look.activity, seen)
            # An alarm has one more core, though it uses one: what runs beside it slows it down.
            with DECODING.hold() if inspection.events else nullcontext():
                self._tell(look, inspection)
            self._counts[source] += 1
            self._times_s[source].append(self._clock.monotonic())
            if inspection.whole:
                self._full_s[source] = self._times_s[source][-1]
            self._aside.pop(source, None)
            self._suspects.discard(source)
        self._in_hand = ()

    def _spent(self, source: str, seconds: float) -> None:
        self._watches[source].spent(seconds)
        self._takes_s[source] += _SMOOTHING * (seconds - self._takes_s[source])


def _see(shown: Sequence[Shown]) -> list[list[Seen]]:
    """Have each model look at all that it is to be shown: for each view's requests what was seen, in their order."""
    seen: list[dict[int, Seen]] = [{} for _ in shown]
    for detector in {id(model): model for requests in shown for model, _ in requests}.values():
        places = [
            (i, j) for i, requests in enumerate(shown) for j, (model, _) in enumerate(requests) if model is detector
        ]
        found = detector.detect_together([shown[i][j][1] for i, j in places])
        for (i, j), one in zip(places, found, strict=True):
            seen[i][j] = one
    return [[one for _, one in sorted(each.items())] for each in seen]
