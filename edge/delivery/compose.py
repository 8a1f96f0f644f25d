"""From an event of the pipelines to the event of the contract, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import quote

from edge.delivery.contract import CloudEvent, EventData, EventType, Evidence, HazardName, Model, Titles, utc
from edge.delivery.message import message_for
from edge.delivery.place import Place
from edge.delivery.position import ground_of, position_of
from edge.delivery.shelf import Slot
from edge.delivery.topics import Topics
from edge.evidence.files import EvidenceFile
from pipelines.events import Care, Event, Phase

Address = Callable[[str, str], str | None]
"""Where a piece of evidence is put, by incident and name; None: it is published."""


def cloud_event(  # noqa: PLR0913 - one argument a fact
    event: Event,
    *,
    topics: Topics,
    slot: Slot,
    sent_at: datetime,
    delay_s: float | None = None,
    lang: str,
    place: Place | None = None,
    evidence: Sequence[EvidenceFile] = (),
    model: Model | None = None,
    config_sha256: str | None = None,
    clock_synchronised: bool | None = None,
    part_bytes: int | None = None,
    upload: Address | None = None,
) -> CloudEvent:
    """The event as it goes over the wire.

    Args:
        event: what happened.
        topics: of this agent.
        slot: its place in the chain of all events, from the outbox.
        sent_at: now.
        delay_s: seconds since the capture of the observed frame, where they are known.
        lang: `zh` or `en`, of `message`.
        place: where the source stands.
        evidence: pictures and clips that belong to this event.
        model: the model that saw it.
        config_sha256: digest of the settings.
        part_bytes: larger evidence comes in parts of so many bytes.
        upload: where evidence is put instead of published.
        clock_synchronised: whether the agent's clock is kept right; None where that is not known.
    """
    data = EventData(
        incident=event.incident,
        sequence=event.sequence,
        number=slot.number,
        previous=slot.named(),
        phase=event.phase,
        condition=event.condition,
        handling=event.handling,
        mode=event.mode,
        hazard=HazardName(kind=event.kind, title=Titles(en=event.kind.title("en"), zh=event.kind.title("zh"))),
        severity=event.severity,
        score=_unit(event.score, 3),
        source=event.source,
        rule=event.rule,
        zone=event.zone,
        bbox=_within(event.box),
        first_seen=utc(event.first_seen_captured_s),
        alarm=utc(event.alarm_captured_s),
        observed=utc(event.captured_s),
        clock=event.clock,
        sent_at=sent_at,
        delay_s=None if delay_s is None else round(max(0.0, delay_s), 3),
        drill=event.drill,
        place=place,
        position=position_of(event.ground),
        evidence=tuple(_descriptor(file, topics, part_bytes, upload) for file in evidence),
        model=model,
        config_sha256=config_sha256,
        clock_synchronised=clock_synchronised,
        by=event.care.by,
        note=event.care.note,
        responsible=event.care.responsible,
        deadline=None if event.care.due_s is None else utc(event.care.due_s),
        overdue=event.care.overdue or None,
        reason=event.care.reason,
        light=None if event.light is None else _unit(event.light, 3),
        message=message_for(event, place, lang),
    )
    origin = "/".join(quote(part, safe="") for part in ("lookout", topics.site, topics.agent, event.source))
    return CloudEvent(
        id=f"{event.incident}/{event.sequence}",
        source=f"/{origin}",
        type=_TYPES[event.phase],
        time=data.observed,
        data=data,
    )


def event_of(message: CloudEvent, time_s: float) -> Event:
    """The event that a message was made from, as far as the message tells.

    Args:
        message: as it was composed.
        time_s: the monotonic time that the event shall have. The other two follow from it, as far before as they
            were captured before. The number of the frame is not in the message: 0.
    """
    data = message.data
    return Event(
        incident=data.incident,
        sequence=data.sequence,
        phase=data.phase,
        condition=data.condition,
        handling=data.handling,
        mode=data.mode,
        kind=data.hazard.kind,
        source=data.source,
        rule=data.rule,
        zone=data.zone,
        severity=data.severity,
        score=data.score,
        box=data.bbox,
        time_s=time_s,
        captured_s=data.observed.timestamp(),
        first_seen_s=time_s - (data.observed - data.first_seen).total_seconds(),
        alarm_s=time_s - (data.observed - data.alarm).total_seconds(),
        frame=0,
        drill=data.drill,
        clock=data.clock,
        care=Care(
            by=data.by,
            note=data.note,
            responsible=data.responsible,
            due_s=None if data.deadline is None else data.deadline.timestamp(),
            overdue=bool(data.overdue),
            reason=data.reason,
        ),
        light=data.light,
        ground=ground_of(data.position),
    )


_TYPES: dict[Phase, EventType] = {
    Phase.OPEN: "city.lookout.hazard.open",
    Phase.UPDATE: "city.lookout.hazard.update",
    Phase.CLEARED: "city.lookout.hazard.cleared",
    Phase.HANDLING: "city.lookout.hazard.handling",
}


def _within(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (_unit(side, 4) for side in box)
    return x1, y1, x2, y2


def _unit(value: float, digits: int) -> float:
    # A box or a score may stick out of 0–1 by a rounding error; an alarm is not lost over that.
    return round(min(max(value, 0.0), 1.0), digits)


def _descriptor(file: EvidenceFile, topics: Topics, part_bytes: int | None, upload: Address | None) -> Evidence:
    url = None if upload is None else upload(file.incident, file.name)
    cut = url is None and part_bytes is not None and file.size > part_bytes
    return Evidence(
        name=file.name,
        topic=topics.evidence(file.incident, file.name) if url is None else None,
        url=url,
        media_type=file.media_type,
        bytes=file.size,
        sha256=file.sha256,
        parts=-(-file.size // part_bytes) if cut and part_bytes is not None else None,
    )
