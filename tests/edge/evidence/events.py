"""A builder of events for the tests of pictures and the store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pipelines.events import Condition, Event, Handling, Mode, Phase
from pipelines.frame import Clock, Frame, from_bgr
from pipelines.hazards import HazardKind


def make_event(**changes: Any) -> Event:
    """A fire at the gate, just opened on 2026-01-31 08:15:00 UTC."""
    event = Event(
        incident="0192f000-0000-7000-8000-000000000001", sequence=1, phase=Phase.OPEN, condition=Condition.ACTIVE,
        handling=Handling.OPEN, mode=Mode.ALARM, kind=HazardKind.FIRE, source="gate", rule="fire", zone=None,
        severity=4, score=0.87, box=(0.4, 0.4, 0.6, 0.7), time_s=12.0, captured_s=1_769_847_300.0,
        first_seen_s=10.0, alarm_s=12.0, frame=300, drill=False, clock=Clock.AGENT,
    )  # fmt: skip
    return replace(event, **changes)


def make_frame(width: int = 320, height: int = 240, grey: int = 128, *, drill: bool = False) -> Frame:
    """An even grey."""
    return from_bgr(np.full((height, width, 3), grey, np.uint8), source="gate", drill=drill)
