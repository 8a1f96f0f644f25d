"""Keeps frames beside the inspection: what is worth keeping is said at once, written by a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration.errors import EvidenceError
from edge.agent.ids import Uuid7
from edge.agent.supervisor import Beat
from edge.clock import AgentClock
from edge.config.site import HarvestSettings
from edge.harvest.store import HarvestStore
from pipelines.frame import Frame
from pipelines.harvest import Find, Keeper, Why
from pipelines.watch import Inspection, WatchPlan

log = logging.getLogger(__name__)

# Frames that wait for the disk hold their memory (3 MB at 1080p): no more than this many of each.
MOST_WAITING = {False: 4, True: 16}  # by whether the frame is an incident's
_TURN_S = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    find: Find
    frame: Frame


class Harvester:
    """Takes what the keepers choose to the store; drops and counts what comes faster than the disk takes it.

    Args:
        keepers: by source.
        store: where pictures are kept.

    Attributes:
        error: why the last picture could not be kept; None when all is well.
    """

    def __init__(self, keepers: Mapping[str, Keeper], store: HarvestStore) -> None:
        self.error: str | None = None
        self._keepers = keepers
        self._store = store
        self._queue: deque[_Waiting] = deque()
        self._done: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._arrived = threading.Event()
        for find in store.finds:
            if find.source in keepers:
                keepers[find.source].remember(find)

    @property
    def waiting(self) -> int:
        """Frames that are not on disk yet."""
        return len(self._queue)

    def report(self) -> Mapping[str, Any]:
        """For the status: what is on disk, and what was done since the start."""
        return {
            "pictures": dict(self._store.counts),
            "mb": round(self._store.size / 10**6, 1),
            "budget_mb": self._store.budget_bytes // 10**6,
            "kept": self._done["kept"],
            "dropped": self._done["dropped"],
            "failed": self._done["failed"],
        }

    def offer(self, inspection: Inspection) -> None:
        """Have the frame kept if it is worth it. Cheap: nothing is encoded or written here."""
        if not inspection.scenes:
            return
        frame = inspection.scenes[0].frame
        find = self._keepers[frame.source].judge(inspection)
        if find is None:
            return
        proof = find.why is Why.INCIDENT
        with self._lock:
            alike = sum((each.find.why is Why.INCIDENT) is proof for each in self._queue)
            if alike >= MOST_WAITING[proof]:
                self._done["dropped"] += 1
                return
            self._queue.append(_Waiting(find, frame))
        self._arrived.set()

    def run(self, stop: threading.Event, beat: Beat) -> None:
        """The thread's work; see `Worker.run`. What waits when it is stopped is still written."""
        while not stop.is_set():
            beat()
            self._arrived.wait(_TURN_S)
            self._arrived.clear()
            while (each := self._next()) is not None and not stop.is_set():
                beat()
                self._keep(each)
        while (each := self._next()) is not None:
            self._keep(each)

    def _next(self) -> _Waiting | None:
        with self._lock:
            return self._queue.popleft() if self._queue else None

    def _keep(self, each: _Waiting) -> None:
        try:
            self._store.keep(each.find, each.frame)
        except EvidenceError as error:
            self._done["failed"] += 1
            if str(error) != self.error:
                log.warning("picture not kept", extra={"source": each.find.source, "reason": str(error)})
            self.error = str(error)
        else:
            self._done["kept"] += 1
            self.error = None


def make_harvester(
    wanted: HarvestSettings, data: Path, plans: Mapping[str, WatchPlan], clock: AgentClock
) -> Harvester | None:
    """As the site file wants it; None where nothing is to be kept.

    Raises:
        EvidenceError: its folder can not be made.
    """
    if not wanted.budget_mb:
        return None
    store = HarvestStore(data, wanted.budget_mb * 10**6, jpeg_quality=wanted.jpeg_quality, clock=clock)
    new_id = Uuid7()
    return Harvester({name: Keeper(plan, new_id, wanted.every_s) for name, plan in plans.items()}, store)
