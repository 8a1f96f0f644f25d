"""What the agent says of itself as events: what has to be done before something stops working."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import Field, ValidationError

from edge.delivery.contract import CLOUDEVENT_MEDIA_TYPE, Payload, Previous, Titles, Utc, type_of, utc
from edge.delivery.entries import Outgoing, State
from edge.delivery.expiry import Expiry
from edge.delivery.outbox import Outbox, Slot
from edge.delivery.topics import Topics
from pipelines.events import Condition

Phase = Literal["open", "update", "cleared"]

_WARNING, _DANGER = 2, 3
_TITLE = Titles(en="Certificate has to be renewed", zh="证书需要更新")
_DONE = Titles(en="Certificate renewed", zh="证书已更新")


class NoticeName(Payload):
    """What has to be done."""

    kind: Literal["certificate"]
    """For programs."""
    title: Titles
    """For people."""


class NoticeData(Payload):
    """A step in the time in which something has to be done: the `data` of a notice."""

    incident: str
    """UUIDv7, the same for all events of this matter."""
    sequence: Annotated[int, Field(ge=1)]
    """Number of the event within its incident, rising."""
    number: Annotated[int, Field(ge=1)]
    """Number of the event within the agent, rising, never used twice."""
    previous: Previous | None = None
    """The event before this one."""
    phase: Phase
    """What this event says."""
    condition: Condition
    """Whether it still has to be done."""
    notice: NoticeName
    """What it is."""
    subject: str
    """Of what: a key of the site file and its file, or the broker's certificate."""
    severity: Annotated[int, Field(ge=1, le=4)]
    """2 while there is time, 3 when something does not work any more."""
    since: Utc
    """When it was first noticed, by the agent's clock."""
    observed: Utc
    """When it was noticed last."""
    sent_at: Utc
    """The agent's clock when the event was handed to its outbox."""
    reason: str
    """In words."""
    message: str
    """One line for people, in the language of the site."""


class NoticeEvent(Payload):
    """Payload of `event` and, retained, of `active/{incident}`, where the agent itself needs somebody."""

    specversion: Literal["1.0"] = "1.0"
    """Version of CloudEvents."""
    id: str
    """`{incident}/{sequence}`."""
    source: str
    """`/lookout/{site}/{agent}`, percent-encoded."""
    type: Literal["city.lookout.agent.open", "city.lookout.agent.update", "city.lookout.agent.cleared"]
    """`city.lookout.agent.` and the phase."""
    time: Utc
    """When it was observed."""
    datacontenttype: Literal["application/json"] = "application/json"
    """Of `data`."""
    data: NoticeData
    """The event."""


_TYPES: dict[Phase, Literal["city.lookout.agent.open", "city.lookout.agent.update", "city.lookout.agent.cleared"]] = {
    "open": "city.lookout.agent.open",
    "update": "city.lookout.agent.update",
    "cleared": "city.lookout.agent.cleared",
}


def is_notice(payload: bytes) -> bool:
    """Is it an event about the agent, and neither about a hazard nor a view?"""
    return type_of(payload).startswith("city.lookout.agent.")


@dataclass(frozen=True, slots=True)
class _Matter:
    """Something that has to be done, as the platform was told last."""

    incident: str
    sequence: int
    since_s: float
    severity: int
    reason: str


class Notices:
    """Tells the platform what has to be done, and when it has been done. One thread at a time.

    Args:
        outbox: takes the events.
        topics: of this agent.
        lang: `zh` or `en`.
        new_id: gives a fresh UUIDv7 as text.
        now: the wall clock, UTC seconds since the epoch.
    """

    def __init__(
        self, outbox: Outbox, topics: Topics, lang: str, new_id: Callable[[], str], now: Callable[[], float]
    ) -> None:
        self._outbox = outbox
        self._topics = topics
        self._lang = lang
        self._new_id = new_id
        self._now = now
        self._open: dict[str, _Matter] | None = None  # by subject

    def tell(self, expiries: Collection[Expiry]) -> None:
        """Certificates that have to be renewed soon, all of them; what was told and is not among them has been done.

        Raises:
            DeliveryError: it could not be handed over; call again.
        """
        if self._open is None:
            self._open = self._told_before()
        for expiry in expiries:
            severity, known = _DANGER if expiry.expired else _WARNING, self._open.get(expiry.what)
            if known is None:
                matter = _Matter(self._new_id(), 1, self._now(), severity, str(expiry))
                self._put(expiry.what, matter, "open")
            elif severity > known.severity:
                matter = replace(known, sequence=known.sequence + 1, severity=severity, reason=str(expiry))
                self._put(expiry.what, matter, "update")
            else:
                continue
            self._open[expiry.what] = matter
        for subject in self._open.keys() - {expiry.what for expiry in expiries}:
            known = self._open[subject]
            self._put(subject, replace(known, sequence=known.sequence + 1), "cleared")
            del self._open[subject]

    def _told_before(self) -> dict[str, _Matter]:
        """What lasted when the process ended."""
        found = {}
        for incident, payload in self._outbox.active().items():
            if not is_notice(payload):
                continue
            try:
                data = NoticeEvent.model_validate_json(payload).data
            except ValidationError:
                continue
            sequence = max(data.sequence, self._outbox.last_sequence(incident))
            found[data.subject] = _Matter(incident, sequence, data.since.timestamp(), data.severity, data.reason)
        return found

    def _put(self, subject: str, matter: _Matter, phase: Phase) -> None:
        outgoing = Outgoing(
            matter.incident,
            matter.sequence,
            matter.severity,
            self._topics.event,
            CLOUDEVENT_MEDIA_TYPE,
            State(self._topics.active(matter.incident), ended=phase == "cleared"),
        )
        self._outbox.put_event(outgoing, lambda slot: self._event(subject, matter, phase, slot).to_bytes())

    def _event(self, subject: str, matter: _Matter, phase: Phase, slot: Slot) -> NoticeEvent:
        now, over = utc(self._now()), phase == "cleared"
        title = _DONE if over else _TITLE
        said = title.zh + "：" if self._lang == "zh" else title.en + ": "
        data = NoticeData(
            incident=matter.incident,
            sequence=matter.sequence,
            number=slot.number,
            previous=slot.named(),
            phase=phase,
            condition=Condition.CLEARED if over else Condition.ACTIVE,
            notice=NoticeName(kind="certificate", title=_TITLE),
            subject=subject,
            severity=matter.severity,
            since=utc(matter.since_s),
            observed=now,
            sent_at=now,
            reason=matter.reason,
            message=said + (subject if over else matter.reason),
        )
        origin = "/".join(quote(part, safe="") for part in ("lookout", self._topics.site, self._topics.agent))
        return NoticeEvent(
            id=f"{matter.incident}/{matter.sequence}", source=f"/{origin}", type=_TYPES[phase], time=now, data=data
        )
