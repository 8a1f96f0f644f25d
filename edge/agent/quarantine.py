"""Which thread made the process restart itself, remembered across the restart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge.agent.folder import read_json, write_whole
from edge.clock import AgentClock

REMEMBERED_S = 86_400.0  # a camera that hangs once a week is no danger to the others
STRIKES = 2


class Quarantine:
    """Counts the restarts that each thread has caused, in a small file of the data folder.

    A thread with two restarts within a day is kept out until the older of them is a day old; then it
    is tried again, since a camera may have been repaired. Deleting the file frees all at once.

    Args:
        path: the file; a missing or damaged one counts as empty, for it must never stop the agent.
        clock: its wall clock, since what is remembered outlives the process and the machine's uptime.
    """

    def __init__(self, path: Path, clock: AgentClock | None = None) -> None:
        self._path = path
        self._clock = clock or AgentClock()

    def blame(self, worker: str) -> int:
        """Note that this thread makes the process restart; how often it has within a day."""
        strikes = [*self._strikes(), (worker, self._clock.now())]
        records = [{"worker": name, "at": at} for name, at in strikes]
        write_whole(self._path, json.dumps({"restarts": records}, indent=1) + "\n", durable=True)
        return sum(name == worker for name, _ in strikes)

    def until(self, worker: str) -> float | None:
        """When a thread may start again, UTC seconds since the epoch; None if it may now."""
        times = sorted(at for name, at in self._strikes() if name == worker)
        return times[-STRIKES] + REMEMBERED_S if len(times) >= STRIKES else None

    def _strikes(self) -> list[tuple[str, float]]:
        content = read_json(self._path)
        records = content.get("restarts") if isinstance(content, dict) else None
        now = self._clock.now()
        strikes = [_strike(record) for record in records] if isinstance(records, list) else []
        # A record from the future was written before the clock was set back: it can not be aged.
        return [s for s in strikes if s is not None and 0 <= now - s[1] < REMEMBERED_S]


def _strike(record: Any) -> tuple[str, float] | None:
    match record:
        case {"worker": str(name), "at": int() | float() as at}:
            return name, float(at)
    return None
