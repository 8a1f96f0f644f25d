"""The pictures of an alarm, made at once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from calibration.boxes import iou
from calibration.errors import EvidenceError
from calibration.skeleton import bones
from edge.agent.desk import Look
from edge.agent.veil import Veil
from edge.config import AgentSettings
from edge.delivery.place import Place
from edge.evidence.annotate import Caption, Seen
from edge.evidence.files import EvidenceFile
from edge.evidence.store import EvidenceStore
from pipelines.detect.card import POSE
from pipelines.events import Condition, Event, Handling, Phase
from pipelines.frame import Frame
from pipelines.hazards import Box
from pipelines.watch import Inspection, WatchPlan

log = logging.getLogger(__name__)

BEFORE = "open-full.jpg"  # the picture of the alarm
_FLOOR = {"zh": "{}层", "en": "floor {}"}
_SAME = 0.5  # boxes that overlap more are drawn once


class Pictures:
    """Makes the pictures of an event, in the thread that found it, while its frame is at hand.

    Args:
        store: where they are kept.
        plans: by source, for zones and lanes.
        agent: language.
        handled: incidents stay open until people are done with them.
        veil: hides who is not to be shown.

    Attributes:
        error: why the last picture could not be made; None when all is well.
    """

    def __init__(
        self,
        store: EvidenceStore,
        plans: Mapping[str, WatchPlan],
        places: Mapping[str, Place],
        agent: AgentSettings,
        *,
        handled: bool = False,
        veil: Veil | None = None,
    ) -> None:
        self._veil = veil
        self._lang = agent.lang
        self._handled = handled
        self.error: str | None = None
        self._store = store
        self._plans = plans
        zone = datetime.now(UTC).astimezone().tzinfo or UTC
        self._captions = {
            source: Caption(agent.lang, " ".join(place.words(_FLOOR[agent.lang])), zone)
            for source, place in places.items()
        }

    def of(self, event: Event, look: Look, inspection: Inspection) -> tuple[EvidenceFile, ...]:
        """The pictures of an event; none when they can not be made, for the alarm goes before its proof."""
        plan = self._plans[event.source]
        shown = self._shown(event, look.frame)
        try:
            files = self._store.pictures(
                event,
                shown,
                seen=_seen(event, plan, look.frame, inspection),
                zone=plan.zones.get(event.zone) if event.zone is not None else None,
                caption=self._captions[event.source],
            )
            files += self._pair(event, shown)
        except EvidenceError as error:
            log.warning("event goes without pictures", extra={"incident": event.incident, "reason": str(error)})
            self.error = str(error)
            return ()
        self.error = None
        self.follow(event)
        return files

    def follow(self, event: Event) -> None:
        """Whose incident is over may leave when room is needed, and whose is not stays."""
        over = event.handling.over or (event.condition is Condition.CLEARED and not self._handled)
        if over:
            self.resolve(event.incident)
        elif event.handling is Handling.REOPENED:
            self._store.reopen(event.incident)

    def _pair(self, event: Event, frame: Frame) -> tuple[EvidenceFile, ...]:
        """What was and what is, for the answer to people who called it rectified; the first is sent once more."""
        if event.phase is not Phase.HANDLING or event.handling not in (Handling.CLOSED, Handling.REOPENED):
            return ()
        before = self._store.find(event.incident, BEFORE)
        return () if before is None else (before, self._store.pair(event, before.path, frame, self._lang))

    def resolve(self, incident: str) -> None:
        """The incident is over: its evidence may leave when room is needed."""
        try:
            self._store.resolve(incident)
        except EvidenceError as error:
            log.warning("incident not marked as over", extra={"incident": incident, "reason": str(error)})
            self.error = str(error)

    def _shown(self, event: Event, frame: Frame) -> Frame:
        return frame if self._veil is None else self._veil.inspected(frame, event.box)


def _seen(event: Event, plan: WatchPlan, frame: Frame, inspection: Inspection) -> Seen:
    """What else of that kind the event's model saw: other people, other smoke; and everybody's pose where it counts."""
    size = np.array([frame.width, frame.height] * 2, np.float32)
    hazard = np.array([event.box], np.float32)
    others: list[Box] = []
    lines = [np.empty((0, 4), np.float32)]
    for lane, found in zip(plan.lanes, inspection.detections, strict=False):
        rule = next((rule for rule in lane.rules if rule.title == event.rule), None)
        if rule is None:
            continue
        card = lane.detector.card
        if POSE in rule.needs:
            lines.append(bones(found.keypoints, card.keypoints) / size)
        kind = np.array([card.meanings[class_id] in rule.needs for class_id in found.class_id], bool)
        boxes = found.pick(kind).xyxy / size
        apart = iou(boxes, hazard)[:, 0] < _SAME
        others += [(float(x1), float(y1), float(x2), float(y2)) for x1, y1, x2, y2 in boxes[apart]]
    return Seen(tuple(others), np.concatenate(lines))
