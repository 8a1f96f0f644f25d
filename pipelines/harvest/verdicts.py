"""What people said of incidents: the lines of `verdicts.jsonl` in the agent's data folder.

One JSON object a line: `{"incident": "0193…", "verdict": "false_alarm", "time": "2026-11-22T03:04:05Z"}`. Other keys
are left alone. Lines are appended and never changed: of several about one incident the last counts. A last line
without its end may be on its way to the disk: it is left for the next reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Verdict(StrEnum):
    """What a person found."""

    FALSE_ALARM = "false_alarm"  # there is no such hazard
    TRUE_ALARM = "true_alarm"  # there is


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was read.

    Attributes:
        of: the last known verdict on each incident.
        notes: what could not be used, one sentence each, with the line's number.
    """

    of: Mapping[str, Verdict]
    notes: tuple[str, ...] = ()


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    incident: str = Field(min_length=1)
    verdict: str
    time: datetime


def parse_verdicts(text: str) -> Verdicts:
    """Read the content of `verdicts.jsonl`.

    A line that can not be read and a verdict that is not known are told in `notes`. An unknown verdict takes back an
    earlier one about the same incident: somebody has thought about it again.
    """
    of: dict[str, Verdict] = {}
    notes: list[str] = []
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            said = _Line.model_validate_json(line)
        except ValidationError as error:
            if number < len(lines):
                fault = error.errors(include_url=False)[0]
                where = ".".join(map(str, fault["loc"]))
                notes.append(f"line {number}: {where + ': ' if where else ''}{fault['msg']}, found {line[:80]!r}")
            else:
                notes.append(f"line {number}: has no end yet, left for the next reading")
            continue
        if said.verdict in set(Verdict):
            of[said.incident] = Verdict(said.verdict)
        else:
            of.pop(said.incident, None)
            notes.append(f"line {number}: unknown verdict {said.verdict!r}, allowed: {', '.join(Verdict)}")
    return Verdicts(of, tuple(notes))
