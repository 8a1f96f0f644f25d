"""How much of each hour a view was truly watched."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from edge.agent.folder import read_json, write_whole

FILE = "coverage.json"
KEPT = 24 * 8
"""Hours that are kept: a week and a day."""
WRITE_S = 60.0
"""A running agent brings it to disk so often."""
_HOUR_S = 3600.0
_STEP_S = 300.0  # whether somebody counts on a view is asked so finely of time that is over


class Hours:
    """Seconds watched and seconds in all, by view and hour of the wall clock (UTC).

    Time in which no agent ran counts as well: as not watched.

    Args:
        path: the file; what an earlier run counted is taken up.

    Attributes:
        until_s: UTC seconds up to which was counted; None where nothing was.
    """

    def __init__(self, path: Path) -> None:
        self.until_s: float | None = None
        self._path = path
        self._of: dict[str, dict[str, list[float]]] = {}
        self.read()

    def read(self) -> None:
        """Take up what is on disk now; what is not understood is left out."""
        kept = read_json(self._path)
        content = kept if isinstance(kept, dict) else {}
        until_s, views = content.get("until_s"), content.get("views")
        self.until_s = until_s if _is_number(until_s) else None
        self._of = {
            source: {hour: [float(each) for each in counted] for hour, counted in hours.items() if _is(hour, counted)}
            for source, hours in (views if isinstance(views, dict) else {}).items()
            if isinstance(hours, dict)
        }

    def add(self, source: str, since_s: float, until_s: float, *, watched: bool) -> None:
        """Count the time between two moments, in UTC seconds."""
        for began_s, ended_s in _by_hour(since_s, until_s):
            counted = self._of.setdefault(source, {}).setdefault(_hour(began_s), [0.0, 0.0])
            counted[0] += (ended_s - began_s) * watched
            counted[1] += ended_s - began_s

    def missed(self, until_s: float, sources: Iterable[str], wanted: Callable[[str, float], bool]) -> None:
        """Count the time since all was counted last: nobody watched.

        Args:
            until_s: UTC seconds of its end.
            sources: the views; one of which nothing was ever counted is new, and has missed nothing.
            wanted: whether somebody counts on a view at a moment, in UTC seconds.
        """
        if self.until_s is None:
            return
        since_s = max(self.until_s, until_s - KEPT * _HOUR_S)
        for source in self._of.keys() & set(sources):
            for step in range(math.ceil((until_s - since_s) / _STEP_S)):
                began_s = since_s + step * _STEP_S
                if wanted(source, began_s):
                    self.add(source, began_s, min(began_s + _STEP_S, until_s), watched=False)
        self.until_s = max(self.until_s, until_s)

    def shares(self, source: str, most: int = 24) -> dict[str, float]:
        """Share of each of the last hours that was watched, by the hour's beginning, oldest first."""
        last = sorted(self._of.get(source, {}).items())[-most:]
        return {hour: round(watched / total, 4) for hour, (watched, total) in last if total > 0}

    def share(self, source: str) -> float | None:
        """Share of this hour and the one before together; None where nothing was counted."""
        last = [counted for _, counted in sorted(self._of.get(source, {}).items())[-2:]]
        total = sum(counted[1] for counted in last)
        return round(sum(counted[0] for counted in last) / total, 4) if total else None

    def between(self, since_s: float, until_s: float) -> dict[str, Mapping[str, float]]:
        """Share of each hour that was watched, of those that lie at least partly between two moments, by view."""
        return {
            source: {
                hour: watched / total
                for hour, (watched, total) in sorted(hours.items())
                if total > 0 and since_s - _HOUR_S < _began_s(hour) < until_s
            }
            for source, hours in sorted(self._of.items())
        }

    def write(self) -> None:
        """Bring it to disk.

        Raises:
            OSError: it can not be written.
        """
        for hours in self._of.values():
            for hour in sorted(hours)[:-KEPT]:
                del hours[hour]
        rounded = {
            source: {hour: [round(each, 1) for each in counted] for hour, counted in sorted(hours.items())}
            for source, hours in sorted(self._of.items())
        }
        write_whole(self._path, json.dumps({"until_s": self.until_s, "views": rounded}, indent=0) + "\n")


def _by_hour(since_s: float, until_s: float) -> Iterator[tuple[float, float]]:
    """A stretch of time in pieces that lie in one hour each."""
    while since_s < until_s:
        ended_s = min(until_s, (since_s // _HOUR_S + 1) * _HOUR_S)
        yield since_s, ended_s
        since_s = ended_s


def _hour(now_s: float) -> str:
    return f"{datetime.fromtimestamp(now_s, UTC):%Y-%m-%dT%H:00Z}"


def _began_s(hour: str) -> float:
    return datetime.strptime(hour, "%Y-%m-%dT%H:00Z").replace(tzinfo=UTC).timestamp()


def _is(hour: str, counted: object) -> bool:
    """Is this the count of an hour?"""
    try:
        _began_s(hour)
    except ValueError:
        return False
    return isinstance(counted, list) and len(counted) == 2 and all(map(_is_number, counted))


def _is_number(found: object) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)
