"""Each fault of a view is an incident of its own: opened, told again and again while it lasts, cleared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote

from pydantic import ValidationError

from edge.delivery.contract import (
    CLOUDEVENT_MEDIA_TYPE,
    CoverageData,
    CoverageEvent,
    FaultName,
    Titles,
    is_coverage,
    utc,
)
from edge.delivery.entries import Outgoing, State
from edge.delivery.outbox import Outbox, Slot
from edge.delivery.place import Place
from edge.delivery.topics import Topics
from pipelines.coverage import ViewFault
from pipelines.events import Condition

_FIRST_UPDATE_S, _LAST_UPDATE_S = 600.0, 21_600.0
_SEVERITY = 3
_MARKS = {"open": ("{title}", "{title}"), "update": ("{title}, continuing", "{title}持续中"),
          "cleared": ("{title}: seen again", "{title}已恢复")}  # fmt: skip

Phase = Literal["open", "update", "cleared"]


@dataclass(frozen=True, slots=True)
class Blind:
    """A fault that lasts.

    Attributes:
        incident: its id.
        sequence: of its last event.
        since_s: UTC seconds when it was first seen.
        wait_s: seconds until it is told again.
        told_s: monotonic time at which it was told last.
        reason: in words.
    """

    incident: str
    sequence: int
    since_s: float
    wait_s: float
    told_s: float
    reason: str


class CoverageIncidents:
    """Tells the platform of views that can not be seen. One thread at a time.

    Args:
        outbox: takes the events.
        topics: of this agent.
        places: where each source stands.
        lang: `zh` or `en`.
        new_id: gives a fresh UUIDv7 as text.
        now: the wall clock, UTC seconds since the epoch.
    """

    def __init__(
        self,
        outbox: Outbox,
        topics: Topics,
        places: Mapping[str, Place],
        lang: str,
        new_id: Callable[[], str],
        now: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._topics = topics
        self._places = places
        self._lang = lang
        self._new_id = new_id
        self._now = now
        self._blind: dict[tuple[str, ViewFault], Blind] = {}

    @property
    def lasting(self) -> dict[tuple[str, ViewFault], Blind]:
        """What the platform was told of and not told the end of, by source and fault."""
        return dict(self._blind)

    def restore(self) -> None:
        """Take up what lasted when the process ended.

        Raises:
            DeliveryError: the outbox can not be read.
        """
        for incident, payload in self._outbox.active().items():
            if not is_coverage(payload):
                continue
            try:
                data = CoverageEvent.model_validate_json(payload).data
            except ValidationError:
                continue
            sequence = max(data.sequence, self._outbox.last_sequence(incident))
            blind = Blind(incident, sequence, data.since.timestamp(), _FIRST_UPDATE_S, float("-inf"), data.reason)
            self._blind[data.source, data.fault.kind] = blind

    def tell(self, source: str, fault: ViewFault, reason: str, monotonic_s: float) -> None:
        """The fault is there.

        Raises:
            DeliveryError: it could not be handed over; call again.
        """
        known = self._blind.get((source, fault))
        if known is None:
            known = Blind(self._new_id(), 0, self._now(), _FIRST_UPDATE_S / 3, monotonic_s, reason)
            self._put(source, fault, replace(known, sequence=1), "open")
        elif monotonic_s - known.told_s >= known.wait_s:
            self._put(source, fault, replace(known, sequence=known.sequence + 1, reason=reason), "update")
        else:
            return
        wait_s = min(known.wait_s * 3, _LAST_UPDATE_S)
        told = replace(known, sequence=known.sequence + 1, reason=reason, wait_s=wait_s, told_s=monotonic_s)
        self._blind[source, fault] = told

    def end(self, source: str, fault: ViewFault) -> None:
        """The fault is gone; nothing happens if nobody was told of it.

        Raises:
            DeliveryError: it could not be handed over; call again.
        """
        known = self._blind.get((source, fault))
        if known is not None:
            self._put(source, fault, replace(known, sequence=known.sequence + 1), "cleared")
            del self._blind[source, fault]

    def _put(self, source: str, fault: ViewFault, blind: Blind, phase: Phase) -> None:
        ended = phase == "cleared"
        outgoing = Outgoing(
            blind.incident,
            blind.sequence,
            _SEVERITY,
            self._topics.event,
            CLOUDEVENT_MEDIA_TYPE,
            State(self._topics.active(blind.incident), ended=ended),
        )
        self._outbox.put_event(outgoing, lambda slot: self._event(source, fault, blind, phase, slot).to_bytes())

    def _event(self, source: str, fault: ViewFault, blind: Blind, phase: Phase, slot: Slot) -> CoverageEvent:
        now = utc(self._now())
        place = self._places.get(source)
        chinese = self._lang == "zh"
        what = _MARKS[phase][chinese].format(title=fault.title(self._lang))
        where = [*(place.words("{}层" if chinese else "floor {}") if place else ()), source]
        data = CoverageData(
            incident=blind.incident,
            sequence=blind.sequence,
            number=slot.number,
            previous=slot.named(),
            phase=phase,
            condition=Condition.CLEARED if phase == "cleared" else Condition.ACTIVE,
            fault=FaultName(kind=fault, title=Titles(en=fault.title("en"), zh=fault.title("zh"))),
            severity=_SEVERITY,
            source=source,
            since=utc(blind.since_s),
            observed=now,
            sent_at=now,
            place=place,
            reason=blind.reason,
            message=what + ("：" if chinese else ": ") + ("，" if chinese else ", ").join(where),
        )
        origin = "/".join(quote(part, safe="") for part in ("lookout", self._topics.site, self._topics.agent, source))
        return CoverageEvent(
            id=f"{blind.incident}/{blind.sequence}", source=f"/{origin}", type=_TYPES[phase], time=now, data=data
        )


_TYPES: dict[
    Phase, Literal["city.lookout.coverage.open", "city.lookout.coverage.update", "city.lookout.coverage.cleared"]
] = {
    "open": "city.lookout.coverage.open",
    "update": "city.lookout.coverage.update",
    "cleared": "city.lookout.coverage.cleared",
}
