"""From the last event of an incident to its next: values in, values out."""

from __future__ import annotations

from dataclasses import replace

from pipelines.events import Care, Condition, Event, Handling, Phase
from pipelines.frame import Frame
from pipelines.hazards import Hazard


def abandoned(last: Event) -> Event:
    """The clearing of an incident for which nobody looks any more; it speaks of the last frame that showed it."""
    return replace(last, sequence=last.sequence + 1, phase=Phase.CLEARED, condition=Condition.CLEARED)


def handled(last: Event, handling: Handling, care: Care | None = None) -> Event:
    """What people did has changed; what the lens saw is as it was."""
    return replace(
        last,
        sequence=last.sequence + 1,
        phase=Phase.HANDLING,
        handling=handling,
        care=last.care if care is None else care,
    )


def at(last: Event, frame: Frame, hazard: Hazard | None = None) -> Event:
    """The event as this frame shows its place."""
    return replace(
        last,
        condition=last.condition if hazard is None else Condition.ACTIVE,
        box=last.box if hazard is None else hazard.box,
        ground=last.ground if hazard is None else hazard.ground,
        time_s=frame.time_s,
        captured_s=frame.captured_s,
        frame=frame.sequence,
        clock=frame.clock,
    )


def moved(event: Event, frame: Frame) -> Event:
    """The event with its monotonic times on the frame's clock; its capture times stay what they are."""
    shift = (frame.time_s - frame.captured_s) - (event.time_s - event.captured_s)
    return replace(
        event,
        time_s=event.time_s + shift,
        first_seen_s=event.first_seen_s + shift,
        alarm_s=event.alarm_s + shift,
    )
