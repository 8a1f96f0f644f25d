"""What an output is told of an incident."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from edge.config.outputs import Output
from edge.delivery.contract import rfc3339, utc
from edge.delivery.message import message_for
from edge.delivery.place import Place
from pipelines.events import Condition, Event, Mode


@dataclass(frozen=True, slots=True)
class Notice:
    """One step of an incident, in plain values.

    Attributes:
        incident: its id.
        lasts: the lens sees it, and nobody has called it off.
        hazard: its kind.
        severity: 1–4.
        source: the camera.
        zone: the zone it concerns, if any.
        drill: it is a test.
        time: when it was observed, RFC 3339.
        message: one line for people.
    """

    incident: str
    lasts: bool
    hazard: str
    severity: int
    source: str
    zone: str | None
    drill: bool
    time: str
    message: str

    def to_json(self) -> bytes:
        """Compact, UTF-8."""
        told = {key: value for key, value in asdict(self).items() if value is not None}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def notice_of(event: Event, place: Place | None, lang: str) -> Notice:
    """What an event comes to for an output."""
    return Notice(
        incident=event.incident,
        lasts=event.condition is Condition.ACTIVE and not event.handling.over,
        hazard=str(event.kind),
        severity=event.severity,
        source=event.source,
        zone=event.zone,
        drill=event.drill,
        time=rfc3339(utc(event.captured_s)),
        message=message_for(event, place, lang),
    )


def concerns(settings: Output, event: Event) -> bool:
    """Does an event drive this output? One that only observes drives none."""
    return (
        event.mode is Mode.ALARM
        and event.severity >= settings.severity
        and (settings.drills or not event.drill)
        and (settings.hazards is None or event.kind in settings.hazards)
        and (settings.sources is None or event.source in settings.sources)
    )
