"""One message about an incident, before it becomes JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from calibration.ground import GroundPoint
from pipelines.frame import Clock
from pipelines.handling import NOBODY, Care, Handling
from pipelines.hazards import Box, HazardKind

__all__ = ["Care", "Condition", "Event", "Handling", "Mode", "Phase"]


class Phase(StrEnum):
    """What the message says of the incident."""

    OPEN = "open"
    UPDATE = "update"
    CLEARED = "cleared"
    HANDLING = "handling"  # what people did about it has changed, or the answer to it


class Condition(StrEnum):
    """What the lens sees."""

    ACTIVE = "active"
    CLEARED = "cleared"


class Mode(StrEnum):
    """Whether anybody is to be alarmed."""

    ALARM = "alarm"
    OBSERVE = "observe"


@dataclass(frozen=True, slots=True)
class Event:
    """A step in the life of one incident.

    Attributes:
        incident: UUIDv7 of the incident, the same for all its events.
        sequence: number of the event within its incident, from 1, always rising.
        phase: what this event says.
        condition: what the lens sees.
        handling: what people did.
        mode: `observe` where nobody is to be alarmed.
        kind: what is wrong.
        source: where the picture came from.
        rule: the rule that found it, by its name in the site file.
        zone: the zone it concerns, if any.
        severity: 1 (notice) to 4 (life in danger).
        score: 0–1, the best so far.
        box: x1, y1, x2, y2 in 0–1 of the picture, now.
        time_s: the frame's monotonic time (media time for recordings).
        captured_s: the frame's capture time, UTC seconds since the epoch.
        first_seen_s: monotonic time of the first sign of the hazard.
        alarm_s: monotonic time at which the incident was opened.
        frame: the frame's sequence number.
        drill: it comes from a test fire, smoke or obstacle.
        clock: whose clock `captured_s` was read from.
        care: who takes care of it, and what was said last.
        light: mean brightness of the view at the alarm, 0–1; None where it is not known.
        ground: where the hazard is in the world, seen from a camera that moves and knows where it is; else None.
    """

    incident: str
    sequence: int
    phase: Phase
    condition: Condition
    handling: Handling
    mode: Mode
    kind: HazardKind
    source: str
    rule: str
    zone: str | None
    severity: int
    score: float
    box: Box
    time_s: float
    captured_s: float
    first_seen_s: float
    alarm_s: float
    frame: int
    drill: bool
    clock: Clock
    care: Care = NOBODY
    light: float | None = None
    ground: GroundPoint | None = None

    @property
    def first_seen_captured_s(self) -> float:
        """Capture time of the first sign, UTC seconds since the epoch."""
        return self.captured_s - (self.time_s - self.first_seen_s)

    @property
    def alarm_captured_s(self) -> float:
        """Capture time of the frame that raised the alarm, UTC seconds since the epoch."""
        return self.captured_s - (self.time_s - self.alarm_s)
