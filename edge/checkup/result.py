"""What one trial gave."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What was tried."""

    FILE = "file"
    MODEL = "model"
    SOURCE = "source"
    BROKER = "broker"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the report.

    Attributes:
        part: what kind of thing.
        name: which one.
        ok: it can be used.
        text: what was found, or what is wrong.
    """

    part: Part
    name: str
    ok: bool
    text: str
