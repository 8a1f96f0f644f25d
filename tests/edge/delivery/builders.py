"""Values for the tests: an event with everything in it, and files that are evidence."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from edge.delivery.contract import Model
from edge.delivery.entries import Outgoing, State
from edge.delivery.outbox import Outbox
from edge.delivery.place import Enterprise, Place, Position
from edge.delivery.topics import Topics
from edge.evidence.files import EvidenceFile
from pipelines.events import Condition, Event, Handling, Mode, Phase
from pipelines.frame import Clock
from pipelines.hazards import HazardKind

INCIDENT = "01932c07-209c-7f3a-8b0e-6c1f2d3e4a5b"
TOPICS = Topics("plant-1", "edge-1")
CAPTURED_S = 1795306078.911
PLACE = Place(
    enterprise=Enterprise(name="福建示例化工有限公司", uscc="91350100M000100Y43"),
    street="东街街道",
    grid="东街-07",
    building="3号仓库",
    floor="2",
    position=Position(lat=26.0871, lon=119.2965, alt_m=31.5),
)
MODEL = Model(name="fire-smoke", version="1.0.0", sha256="ab" * 32)


def make_event(**changed: Any) -> Event:
    """A fire alarm; whatever is given replaces its part."""
    values: dict[str, Any] = {
        "incident": INCIDENT,
        "sequence": 1,
        "phase": Phase.OPEN,
        "condition": Condition.ACTIVE,
        "handling": Handling.OPEN,
        "mode": Mode.ALARM,
        "kind": HazardKind.FIRE,
        "source": "gate-3",
        "rule": "fire",
        "zone": None,
        "severity": 4,
        "score": 0.8312,
        "box": (0.25, 0.5, 0.375, 0.75),
        "time_s": 42.0,
        "captured_s": CAPTURED_S,
        "first_seen_s": 39.5,
        "alarm_s": 42.0,
        "frame": 1050,
        "drill": False,
        "clock": Clock.CAMERA,
    }
    return Event(**(values | changed))


def make_evidence(
    folder: Path, name: str = "open.jpg", content: bytes = b"picture", incident: str = INCIDENT
) -> EvidenceFile:
    """A file on disk with its digest; not a real picture, which nothing on this way looks into."""
    path = folder / f"{incident}-{name}"
    path.write_bytes(content)
    media_type = "video/mp4" if name.endswith(".mp4") else "image/jpeg"
    return EvidenceFile(incident, name, path, media_type, len(content), hashlib.sha256(content).hexdigest())


def put(outbox: Outbox, incident: str, sequence: int = 1, severity: int = 2, **more: Any) -> int:
    """Hand a small event to the outbox; `state` is a bool: ended or not."""
    state = more.pop("state", None)
    outgoing = Outgoing(
        incident,
        sequence,
        severity,
        topic="event",
        media_type="application/json",
        state=None if state is None else State(f"active/{incident}", ended=state),
        evidence=tuple((f"evidence/{incident}/{file.name}", file) for file in more.pop("evidence", ())),
    )
    assert not more
    return outbox.put_event(outgoing, lambda slot: f"{incident}/{sequence} no. {slot.number}".encode())
