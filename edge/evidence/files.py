"""A piece of proof on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A picture or clip that belongs to an incident.

    Attributes:
        incident: the incident's id.
        name: file name without folder, unique within the incident, such as `open-annotated.jpg`.
        path: where it lies on this machine.
        media_type: such as `image/jpeg` or `video/mp4`.
        size: bytes.
        sha256: hex digest of the content.
    """

    incident: str
    name: str
    path: Path
    media_type: str
    size: int
    sha256: str
