"""Hands an event to the outbox, whole: the message, its pictures, and the retained state of its incident."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from edge.delivery.compose import Address, cloud_event
from edge.delivery.contract import CLOUDEVENT_MEDIA_TYPE, Model, utc
from edge.delivery.entries import Outgoing, State
from edge.delivery.outbox import Outbox, Slot
from edge.delivery.place import Place
from edge.delivery.topics import Topics
from edge.evidence.files import EvidenceFile
from pipelines.events import Condition, Event, Mode, Phase


class Dispatch:
    """Where the agent hands in its events. May be called from any thread.

    Args:
        outbox: keeps them until the broker has them.
        topics: of this agent.
        lang: `zh` or `en`, of the line for people.
        now: the wall clock, UTC seconds since the epoch.
        handled: the retained topic of an incident stays until people are done with it.
        config_sha256: digest of the settings, for every event.
        synchronised: whether the agent's clock is kept right; asked for every event.
        part_bytes: larger evidence is sent in parts of so many bytes.
        upload: where evidence is put instead of published.
    """

    def __init__(  # noqa: PLR0913 - one argument a fact
        self,
        outbox: Outbox,
        topics: Topics,
        *,
        lang: str = "en",
        now: Callable[[], float] = time.time,
        handled: bool = False,
        config_sha256: str | None = None,
        synchronised: Callable[[], bool | None] = lambda: None,
        part_bytes: int | None = None,
        upload: Address | None = None,
    ) -> None:
        self._part_bytes = part_bytes
        self._upload = upload
        self._config_sha256 = config_sha256
        self._synchronised = synchronised
        self._handled = handled
        self._outbox = outbox
        self._topics = topics
        self._lang = lang
        self._now = now

    def send(
        self,
        event: Event,
        *,
        place: Place | None = None,
        evidence: Sequence[EvidenceFile] = (),
        model: Model | None = None,
        delay_s: float | None = None,
    ) -> int:
        """Store the event and everything that follows it; on disk when this returns. Sending it twice is harmless.

        Args:
            event: what happened.
            place: where its source stands.
            evidence: the pictures and clips that belong to this event; the files must stay until they are sent.
            model: the model that saw it.
            delay_s: seconds since the capture of the event's frame, where they are known.

        Returns:
            The agent-wide number of the event.

        Raises:
            DeliveryError: it could not be stored and should be sent again.
        """
        outgoing = Outgoing(
            incident=event.incident,
            sequence=event.sequence,
            severity=event.severity,
            topic=self._topics.event,
            media_type=CLOUDEVENT_MEDIA_TYPE,
            state=self._state(event),
            evidence=tuple((self._address(file), file) for file in evidence),
            part_bytes=self._part_bytes,
        )

        def payload(slot: Slot) -> bytes:
            return cloud_event(
                event,
                topics=self._topics,
                slot=slot,
                sent_at=utc(self._now()),
                delay_s=delay_s,
                lang=self._lang,
                place=place,
                evidence=evidence,
                model=model,
                config_sha256=self._config_sha256,
                clock_synchronised=self._synchronised(),
                part_bytes=self._part_bytes,
                upload=self._upload,
            ).to_bytes()

        return self._outbox.put_event(outgoing, payload)

    def store_spare(self) -> None:
        """Bring to disk what the outbox keeps in memory; see `Outbox.store_spare`."""
        self._outbox.store_spare()

    def _address(self, file: EvidenceFile) -> str:
        put = None if self._upload is None else self._upload(file.incident, file.name)
        return put or self._topics.evidence(file.incident, file.name)

    def _state(self, event: Event) -> State | None:
        if event.mode is Mode.OBSERVE:
            return None  # nobody is to be alarmed
        if event.handling.over:
            return State(self._topics.active(event.incident), ended=True)
        if self._handled:
            return State(self._topics.active(event.incident), ended=False)
        if event.phase is Phase.CLEARED:
            return State(self._topics.active(event.incident), ended=True)
        if event.condition is Condition.CLEARED:
            return None  # late news of an incident that is over
        return State(self._topics.active(event.incident), ended=False)
