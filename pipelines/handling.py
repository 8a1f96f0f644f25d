"""What people do about an incident: which step may follow which, and who said what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from calibration.errors import CommandRefused


class Handling(StrEnum):
    """How far people are with an incident."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RECTIFIED = "rectified"  # says the platform
    VERIFYING = "verifying"  # the agent looks whether it is so
    CLOSED = "closed"
    REOPENED = "reopened"
    CANNOT_VERIFY = "cannot_verify"
    FALSE_ALARM = "false_alarm"

    @property
    def over(self) -> bool:
        """Nobody has to do anything any more."""
        return self in {Handling.CLOSED, Handling.FALSE_ALARM}

    @property
    def checking(self) -> bool:
        """The agent has to find out whether the hazard is gone."""
        return self in {Handling.RECTIFIED, Handling.VERIFYING}


class Step(StrEnum):
    """What people say."""

    ACKNOWLEDGE = "acknowledge"
    RECTIFIED = "rectified"
    FALSE_ALARM = "false_alarm"


@dataclass(frozen=True, slots=True)
class Care:
    """Who takes care of an incident, and what was said last.

    Attributes:
        by: who said the last step.
        note: in their words.
        responsible: who has to rectify it.
        due_s: by when, UTC seconds since the epoch.
        overdue: that time has passed.
        reason: why the agent could not verify it.
    """

    by: str | None = None
    note: str | None = None
    responsible: str | None = None
    due_s: float | None = None
    overdue: bool = False
    reason: str | None = None


NOBODY = Care()
"""Nothing was said yet."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """A step that somebody takes.

    Attributes:
        step: which.
        by: who says so.
        note: in their words.
        responsible: who has to rectify it, from now on; as before if None.
        due_s: by when, UTC seconds since the epoch; as before if None.
    """

    step: Step
    by: str | None = None
    note: str | None = None
    responsible: str | None = None
    due_s: float | None = None


_NEXT: dict[Step, dict[Handling, Handling]] = {
    Step.ACKNOWLEDGE: {
        Handling.OPEN: Handling.ACKNOWLEDGED,
        Handling.REOPENED: Handling.ACKNOWLEDGED,
        Handling.CANNOT_VERIFY: Handling.ACKNOWLEDGED,
        Handling.ACKNOWLEDGED: Handling.ACKNOWLEDGED,  # somebody else takes it over, or the deadline moves
    },
    Step.RECTIFIED: {
        Handling.OPEN: Handling.RECTIFIED,
        Handling.ACKNOWLEDGED: Handling.RECTIFIED,
        Handling.REOPENED: Handling.RECTIFIED,
        Handling.CANNOT_VERIFY: Handling.RECTIFIED,
    },
    Step.FALSE_ALARM: {state: Handling.FALSE_ALARM for state in Handling if not state.over},
}


def follows(now: Handling, step: Step) -> Handling:
    """What an incident becomes by a step.

    Raises:
        CommandRefused: the step can not be taken from here.
    """
    found = _NEXT[step].get(now)
    if found is None:
        allowed = ", ".join(str(state) for state in _NEXT[step])
        raise CommandRefused(f"{step}: the incident is {now}, allowed when it is: {allowed}")
    return found


def told(care: Care, said: Instruction) -> Care:
    """The care of an incident after a step."""
    due_s = care.due_s if said.due_s is None else said.due_s
    return replace(
        care,
        by=said.by,
        note=said.note,
        responsible=said.responsible or care.responsible,
        due_s=due_s,
        overdue=care.overdue and due_s == care.due_s,
        reason=None,
    )
