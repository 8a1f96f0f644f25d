"""A fault in a site file, and the list that gathers all of them before anything is raised."""

from __future__ import annotations

from dataclasses import dataclass

from calibration.errors import ConfigError
from edge.config.paths import KeyPath, spell


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to put right.

    Attributes:
        path: where it stands; empty for the file as a whole.
        text: what was found and what is allowed.
        line: line of the file, from 1, where known.
    """

    path: KeyPath
    text: str
    line: int | None = None

    def __str__(self) -> str:
        place = spell(self.path) if self.line is None else f"{spell(self.path)} (line {self.line})"
        return f"{place}: {self.text}"


def refusal(faults: list[Fault], where: str) -> ConfigError:
    """One error for all faults, in the order of the file."""
    by_line = sorted(faults, key=lambda fault: (fault.line is None, fault.line or 0))
    return ConfigError([str(fault) for fault in by_line], where)
