"""The clip of each alarm and the picture from before: taken from the ring in time, and made into files later."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from calibration.errors import CommandRefused, EvidenceError
from edge.agent.inspector import Inspector
from edge.agent.mail import Mail
from edge.agent.reader import Reader
from edge.agent.supervisor import Beat
from edge.agent.veil import Veil
from edge.clock import AgentClock
from edge.config import AgentSettings
from edge.evidence.clip import Render
from edge.evidence.decode import window_frames
from edge.evidence.files import EvidenceFile
from edge.evidence.packets import Window
from edge.evidence.store import EvidenceStore
from pipelines.events import Event

log = logging.getLogger(__name__)

CLIP = "clip.mp4"
_LATE_S = 5.0  # a source that gives no more frames holds a clip back no longer than this
_TURN_S = 0.1
_BEFORE_S = 3.0  # the picture from before shows the view so long before the first sign, where the ring reaches back


@dataclass(frozen=True, slots=True)
class _Order:
    """A clip that is wanted.

    Attributes:
        event: the alarm.
        late_s: monotonic time by which its packets are taken, whatever there is of them.
        before: the packets of the picture from before.
        window: those of the clip, once taken.
    """

    event: Event
    late_s: float
    before: Window | None
    window: Window | None = None


class Clips:
    """Makes the clip of each incident once its time after the alarm has passed, and sends it with an update.

    Args:
        store: where clips are kept.
        readers: by source, for their packets.
        inspector: knows the incidents.
        mail: takes the updates.
        agent: how long before and after.
        clock: the agent's.
        veil: hides who is not to be shown.

    Attributes:
        error: why the last clip could not be made; None when all is well.
    """

    def __init__(
        self,
        store: EvidenceStore,
        readers: Mapping[str, Reader],
        inspector: Inspector,
        mail: Mail,
        agent: AgentSettings,
        clock: AgentClock,
        veil: Veil,
    ) -> None:
        self._veil = veil
        self.error: str | None = None
        self._store = store
        self._readers = readers
        self._inspector = inspector
        self._mail = mail
        self._length = agent.evidence
        self._clock = clock
        self._ordered: list[_Order] = []
        self._gathered: list[_Order] = []
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """Clips that are still to be made."""
        with self._lock:
            return len(self._ordered) + len(self._gathered)

    def order(self, event: Event) -> None:
        """Have a clip made of the incident that this event opens."""
        late_s = self._clock.monotonic() + self._length.after_s + _LATE_S
        time_s = event.first_seen_s - _BEFORE_S
        before = self._readers[event.source].ring.window(time_s, time_s)
        with self._lock:
            self._ordered.append(_Order(event, late_s, before))

    def gather(self, *, at_once: bool = False) -> None:
        """Take the packets of every clip that is whole.

        Cheap, and called often by a thread that is never busy for long: while one clip is encoded, the ring must
        not forget the next.

        Args:
            at_once: also of those that are not whole yet.
        """
        with self._lock:
            ready = [order for order in self._ordered if at_once or self._ready(order)]
            self._ordered = [order for order in self._ordered if order not in ready]
            self._gathered += [replace(order, window=self._window(order.event)) for order in ready]

    def run(self, stop: threading.Event, beat: Beat) -> None:
        """The thread's work; see `Worker.run`."""
        while not stop.is_set():
            beat()
            order = self._first(lambda _: True)
            if order is None:
                stop.wait(_TURN_S)
            else:
                self._make(order)
        # The rings are gone with the process, and a shorter clip is better than none. Packets are put into a
        # file in no time; a drill would have to be encoded anew, and is no loss.
        self.gather(at_once=True)
        while (order := self._first(lambda order: not order.event.drill)) is not None:
            self._make(order)

    def _first(self, wanted: Callable[[_Order], bool]) -> _Order | None:
        """The most important clip to make: a real alarm before a drill, then the more severe, then the older."""
        with self._lock:
            orders = [order for order in self._gathered if wanted(order)]
            first = min(orders, key=lambda o: (o.event.drill, -o.event.severity, o.late_s), default=None)
            if first is not None:
                self._gathered.remove(first)
            return first

    def _ready(self, order: _Order) -> bool:
        reader = self._readers[order.event.source]
        newest_s = reader.stats.last_frame_s
        passed = newest_s is not None and newest_s >= order.event.alarm_s + self._length.after_s
        return passed or reader.ended or self._clock.monotonic() >= order.late_s

    def _window(self, event: Event) -> Window | None:
        ring = self._readers[event.source].ring
        return ring.window(event.alarm_s - self._length.before_s, event.alarm_s + self._length.after_s)

    def _make(self, order: _Order) -> None:
        event, reader = order.event, self._readers[order.event.source]
        # What was drawn into the frames is not in the packets: it is drawn again, at the same capture times.
        drawn = reader.drill.render if reader.drill is not None else None
        files: list[EvidenceFile] = []
        self.error = None
        for make in (self._before, self._clip):
            try:
                files += make(order, drawn)
            except (EvidenceError, CommandRefused) as error:
                log.warning("incident goes without proof", extra={"incident": event.incident, "reason": str(error)})
                self.error = str(error)
        if not files:
            return
        now_s = max(event.time_s, reader.stats.last_frame_s or event.time_s)
        if not self._inspector.attach(
            event.source, event.incident, now_s, lambda update: self._mail.send(update, tuple(files))
        ):
            log.info("clip comes too late, its incident is over", extra={"incident": event.incident})

    def _before(self, order: _Order, drawn: Render | None) -> tuple[EvidenceFile, ...]:
        """The picture from before, if the ring reached back so far: one keyframe to decode."""
        frame = next(window_frames(order.before), None) if order.before is not None else None
        if order.before is None or frame is None:
            return ()
        render = self._veil.over(order.before, order.event.box, drawn)
        return (self._store.before(order.event, frame if render is None else render(frame)),)

    def _clip(self, order: _Order, drawn: Render | None) -> tuple[EvidenceFile, ...]:
        if order.window is None:
            raise EvidenceError(f"source {order.event.source}: nothing of the time around the alarm is kept")
        render = self._veil.over(order.window, order.event.box, drawn)
        return (self._store.clip(order.event.incident, CLIP, order.window, render),)
