"""A piece of proof on disk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

MEDIA_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4"}
"""By the end of a file's name."""


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


def digest_of(path: Path) -> str:
    """SHA-256 of a file, hex.

    Raises:
        OSError: it can not be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
