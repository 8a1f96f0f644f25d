"""Loop D: the real agent in a process of its own, watched from outside, with a broker and a subscriber."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from calibration.errors import LookoutError
from edge.bench import process
from edge.bench.cameras import Camera, site_document, write_site
from edge.config.broker import BrokerSettings
from edge.delivery.subscriber import Received, ReceivedEvent, Subscriber
from edge.demo.stage import AgentProcess

_POLL_S = 0.25
_START_LIMIT_S = 60.0
_CALM_LIMIT_S = 15.0  # at the start every view is awake at once, and that takes a while to work off


@dataclass(frozen=True, slots=True)
class Watched:
    """What one run of the agent came to.

    Attributes:
        cameras: how many.
        cpu: processor time over time, in cores, once it had settled.
        rss_mb: resident memory at the end.
        start_s: from the start of the process to the first inspection.
        statuses: `status.json` again and again, after settling.
        events: what a subscriber received.
    """

    cameras: int
    cpu: float
    rss_mb: float
    start_s: float | None
    statuses: Sequence[Mapping[str, Any]]
    events: Sequence[ReceivedEvent]

    @property
    def sources(self) -> Mapping[str, Mapping[str, Any]]:
        """The last figures of each source."""
        found: Mapping[str, Mapping[str, Any]] = self.statuses[-1]["details"]["sources"] if self.statuses else {}
        return found

    @property
    def worst_age_s(self) -> float | None:
        """The longest that a view had not been inspected, at any time that the status told."""
        ages = [
            float(figures["last_full_look_age_s"])
            for status in self.statuses
            for figures in status["details"]["sources"].values()
            if "last_full_look_age_s" in figures
        ]
        return max(ages, default=None)

    @property
    def quiet_share(self) -> float | None:
        """Share of the sources on keyframes only, over the statuses."""
        tiers = [f.get("tier") for status in self.statuses for f in status["details"]["sources"].values()]
        return sum(tier == "quiet" for tier in tiers) / len(tiers) if tiers else None

    @property
    def dropped_share(self) -> float:
        """Of the frames that came once it had settled, how many a reader had to drop."""
        drops, frames = (self._grown(key) for key in ("drops", "frames"))
        return drops / (drops + frames) if drops + frames else 0.0

    def _grown(self, key: str) -> int:
        ends = [
            sum(int(source.get(key, 0)) for source in self.statuses[i]["sources"]) for i in (0, -1) if self.statuses
        ]
        return ends[1] - ends[0] if ends else 0

    @property
    def unwell(self) -> list[str]:
        """Sources that were not online at the end."""
        last = self.statuses[-1]["sources"] if self.statuses else []
        return [
            f"{source['name']}: {source['state']}, {source.get('fault', 'no reason given')}"
            for source in last
            if source["state"] != "online"
        ]


class Stand:
    """Runs the agent on one set of cameras after another.

    Args:
        folder: for site files, logs and the agents' data.
        broker: where they publish.
        models: a folder of models before the installed ones.
    """

    def __init__(self, folder: Path, broker: BrokerSettings, models: Path | None = None) -> None:
        self._folder = folder
        self._broker = broker
        self._models = models
        self._runs = 0

    def site(self, cameras: Sequence[Camera], *, substream: bool = False, **changes: Any) -> Path:
        """The site file for some cameras, in a folder of its own."""
        self._runs += 1
        folder = self._folder / f"run-{self._runs:02}"
        document = site_document(cameras, self._broker, folder / "data", substream=substream, changes=changes)
        return write_site(folder / "site.yaml", document)

    def watch(
        self,
        cameras: Sequence[Camera],
        *,
        settle_s: float,
        seconds: float,
        substream: bool = False,
        **changes: Any,
    ) -> Watched:
        """Have the agent watch cameras.

        Args:
            cameras: which.
            settle_s: from its first inspection on, at least, until what is counted begins: all cameras that see
                nothing are to be on keyframes by then.
            seconds: how long is counted.
            substream: it looks at the sub-streams.
            changes: settings of every source.

        Raises:
            LookoutError: it does not start, or ends before its time.
        """
        return self._run(self.site(cameras, substream=substream, **changes), len(cameras), settle_s, seconds)

    def _run(self, site: Path, cameras: int, settle_s: float, seconds: float) -> Watched:
        # Of an earlier run on the same data.
        (site.parent / "data" / "status.json").unlink(missing_ok=True)
        received: list[ReceivedEvent] = []
        lock = threading.Lock()

        def take(one: Received) -> None:
            if isinstance(one, ReceivedEvent) and not one.repeated:
                with lock:
                    received.append(one)

        options = ["--models", str(self._models.absolute())] if self._models is not None else []
        began_s = time.time()
        with (
            Subscriber(self._broker, take, site="bench"),
            AgentProcess(site, site.with_name("agent.log"), options) as agent,
        ):
            spawned_s = time.time() - began_s
            start_s = self._first_look(agent, site.parent, began_s + spawned_s)
            statuses, cpu = self._count(agent, site.parent, settle_s, seconds)
            rss_mb = process.rss_mb(agent.pid)
        with lock:
            return Watched(cameras, cpu, rss_mb, start_s, statuses, tuple(received))

    def starts_s(self, camera: Camera) -> tuple[float, float]:
        """Seconds from the start of a process to its first inspection: the first start, with a self-test, and the next.

        Raises:
            LookoutError: as `watch`.
        """
        # The only look for a long time is the first, and the status says how long ago the last one was.
        site = self.site([camera], interval_s=60.0, max_gap_s=600.0)
        first_s, next_s = (self._run(site, 1, settle_s=0.0, seconds=0.5).start_s for _ in range(2))
        if first_s is None or next_s is None:
            raise LookoutError("benchmark: the agent's status never told of its first inspection")
        return first_s, next_s

    def _first_look(self, agent: AgentProcess, folder: Path, began_s: float) -> float | None:
        """Wait until something has been inspected."""
        late_s = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < late_s:
            self._alive(agent)
            status = _status(folder)
            ages = [
                float(figures["last_full_look_age_s"])
                for figures in (status or {}).get("details", {}).get("sources", {}).values()
                if "last_full_look_age_s" in figures
            ]
            if status is not None and ages:
                told_s = datetime.fromisoformat(status["time"]).timestamp()
                return float(told_s - max(ages) - began_s)
            time.sleep(_POLL_S / 5)
        raise LookoutError(f"benchmark: no inspection within {_START_LIMIT_S:g} s; the log says: {agent.last_words()}")

    def _count(
        self, agent: AgentProcess, folder: Path, settle_s: float, seconds: float
    ) -> tuple[list[Mapping[str, Any]], float]:
        self._pass(agent, settle_s)
        late_s = time.monotonic() + _CALM_LIMIT_S
        while _stirred(_status(folder)) and time.monotonic() < late_s:
            self._pass(agent, _POLL_S)
        before_s, at_s = process.cpu_s(agent.pid), time.monotonic()
        statuses: dict[str, Mapping[str, Any]] = {}
        while (passed_s := time.monotonic() - at_s) < seconds:
            self._pass(agent, min(_POLL_S, seconds - passed_s))
            status = _status(folder)
            if status is not None:
                statuses[status["time"]] = status
        cpu = (process.cpu_s(agent.pid) - before_s) / (time.monotonic() - at_s)
        return list(statuses.values()), cpu

    def _pass(self, agent: AgentProcess, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            self._alive(agent)
            time.sleep(min(_POLL_S, left_s))

    @staticmethod
    def _alive(agent: AgentProcess) -> None:
        if agent.code is not None:
            raise LookoutError(f"benchmark: the agent ended with code {agent.code}: {agent.last_words()}")


def _status(folder: Path) -> dict[str, Any] | None:
    """The agent's status; None while there is none."""
    try:
        told: dict[str, Any] = json.loads((folder / "data" / "status.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told


def _stirred(status: Mapping[str, Any] | None) -> bool:
    """Is a camera that sees nothing still decoded whole?"""
    sources = (status or {}).get("details", {}).get("sources", {})
    return any(name.startswith("quiet-") and figures.get("tier") == "awake" for name, figures in sources.items())
