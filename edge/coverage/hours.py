"""How much of each hour a view was truly watched."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from edge.agent.folder import read_json, write_whole

FILE = "coverage.json"
KEPT = 24 * 8
"""Hours that are kept: a week and a day."""


class Hours:
    """Seconds watched and seconds in all, by view and hour of the wall clock (UTC).

    Args:
        path: the file; what an earlier run counted is taken up.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._of: dict[str, dict[str, list[float]]] = defaultdict(dict)
        kept = read_json(path)
        for source, hours in (kept if isinstance(kept, dict) else {}).items():
            for hour, counted in hours.items() if isinstance(hours, dict) else ():
                if _is_count(counted):
                    self._of[source][hour] = [float(counted[0]), float(counted[1])]

    def add(self, source: str, now_s: float, seconds: float, *, watched: bool) -> None:
        """Count some time that has just passed."""
        counted = self._of[source].setdefault(_hour(now_s), [0.0, 0.0])
        counted[0] += seconds * watched
        counted[1] += seconds

    def shares(self, source: str, most: int = 24) -> dict[str, float]:
        """Share of each of the last hours that was watched, by the hour's beginning, oldest first."""
        last = sorted(self._of[source].items())[-most:]
        return {hour: round(watched / total, 4) for hour, (watched, total) in last if total > 0}

    def share(self, source: str) -> float | None:
        """Share of this hour and the one before together; None where nothing was counted."""
        last = [counted for _, counted in sorted(self._of[source].items())[-2:]]
        total = sum(counted[1] for counted in last)
        return round(sum(counted[0] for counted in last) / total, 4) if total else None

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
        write_whole(self._path, json.dumps(rounded, indent=0) + "\n")


def _hour(now_s: float) -> str:
    return f"{datetime.fromtimestamp(now_s, UTC):%Y-%m-%dT%H:00Z}"


def _is_count(counted: object) -> bool:
    return isinstance(counted, list) and len(counted) == 2 and all(isinstance(each, int | float) for each in counted)
