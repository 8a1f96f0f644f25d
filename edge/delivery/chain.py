"""The chain of all events of an agent: each names the number and the digest of the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration.errors import DeliveryError

_Link = tuple[str, dict[str, Any] | None]
"""Digest of an event, and what it says of the one before."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a chain came to.

    Attributes:
        events: how many were read, each once.
        first: the lowest number; 0 where there are none.
        last: the highest.
        faults: events that are not what the chain says, one sentence each.
        gaps: numbers that are missing, as `(from, to)`; the chain can not be followed over them.
    """

    events: int
    first: int
    last: int
    faults: tuple[str, ...]
    gaps: tuple[tuple[int, int], ...]

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "events": self.events, "first": self.first, "last": self.last, "sound": not self.faults,
            "faults": list(self.faults), "gaps": [list(gap) for gap in self.gaps],
        }  # fmt: skip

    def told(self) -> list[str]:
        """In sentences."""
        gaps = [f"missing: {low} to {high}" if high > low else f"missing: {low}" for low, high in self.gaps]
        return [*self.faults, *gaps, *(() if self.faults else ("no event was changed",))]


def check_chain(payloads: Iterable[bytes]) -> Checked:
    """Follow a chain.

    Args:
        payloads: of events, as they went over the wire, in any order; repeats are allowed.
    """
    faults: list[str] = []
    events = _read(payloads, faults)
    numbers, gaps = sorted(events), []
    for before, number in zip([None, *numbers], numbers, strict=False):
        previous = events[number][1]
        if previous is not None:
            faults += _differs(events, number, previous, before)
            if int(previous["number"]) not in events and before is not None:
                gaps.append((before + 1, number - 1))
        elif before is not None and before + 1 == number:
            faults.append(f"number {number}: names no event before it")
    return Checked(len(events), min(numbers, default=0), max(numbers, default=0), tuple(faults), tuple(gaps))


def _read(payloads: Iterable[bytes], faults: list[str]) -> dict[int, _Link]:
    events: dict[int, _Link] = {}
    for payload in payloads:
        try:
            data = json.loads(payload)["data"]
            number, previous = int(data["number"]), data.get("previous")
        except (ValueError, KeyError, TypeError):
            faults.append(f"not an event: {payload[:60]!r}")
            continue
        digest = hashlib.sha256(payload).hexdigest()
        if number in events and events[number][0] != digest:
            faults.append(f"number {number}: two events have it, and they differ")
        events.setdefault(number, (digest, previous))
    return events


def _differs(events: Mapping[int, _Link], number: int, previous: dict[str, Any], before: int | None) -> list[str]:
    """Is the event before this one what this one says?"""
    named = int(previous["number"])
    found = []
    if named in events and events[named][0] != previous["sha256"]:
        found.append(f"number {named}: is not what number {number} says it was")
    if before is not None and named < before:
        found.append(f"number {before}: number {number} does not know of it")
    return found


def read_lines(path: Path) -> list[bytes]:
    """Events from a file, one a line.

    Raises:
        DeliveryError: it can not be read.
    """
    try:
        return [line for line in path.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise DeliveryError(f"{path}: can not be read: {error.strerror}") from error
