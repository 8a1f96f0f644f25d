"""What had to arrive, what arrived, and whether that is the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from edge.delivery.contract import EventData
from edge.delivery.subscriber import ReceivedEvent, ReceivedEvidence
from pipelines.events import Phase
from pipelines.hazards import HazardKind

CLIP = "clip.mp4"


class Expected(BaseModel):
    """A hazard that must arrive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    hazard: HazardKind
    zone: str | None
    drill: bool

    @classmethod
    def of(cls, data: EventData) -> Expected:
        """What an event says it is."""
        return cls(source=data.source, hazard=data.hazard.kind, zone=data.zone, drill=data.drill)


def read_expected(path: Path) -> tuple[Expected, ...]:
    """The list beside the demo's footage."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return TypeAdapter(tuple[Expected, ...]).validate_python(content)


@dataclass(slots=True)
class Incident:
    """All that arrived of one incident.

    Attributes:
        opened: its first event.
        files: evidence that arrived, by name, each with whether its digest is right and where it was saved.
    """

    opened: ReceivedEvent
    files: dict[str, tuple[bool, Path]] = field(default_factory=dict)

    @property
    def expected(self) -> Expected:
        """What it counts as."""
        return Expected.of(self.opened.event.data)


class Tally:
    """Counts what arrives against what must.

    Args:
        expected: each of these at least once, and nothing else.
        folder: where evidence is saved.
    """

    def __init__(self, expected: tuple[Expected, ...], folder: Path) -> None:
        self.expected = expected
        self.incidents: dict[str, Incident] = {}
        self._folder = folder

    def event(self, received: ReceivedEvent) -> Incident | None:
        """Note an event; the incident that it opens, if it does."""
        data = received.event.data
        if data.phase is not Phase.OPEN or data.incident in self.incidents:
            return None
        self.incidents[data.incident] = Incident(received)
        return self.incidents[data.incident]

    def evidence(self, received: ReceivedEvidence) -> tuple[Incident, Path] | None:
        """Save a picture or clip; None if it belongs to nothing that arrived."""
        incident = self.incidents.get(received.incident)
        if incident is None:
            return None
        path = received.save(self._folder)
        incident.files[received.name] = (received.verified is True, path)
        return incident, path

    @property
    def missing(self) -> tuple[Expected, ...]:
        """What had to arrive and did not."""
        arrived = {incident.expected for incident in self.incidents.values()}
        return tuple(expected for expected in self.expected if expected not in arrived)

    @property
    def unexpected(self) -> tuple[Expected, ...]:
        """What arrived and had not to."""
        arrived = (incident.expected for incident in self.incidents.values())
        return tuple(found for found in arrived if found not in self.expected)

    @property
    def forged(self) -> tuple[Path, ...]:
        """Evidence whose digest is not the one that its event announced."""
        files = (file for incident in self.incidents.values() for file in incident.files.values())
        return tuple(path for verified, path in files if not verified)

    @property
    def complete(self) -> bool:
        """Everything that had to arrive did, each with a clip."""
        proven = {incident.expected for incident in self.incidents.values() if CLIP in incident.files}
        return proven.issuperset(self.expected)

    @property
    def passed(self) -> bool:
        """Everything that had to arrive did, and nothing else."""
        return not (self.missing or self.unexpected or self.forged)
