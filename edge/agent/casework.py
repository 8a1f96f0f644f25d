"""What people do about incidents, and what the agent owes them in return."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from calibration.errors import CommandRefused, DeliveryError
from edge.agent.inspector import Inspector
from edge.agent.mail import Mail
from edge.clock import AgentClock
from edge.delivery.contract import rfc3339, utc
from pipelines.events import Event, Handling, Phase
from pipelines.handling import Instruction, Step, follows, told
from pipelines.harvest.verdicts import Verdict
from pipelines.watch import Watch

log = logging.getLogger(__name__)

VERDICTS = "verdicts.jsonl"
_EVERY_S = 1.0
_NOBODY = "nobody watches for it any more: its source or its rule is no longer in the site file"
_SAID = {Step.RECTIFIED: Verdict.TRUE_ALARM, Step.FALSE_ALARM: Verdict.FALSE_ALARM}


class Casework:
    """Takes the steps of people to the view that knows the incident, and keeps the time.

    Args:
        watches: by source.
        inspector: between whose inspections incidents are changed.
        mail: takes the events.
        live: the sources whose frame times are monotonic time of this machine.
        verdicts: the file that harvesting reads.
        clock: the agent's.
    """

    def __init__(
        self,
        watches: Mapping[str, Watch],
        inspector: Inspector,
        mail: Mail,
        live: Collection[str],
        verdicts: Path,
        clock: AgentClock,
    ) -> None:
        self._watches = watches
        self._inspector = inspector
        self._mail = mail
        self._live = live
        self._verdicts = verdicts
        self._clock = clock
        self._orphans: dict[str, Event] = {}
        self._ticked_s = float("-inf")
        self._lock = threading.Lock()

    def adopt(self, events: Iterable[Event]) -> None:
        """Incidents that no view knows any more, and that people may still want to deal with."""
        self._orphans |= {event.incident: event for event in events if not event.handling.over}

    def take(self, incident: str, said: Instruction) -> Handling:
        """A step of people; from any thread.

        Returns:
            How far the incident is now.

        Raises:
            CommandRefused: the incident is not known here, or the step can not be taken from where it stands.
            DeliveryError: what they said of it can not be written down; the step is taken all the same.
        """

        def handle() -> Event:
            event = self._step(incident, said)
            self._mail.send(event)
            return event

        event = self._inspector.between(handle)
        self._note(incident, said.step)
        return event.handling

    def tick(self) -> None:
        """Deadlines that pass, views that show nothing; called often by the inspector's thread, acts once a second."""
        now_s = self._clock.monotonic()
        if now_s - self._ticked_s < _EVERY_S:
            return
        self._ticked_s = now_s
        self._inspector.between(lambda: self._tick(now_s))

    def _tick(self, now_s: float) -> None:
        for source, watch in self._watches.items():
            for event in watch.tick(now_s if source in self._live else None, self._clock.now()):
                self._mail.send(event)

    def _step(self, incident: str, said: Instruction) -> Event:
        for watch in self._watches.values():
            if watch.knows(incident):
                return watch.handle(incident, said)
        last = self._orphans.get(incident)
        if last is None:
            raise CommandRefused(f"incident {incident!r} is not known here, or is over")
        event = _without_a_view(last, said)
        self._orphans[incident] = event
        if event.handling.over:
            del self._orphans[incident]
        return event

    def _note(self, incident: str, step: Step) -> None:
        """People have said whether there was such a hazard: what the model engineer's harvest reads."""
        verdict = _SAID.get(step)
        if verdict is None:
            return
        line = {"incident": incident, "verdict": str(verdict), "time": rfc3339(utc(self._clock.now()))}
        try:
            with self._lock, self._verdicts.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DeliveryError(f"{self._verdicts}: the verdict can not be written: {error.strerror}") from error


def _without_a_view(last: Event, said: Instruction) -> Event:
    handling, care = follows(last.handling, said.step), told(last.care, said)
    if handling is Handling.RECTIFIED:
        handling, care = Handling.CANNOT_VERIFY, replace(care, reason=_NOBODY)
    return replace(last, sequence=last.sequence + 1, phase=Phase.HANDLING, handling=handling, care=care)
