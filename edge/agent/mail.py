"""Hands events to the outbox, and holds on to those that could not be stored."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from calibration.errors import DeliveryError, OutboxDamaged
from edge.clock import AgentClock
from edge.delivery.contract import Model
from edge.delivery.dispatch import Dispatch
from edge.delivery.place import Place
from edge.evidence.files import EvidenceFile
from pipelines.events import Event

log = logging.getLogger(__name__)

_RETRY_S = 1.0

Run = Callable[[threading.Event, Callable[[], None]], None]
"""A thread's work; see `Worker.run`."""


@dataclass(frozen=True, slots=True)
class Letter:
    """An event with the pictures that belong to it."""

    event: Event
    evidence: tuple[EvidenceFile, ...]


class Mail:
    """Stores events in the order in which they are handed in. Any thread may use it.

    A full disk does not stop the agent: what can not be stored waits in memory and is tried again.

    Args:
        dispatch: the way into the outbox.
        places: where each source stands.
        serving: tells which model serves a rule now, by source and rule.
        live: the sources whose frame times are monotonic time of this machine, not media time.
        clock: the agent's.
        aloud: told of each event before anything else, for outputs that do not wait for a disk or a network.

    Attributes:
        error: why the last event could not be stored; None when all is well.
        damaged: the outbox has to be opened anew; until then everything waits in memory.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        places: Mapping[str, Place],
        serving: Callable[[str, str], Model | None],
        live: Collection[str],
        clock: AgentClock,
        aloud: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self._aloud = aloud
        self.error: str | None = None
        self.damaged = False
        self._dispatch = dispatch
        self._places = places
        self._serving = serving
        self._live = live
        self._clock = clock
        self._held: deque[Letter] = deque()
        self._tried_s = float("-inf")
        self._lock = threading.Lock()

    @property
    def held(self) -> int:
        """How many events wait in memory."""
        return len(self._held)

    def send(self, event: Event, evidence: tuple[EvidenceFile, ...] = ()) -> None:
        """Store an event; on disk when this returns, unless the disk does not take it."""
        log.info(
            "hazard",
            extra={
                "phase": str(event.phase),
                "hazard": str(event.kind), "source": event.source, "rule": event.rule, "severity": event.severity,
                "score": round(event.score, 2), "drill": event.drill, "mode": str(event.mode),
                "incident": event.incident, "sequence": event.sequence,
            },
        )  # fmt: skip
        self._aloud(event)
        with self._lock:
            self._held.append(Letter(event, evidence))
            self._store()

    def guarded(self, run: Run) -> Run:
        """The work of a thread that has the outbox opened anew if it finds it damaged."""

        def guarded(stop: threading.Event, beat: Callable[[], None]) -> None:
            try:
                run(stop, beat)
            except OutboxDamaged:
                self.damaged = True
                raise

        return guarded

    def retry(self) -> None:
        """Try again to store what waits in memory, at most once a second; cheap when nothing does."""
        if not self.damaged:
            self._dispatch.store_spare()
        if self._held and self._clock.monotonic() - self._tried_s >= _RETRY_S:
            with self._lock:
                self._store()

    def hand_over(self, dispatch: Dispatch) -> int:
        """Store what is held in another outbox; how many are left in memory after that."""
        with self._lock:
            self._dispatch, self.damaged = dispatch, False
            self._store()
            return len(self._held)

    def _store(self) -> None:
        self._tried_s = self._clock.monotonic()
        while self._held and not self.damaged:
            letter = self._held[0]
            event = letter.event
            try:
                self._dispatch.send(
                    event,
                    place=self._places.get(event.source),
                    evidence=letter.evidence,
                    model=self._serving(event.source, event.rule),
                    delay_s=self._delay_s(event),
                )
            except OutboxDamaged as error:
                self.damaged = True
                self._failed(error)
                return
            except DeliveryError as error:
                self._failed(error)
                return
            self._held.popleft()
            self.error = None

    def _delay_s(self, event: Event) -> float | None:
        """Since the capture of its frame, where frame times are this machine's monotonic time."""
        return self._clock.monotonic() - event.time_s if event.source in self._live else None

    def _failed(self, error: DeliveryError) -> None:
        if str(error) != self.error:
            log.error("event not stored, held in memory", extra={"reason": str(error), "held": len(self._held)})
        self.error = str(error)
