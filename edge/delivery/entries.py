"""What the outbox holds: an event as it is handed in, and one message as it waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from edge.evidence.files import EvidenceFile


class Kind(StrEnum):
    """What an entry is."""

    EVENT = "event"
    STATE = "state"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True)
class State:
    """What becomes of the retained topic of the incident: the event itself, or nothing once it has `ended`."""

    topic: str
    ended: bool


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event with all that follows it, as it is handed to the outbox.

    Attributes:
        incident: id of the incident.
        sequence: number of the event within the incident.
        severity: 1–4.
        topic: of the event.
        media_type: of the event.
        state: what becomes of the incident's retained topic, if anything.
        evidence: the pictures, each with its topic.
        part_bytes: larger files are sent in parts of so many bytes, each on a topic of its own; whole if None.
    """

    incident: str
    sequence: int
    severity: int
    topic: str
    media_type: str
    state: State | None = None
    evidence: Sequence[tuple[str, EvidenceFile]] = ()
    part_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One message that waits for the broker's acknowledgement.

    Attributes:
        id: number of the entry, rising.
        number: agent-wide number of the event it belongs to.
        kind: event, retained state, or evidence.
        incident: id of the incident.
        sequence: number of the event within the incident.
        severity: 1–4.
        topic: where it goes; an `http://` or `https://` address for what is put there.
        payload: what goes there; None for evidence, empty for a state that ends.
        path: the file of a piece of evidence, read when it is sent.
        media_type: of the content.
        stored_s: UTC seconds when it was handed over.
        first: of a part of a file, its first byte; the whole file if None.
        length: of a part, bytes.
    """

    id: int
    number: int
    kind: Kind
    incident: str
    sequence: int
    severity: int
    topic: str
    payload: bytes | None
    path: Path | None
    media_type: str
    stored_s: float
    first: int | None = None
    length: int | None = None

    @property
    def retain(self) -> bool:
        """States are retained by the broker, nothing else is."""
        return self.kind is Kind.STATE


def is_address(topic: str) -> bool:
    """An entry for this goes by HTTP PUT, not over MQTT."""
    return topic.startswith(("http://", "https://"))


DIGEST = "sha256"
"""The user property (MQTT 5) that tells the digest of a part, hex; that of the whole file stands in its event."""

PART_MEDIA_TYPE = "application/octet-stream"


def part_topic(topic: str, first: int) -> str:
    """Where the part of a file goes that begins with its byte `first`; `topic` is its own, or a part's."""
    return f"{topic.partition('/part/')[0]}/part/{first}"


COLUMNS = "id, number, kind, incident, sequence, severity, topic, payload, path, media_type, stored_s, first, length"
"""The columns of `entries`, in the order of `Entry`."""


def from_row(row: tuple[object, ...]) -> Entry:
    """An entry from a row of `COLUMNS`."""
    entry_id, number, kind, incident, sequence, severity, topic, payload, path, media_type, stored_s, *part = row
    first, length = part
    return Entry(
        id=int(str(entry_id)),
        number=int(str(number)),
        kind=Kind(str(kind)),
        incident=str(incident),
        sequence=int(str(sequence)),
        severity=int(str(severity)),
        topic=str(topic),
        payload=payload if isinstance(payload, bytes) else None,
        path=None if path is None else Path(str(path)),
        media_type=str(media_type),
        stored_s=float(str(stored_s)),
        first=None if first is None else int(str(first)),
        length=None if length is None else int(str(length)),
    )


def read_part(entry: Entry) -> bytes:
    """What is to be sent of a piece of evidence: the file, or a part of it.

    Raises:
        OSError: it can not be read.
    """
    assert entry.path is not None
    if entry.first is None or entry.length is None:
        return entry.path.read_bytes()
    with entry.path.open("rb") as file:
        file.seek(entry.first)
        return file.read(entry.length)
