"""What a replay came to, as the records that `lookout inspect` writes."""

from __future__ import annotations

from typing import Any

from edge.replay.replay import Summary
from pipelines.events import Event

Record = dict[str, Any]


def event_record(clip: str, event: Event) -> Record:
    """An event of a recording."""
    return {
        "type": "event", "clip": clip, "hazard": str(event.kind), "phase": str(event.phase), "incident": event.incident,
        "media_time_s": round(event.time_s, 3), "first_seen_s": round(event.first_seen_s, 3),
        "score": round(event.score, 4), "bbox": [round(value, 4) for value in event.box], "zone": event.zone,
        "rule": event.rule, "severity": event.severity, "mode": str(event.mode), "drill": event.drill,
    }  # fmt: skip


def summary_record(clip: str, summary: Summary) -> Record:
    """The end of a recording; without how long it took, so that the same footage gives the same record."""
    return {
        "type": "summary", "clip": clip, "frames": summary.frames, "inspected": summary.inspected,
        "incidents": summary.incidents, "media_s": round(summary.media_s, 3),
    }  # fmt: skip
