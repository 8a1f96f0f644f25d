"""What a round came to as events: a changed scene is an incident of its waypoint, a waypoint not seen a fault."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from calibration.errors import EvidenceError
from edge.agent.folder import DataFolder
from edge.agent.ids import Uuid7
from edge.agent.resume import left_active
from edge.clock import AgentClock
from edge.config.mission import DeliverySettings
from edge.coverage.incidents import CoverageIncidents
from edge.delivery.dispatch import Dispatch
from edge.delivery.outbox import FILE_NAME, Outbox
from edge.delivery.topics import Topics
from edge.delivery.uplink import Uplink
from edge.evidence.annotate import Caption
from edge.evidence.files import EvidenceFile
from edge.evidence.store import EvidenceStore
from edge.patrol.rounds import Finding, Stop
from pipelines.coverage import ViewFault
from pipelines.events import Event, Mode
from pipelines.frame import Frame, from_bgr
from pipelines.hazards import Hazard, HazardKind
from pipelines.incidents import Finding as Found
from pipelines.incidents import Incidents, Policy

RULE = "changed_scene"
_SEVERITY, _BURNS = 2, 4
_EVIDENCE_BYTES = 2 * 10**9
# What a robot's last round told of is not looked for any longer than this round looks.
_POLICY = Policy(update_every_s=0.0, merge_s=0.0, search_s=0.0)
_FAULTS = {Finding.SKIPPED: ViewFault.UNINSPECTED, Finding.UNRECOGNISED: ViewFault.MOVED}


class RoundEvents:
    """Hands a round to the outbox of a data folder, and brings what waits there to the broker.

    Each waypoint is a view of its own, by its name. A change that is there again in the next round is the same
    incident; one that is gone clears.

    Args:
        settings: broker, topics and data folder.
        lang: `zh` or `en`.
        clock: of this machine.

    Raises:
        ConfigError: another agent works in the data folder, or it can not be written.
        DeliveryError: the outbox can not be opened.
    """

    def __init__(self, settings: DeliverySettings, lang: str, clock: AgentClock | None = None) -> None:
        self._lang = lang
        self._clock = clock = clock or AgentClock()
        self._new_id = Uuid7()
        topics = Topics(settings.site, settings.agent, settings.broker.prefix)
        with ExitStack() as opened:
            opened.enter_context(DataFolder(settings.data))
            path, confirm_s = settings.data / FILE_NAME, settings.broker.confirm_s
            self._outbox = opened.enter_context(Outbox(path, now=clock.now, confirm_s=confirm_s))
            self._dispatch = Dispatch(
                self._outbox, topics, lang=lang, now=clock.now, part_bytes=settings.broker.part_bytes
            )
            self._store = EvidenceStore(settings.data / "evidence", _EVIDENCE_BYTES, clock, wanted=self._outbox.files)
            self._coverage = CoverageIncidents(self._outbox, topics, {}, lang, self._new_id, clock.now)
            self._uplink = Uplink(settings.broker, self._outbox, topics)
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._opened.close()

    def tell(self, stops: Sequence[Stop]) -> int:
        """Store all that the platform has to hear of; how many events, those of coverage among them.

        Raises:
            DeliveryError: it could not be stored.
        """
        self._coverage.restore()
        active = left_active(self._outbox, self._clock)
        before = self._outbox.numbers().highest
        for stop in stops:
            self._tell_coverage(stop)
            if stop.covered and stop.after is not None:
                self._tell_scene(stop, stop.after, [e for e in active if e.source == stop.waypoint])
        return self._outbox.numbers().highest - before

    def deliver(self, stop: threading.Event, within_s: float) -> int:
        """Bring what waits to the broker; how many messages still wait after so long, or when `stop` is set."""
        done = threading.Event()
        thread = threading.Thread(target=self._uplink.run, args=(done, lambda: None))
        thread.start()
        deadline_s = time.monotonic() + within_s
        while self._outbox.count() and not stop.is_set() and time.monotonic() < deadline_s:
            stop.wait(0.1)
        done.set()
        thread.join(10.0)
        return self._outbox.count()

    def _tell_coverage(self, stop: Stop) -> None:
        now = _FAULTS.get(stop.finding)
        for fault in set(_FAULTS.values()) - {now}:
            self._coverage.end(stop.waypoint, fault)
        if now is not None:
            self._coverage.tell(stop.waypoint, now, stop.reason or str(stop.finding), self._clock.monotonic())

    def _tell_scene(self, stop: Stop, picture: Path, before: Sequence[Event]) -> None:
        frame = _frame(stop.waypoint, picture)
        if frame is None:
            return
        incidents = Incidents(self._new_id, _POLICY)
        incidents.restore(before)
        now_s, found = frame.time_s, [Found(RULE, Mode.ALARM, _SEVERITY, (), ())]
        if stop.changes:
            first = stop.changes[0]
            changed = Hazard(HazardKind.CHANGED_SCENE, first.box, first.score, now_s)
            found = [replace(found[0], hazards=(changed,))]
        for kind in (HazardKind.FIRE, HazardKind.SMOKE):
            seen = [Hazard(kind, each.box, each.score, now_s) for each in stop.seen if each.kind == kind]
            found.append(Found(str(kind), Mode.ALARM, _BURNS, (), tuple(seen[:1])))
        for event in incidents.follow(frame, found):
            self._dispatch.send(event, evidence=self._pictures(event, frame, stop.before))

    def _pictures(self, event: Event, frame: Frame, before: Path | None) -> tuple[EvidenceFile, ...]:
        """The picture of now, and before and after side by side; an event is not lost over them."""
        try:
            kept = self._store.pictures(event, frame, caption=Caption(self._lang))
            pair = (self._store.pair(event, before, frame, self._lang),) if before is not None else ()
        except EvidenceError:
            return ()
        return (*kept, *pair)


def _frame(waypoint: str, path: Path) -> Frame | None:
    picture = cv2.imread(str(path))
    if picture is None:
        return None
    taken_s = path.stat().st_mtime
    return from_bgr(np.asarray(picture, np.uint8), source=waypoint, captured_s=taken_s, time_s=taken_s)
