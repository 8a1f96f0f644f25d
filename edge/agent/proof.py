"""Pictures at once, clips when the time after the alarm has passed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from calibration.boxes import iou
from calibration.errors import EvidenceError
from edge.agent.desk import Look
from edge.agent.inspector import Inspector
from edge.agent.mail import Mail
from edge.agent.reader import Reader
from edge.agent.supervisor import Beat
from edge.clock import AgentClock
from edge.config import AgentSettings
from edge.delivery.place import Place
from edge.evidence.annotate import Caption
from edge.evidence.decode import window_frames
from edge.evidence.files import EvidenceFile
from edge.evidence.store import EvidenceStore
from pipelines.events import Event, Phase
from pipelines.frame import Frame
from pipelines.hazards import Box
from pipelines.watch import Inspection, WatchPlan

log = logging.getLogger(__name__)

CLIP = "clip.mp4"
_FLOOR = {"zh": "{}层", "en": "floor {}"}
_BEFORE_S = 3.0  # the picture from before shows the view so long before the first sign, where the ring reaches back
_SAME = 0.5  # boxes that overlap more are drawn once
_LATE_S = 5.0  # a source that gives no more frames holds a clip back no longer than this


class Pictures:
    """Makes the pictures of an event, in the thread that found it, while its frame is at hand.

    Args:
        store: where they are kept.
        readers: by source, for the picture from before.
        plans: by source, for zones and lanes.
        agent: language.

    Attributes:
        error: why the last picture could not be made; None when all is well.
    """

    def __init__(
        self,
        store: EvidenceStore,
        readers: Mapping[str, Reader],
        plans: Mapping[str, WatchPlan],
        places: Mapping[str, Place],
        agent: AgentSettings,
    ) -> None:
        self.error: str | None = None
        self._store = store
        self._readers = readers
        self._plans = plans
        zone = datetime.now(UTC).astimezone().tzinfo or UTC
        self._captions = {
            source: Caption(agent.lang, " ".join(place.words(_FLOOR[agent.lang])), zone)
            for source, place in places.items()
        }

    def of(self, event: Event, look: Look, inspection: Inspection) -> tuple[EvidenceFile, ...]:
        """The pictures of an event; none when they can not be made, for the alarm goes before its proof."""
        plan = self._plans[event.source]
        try:
            files = self._store.pictures(
                event,
                look.frame,
                boxes=_others(event, plan, look.frame, inspection),
                zone=plan.zones.get(event.zone) if event.zone is not None else None,
                caption=self._captions[event.source],
                before=self._before(event) if event.phase is Phase.OPEN else None,
            )
            if event.phase is Phase.CLEARED:
                self._store.resolve(event.incident)
        except EvidenceError as error:
            log.warning("event goes without pictures", extra={"incident": event.incident, "reason": str(error)})
            self.error = str(error)
            return ()
        self.error = None
        return files

    def _before(self, event: Event) -> Frame | None:
        reader = self._readers[event.source]
        time_s = event.first_seen_s - _BEFORE_S
        window = reader.ring.window(time_s, time_s)
        if window is None:
            return None
        frame = next(window_frames(window), None)  # the keyframe before: one picture to decode
        return reader.drill.render(frame) if frame is not None and reader.drill is not None else frame


def _others(event: Event, plan: WatchPlan, frame: Frame, inspection: Inspection) -> tuple[Box, ...]:
    """What else of that kind the event's model saw, 0–1 of the picture: other people, other smoke."""
    size = np.array([frame.width, frame.height] * 2, np.float32)
    hazard = np.array([event.box], np.float32)
    others: list[Box] = []
    for lane, found in zip(plan.lanes, inspection.detections, strict=False):
        rule = next((rule for rule in lane.rules if rule.title == event.rule), None)
        if rule is None:
            continue
        meanings = lane.detector.card.meanings
        kind = np.array([meanings[class_id] in rule.needs for class_id in found.class_id], bool)
        boxes = found.pick(kind).xyxy / size
        apart = iou(boxes, hazard)[:, 0] < _SAME
        others += [(float(x1), float(y1), float(x2), float(y2)) for x1, y1, x2, y2 in boxes[apart]]
    return tuple(others)


@dataclass(frozen=True, slots=True)
class _Order:
    """A clip that is wanted."""

    event: Event
    late_s: float  # monotonic: made by then, whatever there is of it


class Clips:
    """Makes the clip of each incident once its time after the alarm has passed, and sends it with an update.

    Args:
        store: where clips are kept.
        readers: by source, for their packets.
        inspector: knows the incidents.
        mail: takes the updates.
        agent: how long before and after.
        clock: the agent's.

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
    ) -> None:
        self.error: str | None = None
        self._store = store
        self._readers = readers
        self._inspector = inspector
        self._mail = mail
        self._length = agent.evidence
        self._clock = clock
        self._orders: list[_Order] = []
        self._change = threading.Condition()

    @property
    def waiting(self) -> int:
        """Clips that are still to be made."""
        return len(self._orders)

    def order(self, event: Event) -> None:
        """Have a clip made of the incident that this event opens."""
        late_s = self._clock.monotonic() + self._length.after_s + _LATE_S
        with self._change:
            self._orders.append(_Order(event, late_s))

    def run(self, stop: threading.Event, beat: Beat) -> None:
        """The thread's work; see `Worker.run`."""
        while not stop.wait(0.1):
            beat()
            for order in [order for order in self._orders if self._ready(order)]:
                self._make(order)
                beat()
        # What the ring holds now is gone with the process: a shorter clip is better than none. Packets are
        # put into a file in no time; a drill would have to be encoded, and is no loss.
        for order in list(self._orders):
            if self._readers[order.event.source].drill is None:
                self._make(order)

    def _ready(self, order: _Order) -> bool:
        reader = self._readers[order.event.source]
        newest_s = reader.stats.last_frame_s
        passed = newest_s is not None and newest_s >= order.event.alarm_s + self._length.after_s
        return passed or reader.ended or self._clock.monotonic() >= order.late_s

    def _make(self, order: _Order) -> None:
        event, reader = order.event, self._readers[order.event.source]
        try:
            clip = self._clip(event, reader)
            now_s = max(event.time_s, reader.stats.last_frame_s or event.time_s)
            known = self._inspector.attach(
                event.source, event.incident, now_s, lambda update: self._mail.send(update, (clip,))
            )
            if not known:
                log.info("clip comes too late, its incident is over", extra={"incident": event.incident})
            self.error = None
        except EvidenceError as error:
            log.warning("incident goes without a clip", extra={"incident": event.incident, "reason": str(error)})
            self.error = str(error)
        finally:
            with self._change:
                self._orders.remove(order)

    def _clip(self, event: Event, reader: Reader) -> EvidenceFile:
        start_s, end_s = event.alarm_s - self._length.before_s, event.alarm_s + self._length.after_s
        window = reader.ring.window(start_s, end_s)
        if window is None:
            raise EvidenceError(f"source {event.source}: nothing of the {end_s - start_s:g} s around the alarm is kept")
        return self._store.clip(event.incident, CLIP, window, reader.drill.render if reader.drill is not None else None)
