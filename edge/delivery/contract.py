"""The MQTT contract: every topic and every payload that Lookout sends or understands. Nothing else defines them.

Events are CloudEvents 1.0 in structured JSON. Fields without a value are left out. Times are RFC 3339, UTC,
milliseconds. What the platform may ask for stands in `orders`; `schema` puts both together; `docs/events.md` tells
the story.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, PlainSerializer, WithJsonSchema

from edge.delivery.place import GroundPosition, Place
from pipelines.coverage.faults import ViewFault
from pipelines.events import Condition, Handling, Mode, Phase
from pipelines.frame import Clock
from pipelines.hazards import HazardKind

VERSION = "1"
CLOUDEVENT_MEDIA_TYPE = "application/cloudevents+json; charset=utf-8"
JSON_MEDIA_TYPE = "application/json; charset=utf-8"
EVENT_TYPE_PREFIX = "city.lookout.hazard."


def utc(seconds: float) -> datetime:
    """Seconds since the epoch as a time in UTC, whole milliseconds."""
    return datetime.fromtimestamp(round(seconds * 1000) / 1000, UTC)


def rfc3339(moment: datetime) -> str:
    """Such as `2026-05-27T13:14:22.911Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Utc = Annotated[
    AwareDatetime,
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-05-27T13:14:22.911Z"]}),
]
Unit = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class Payload(BaseModel):
    """Base of everything that goes over MQTT: immutable, nothing unknown, no value means left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    def to_bytes(self) -> bytes:
        """UTF-8 JSON, compact, fields in their declared order."""
        return self.model_dump_json(exclude_none=True).encode()


class Titles(Payload):
    """The hazard's name for people."""

    en: str
    """English."""
    zh: str
    """Chinese."""


class HazardName(Payload):
    """What is wrong."""

    kind: HazardKind
    """For programs."""
    title: Titles
    """For people."""


class Evidence(Payload):
    """A picture or clip that follows the event that names it, on a topic of its own or by HTTP PUT to a `url`."""

    name: str
    """Unique within the incident."""
    topic: str | None = None
    """Where it is published; left out where the site has it put to a `url`."""
    url: str | None = None
    """Where it is put; left out where it comes over MQTT."""
    media_type: str
    """Such as `image/jpeg` or `video/mp4`."""
    bytes: Count
    """Size."""
    sha256: Sha256
    """Digest of the content, hex."""
    parts: Annotated[int, Field(ge=2)] | None = None
    """In how many parts it is cut; left out where it is whole. A part comes on `{topic}/part/{first}`, named by its
    first byte, from 0; together they have `bytes`. A file is cut (again) too where the broker takes no more at once,
    so go by the bytes and not by the count."""


class Model(Payload):
    """The model that saw it."""

    name: str
    """As on its card."""
    version: str
    """As on its card."""
    sha256: Sha256
    """Digest of the weights, hex."""


class Previous(Payload):
    """The event before, of the same agent: as each names the one before it, none can be changed without a trace."""

    number: Annotated[int, Field(ge=1)]
    """Its number."""
    sha256: Sha256
    """Digest of its payload, hex."""


class EventData(Payload):
    """A step in the life of one incident: the `data` of an event."""

    incident: str
    """UUIDv7, the same for all events of the incident."""
    sequence: Annotated[int, Field(ge=1)]
    """Number of the event within its incident, rising; a repeated one is the same event delivered again."""
    number: Annotated[int, Field(ge=1)]
    """Number of the event within the agent, rising, never used twice."""
    previous: Previous | None = None
    """The event before this one; left out for the first, and where its digest is not known."""
    phase: Phase
    """What this event says of the incident."""
    condition: Condition
    """What the lens sees."""
    handling: Handling
    """What people did about it."""
    mode: Mode
    """`observe`: recorded, nobody is to be alarmed."""
    hazard: HazardName
    """What is wrong."""
    severity: Annotated[int, Field(ge=1, le=4)]
    """1 notice, 2 warning, 3 danger, 4 life in danger; may rise while the incident lasts."""
    score: Unit
    """Best confidence so far."""
    source: str
    """The camera, by its name in the site file."""
    rule: str
    """The rule that found it, by its name in the site file."""
    zone: str | None = None
    """The zone it concerns, by its name in the site file."""
    bbox: tuple[Unit, Unit, Unit, Unit]
    """x1, y1, x2, y2 in 0–1 of the picture, now."""
    first_seen: Utc
    """Capture time of the first sign of it."""
    alarm: Utc
    """Capture time of the frame at which the incident was opened."""
    observed: Utc
    """Capture time of the frame that this event speaks of."""
    clock: Clock
    """Whose clock these three were read from."""
    sent_at: Utc
    """The agent's clock when the event was handed to its outbox."""
    delay_s: Annotated[float, Field(ge=0)] | None = None
    """Seconds from the capture of the observed frame to `sent_at`, by a clock that no camera and nobody sets.
    Left out for a recording that is read faster than it was filmed."""
    drill: bool
    """It comes from a test fire, smoke or obstacle. Always present."""
    place: Place | None = None
    """Where the source stands."""
    position: GroundPosition | None = None
    """Where the hazard is, seen from a camera that moves; left out where that could not be told."""
    evidence: tuple[Evidence, ...] = ()
    """What follows on `evidence` topics."""
    model: Model | None = None
    """The model that saw it."""
    config_sha256: Sha256 | None = None
    """Digest of the site's settings as they were, without their secrets, hex."""
    clock_synchronised: bool | None = None
    """Whether the agent's clock was kept right by somebody, NTP say; left out where the machine can not tell."""
    by: str | None = None
    """Who took the last step in handling it."""
    note: str | None = None
    """In their words."""
    responsible: str | None = None
    """Who has to rectify it."""
    deadline: Utc | None = None
    """By when."""
    overdue: bool | None = None
    """That time has passed; left out otherwise."""
    reason: str | None = None
    """Why the agent could not verify that it is rectified."""
    light: Unit | None = None
    """Mean brightness of the view at the alarm: what a later picture is compared with."""
    message: str
    """One line for people, in the language of the site."""


EventType = Literal[
    "city.lookout.hazard.open",
    "city.lookout.hazard.update",
    "city.lookout.hazard.cleared",
    "city.lookout.hazard.handling",
]


class CloudEvent(Payload):
    """Payload of `event` and, retained, of `active/{incident}`: CloudEvents 1.0, structured JSON."""

    specversion: Literal["1.0"] = "1.0"
    """Version of CloudEvents."""
    id: str
    """`{incident}/{sequence}`."""
    source: str
    """`/lookout/{site}/{agent}/{source}`, percent-encoded."""
    type: EventType
    """`city.lookout.hazard.` and the phase."""
    time: Utc
    """When it was observed."""
    datacontenttype: Literal["application/json"] = "application/json"
    """Of `data`."""
    data: EventData
    """The event."""


class FaultName(Payload):
    """What keeps a view from being seen."""

    kind: ViewFault
    """For programs."""
    title: Titles
    """For people."""


class CoverageData(Payload):
    """A step in the time in which a view can not be seen: the `data` of a coverage event."""

    incident: str
    """UUIDv7, the same for all events of this fault of this view."""
    sequence: Annotated[int, Field(ge=1)]
    """Number of the event within its incident, rising."""
    number: Annotated[int, Field(ge=1)]
    """Number of the event within the agent, rising, never used twice."""
    previous: Previous | None = None
    """The event before this one."""
    phase: Literal["open", "update", "cleared"]
    """What this event says."""
    condition: Condition
    """Whether the fault lasts."""
    fault: FaultName
    """What it is."""
    severity: Annotated[int, Field(ge=1, le=4)]
    """As a hazard's: nobody would have seen one."""
    source: str
    """The camera, by its name in the site file."""
    since: Utc
    """When it was first seen, by the agent's clock."""
    observed: Utc
    """When it was seen last."""
    sent_at: Utc
    """The agent's clock when the event was handed to its outbox."""
    place: Place | None = None
    """Where the source stands."""
    reason: str
    """In words: what was measured, or what the camera's connection says."""
    message: str
    """One line for people, in the language of the site."""


class CoverageEvent(Payload):
    """Payload of `event` and, retained, of `active/{incident}`, where a view can not be seen."""

    specversion: Literal["1.0"] = "1.0"
    """Version of CloudEvents."""
    id: str
    """`{incident}/{sequence}`."""
    source: str
    """`/lookout/{site}/{agent}/{source}`, percent-encoded."""
    type: Literal["city.lookout.coverage.open", "city.lookout.coverage.update", "city.lookout.coverage.cleared"]
    """`city.lookout.coverage.` and the phase."""
    time: Utc
    """When it was observed."""
    datacontenttype: Literal["application/json"] = "application/json"
    """Of `data`."""
    data: CoverageData
    """The event."""


class ViewCoverage(Payload):
    """How well one view is watched."""

    name: str
    """By its name in the site file."""
    watched: bool
    """A hazard in it would be seen now."""
    faults: tuple[ViewFault, ...] = ()
    """What keeps it from being seen."""
    hours: dict[str, Unit] = Field(default_factory=dict)
    """Share of each hour in which it was truly watched, by the hour's beginning (UTC); the last 24 of which anything
    is known."""


class CoverageReport(Payload):
    """Payload of `coverage`, retained: silence of a view that is not watched says nothing."""

    time: Utc
    """The agent's clock."""
    views: tuple[ViewCoverage, ...]
    """Every view of the site."""


class SourceStatus(Payload):
    """How one source is."""

    name: str
    """By its name in the site file."""
    state: str
    """`online`, or what keeps it from being so, such as `starting`, `lost`, `quarantined`."""
    last_frame_age_s: Annotated[float, Field(ge=0)] | None = None
    """Age of its newest frame; left out before the first."""
    frames: Count = 0
    """Frames seen since the agent started."""
    drops: Count = 0
    """Frames dropped because a newer one had come."""
    fault: str | None = None
    """Why it is not online."""
    unseen: tuple[ViewFault, ...] | None = None
    """What keeps its view from being seen; left out while nothing does."""


class Heartbeat(Payload):
    """What the agent says of itself, again and again."""

    time: Utc | None = None
    """The agent's clock."""
    sources: tuple[SourceStatus, ...] = ()
    """Each source of the site."""
    outbox_waiting: Count = 0
    """Messages that the broker has not acknowledged yet."""
    highest_number: Count | None = None
    """The number of the newest event; 0 before the first."""
    lowest_waiting: Annotated[int, Field(ge=1)] | None = None
    """The lowest number of an event that has not arrived for good; left out when all have: every number below it has
    arrived, or was never given."""
    unconfirmed: Count | None = None
    """Events that the broker has and the platform has not confirmed; left out where it does not have to."""
    faults: tuple[str, ...] = ()
    """What is wrong now, for people."""
    details: dict[str, JsonValue] = Field(default_factory=dict)
    """Figures without a promise: they may change with any version."""


class Status(Payload):
    """Payload of `status`, retained. The will of a connection and its birth carry the same session number."""

    status: Literal["online", "offline"]
    """Whether the agent is there."""
    session: Count
    """Number of the connection, rising; an `offline` of an older session than the `online` known is stale."""
    reason: Literal["stopped", "lost"] | None = None
    """With `offline`: stopped on purpose, or lost (the will)."""
    version: str
    """Of Lookout."""
    started: Utc
    """When the agent started."""
    heartbeat: Heartbeat | None = None
    """With `online`."""


class Ack(Payload):
    """Payload of `ack`, from the platform: it has taken over an event."""

    id: str
    """The `id` of the event."""
    result: int
    """0 when accepted, else the platform's reason."""


def type_of(payload: bytes) -> str:
    """An event's `type`; empty where it has none."""
    try:
        content = json.loads(payload)
    except ValueError:
        return ""
    return str(content.get("type", "")) if isinstance(content, dict) else ""


def is_coverage(payload: bytes) -> bool:
    """Is it an event about a view and not about a hazard?"""
    return type_of(payload).startswith("city.lookout.coverage.")
