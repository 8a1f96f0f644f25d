"""What the agent says of itself: to the platform over MQTT, to people in `status.json`."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.agent.folder import write_whole
from edge.agent.inspector import Inspector
from edge.agent.reader import Reader
from edge.agent.supervisor import Beat, WorkerReport
from edge.agent.supervisor import State as Post
from edge.clock import AgentClock
from edge.coverage.watcher import Watcher
from edge.delivery.contract import Heartbeat, SourceStatus, utc
from edge.delivery.uplink import Uplink
from edge.footprint import give_back
from edge.sources import SourceStats, State
from edge.version import __version__
from pipelines.schedule import Samples

log = logging.getLogger(__name__)

FILE = "status.json"
_TURN_S = 0.5
# Nothing else gets on meanwhile: while signs of a hazard are followed, it waits a little longer.
_GIVE_BACK_EVERY_S, _AT_LAST_S = 60.0, 300.0
_WORDS = {
    State.IDLE: "starting",
    State.STREAMING: "online",
    State.WAITING: "lost",
    State.ENDED: "ended",
    State.UNUSABLE: "unusable",
    State.CLOSED: "stopped",
}


@dataclass(frozen=True, slots=True, eq=False)
class Instruments:
    """Where the status reads its figures.

    Attributes:
        readers: by source.
        inspector: who knows how often each was inspected.
        workers: asks the supervisor.
        uplink: the way to the broker.
        faults: what is wrong now beyond sources and threads.
        held: events that wait in memory because they could not be stored.
        models: name, version and digest of each model in use, how it is run and why.
        harvest: what is kept for training; None where nothing is.
        watcher: knows which views can be seen.
        switched: rules that do something else than the site file says.
        outputs: how the local outputs are.
    """

    readers: Mapping[str, Reader]
    inspector: Inspector
    workers: Callable[[], Sequence[WorkerReport]]
    uplink: Uplink
    faults: Callable[[], Sequence[str]]
    held: Callable[[], int]
    models: Callable[[], Sequence[Mapping[str, Any]]]
    harvest: Callable[[], Mapping[str, Any]] | None
    watcher: Watcher
    switched: Callable[[], Sequence[Mapping[str, Any]]]
    outputs: Callable[[], Mapping[str, Any]]


class StatusReport:
    """Publishes the status every so often, and at once when the state of a source or thread has changed.

    Args:
        read: where the figures are.
        data: the data folder.
        every_s: how often.
        clock: the agent's.
    """

    def __init__(self, read: Instruments, data: Path, every_s: float, clock: AgentClock) -> None:
        self._read = read
        self._data = data
        self._every_s = every_s
        self._clock = clock

    def run(self, stop: threading.Event, beat: Beat) -> None:
        """The thread's work; see `Worker.run`."""
        told: object = None
        due_s, returned_s = float("-inf"), self._clock.monotonic()
        while not stop.wait(_TURN_S):
            beat()
            now_s, news = self._clock.monotonic(), self._news()
            if news != told or now_s >= due_s:
                told, due_s = news, now_s + self._every_s
                heartbeat = self.heartbeat()
                self._read.uplink.publish_status(heartbeat)
                self.write(heartbeat)
            kept_s = now_s - returned_s
            if kept_s >= (_AT_LAST_S if self._read.inspector.following else _GIVE_BACK_EVERY_S):
                returned_s = now_s
                give_back()
        self.write(self.heartbeat(), running=False)

    def _news(self) -> object:
        """What is told at once when it has changed."""
        sources = self._sources(self._workers())
        return tuple((source.name, source.state, source.unseen) for source in sources), tuple(self._read.faults())

    def _workers(self) -> dict[str, WorkerReport]:
        return {report.name: report for report in self._read.workers()}

    def _sources(self, workers: Mapping[str, WorkerReport]) -> tuple[SourceStatus, ...]:
        return tuple(self._source(reader, workers) for reader in self._read.readers.values())

    def heartbeat(self) -> Heartbeat:
        """How everything is now."""
        workers = self._workers()
        return Heartbeat(
            time=utc(self._clock.now()),
            sources=self._sources(workers),
            outbox_waiting=self._read.uplink.waiting,
            **self._read.uplink.numbers(),
            faults=tuple(self._read.faults()),
            details={
                "sources": {reader.name: self._figures(reader) for reader in self._read.readers.values()},
                "workers": {report.name: _worker(report) for report in workers.values()},
                "models": [dict(model) for model in self._read.models()],
                "held_in_memory": self._read.held(),
            }
            | ({"outputs": dict(outputs)} if (outputs := self._read.outputs()) else {})
            | ({"switched": [dict(each) for each in switched]} if (switched := self._read.switched()) else {})
            | ({"harvest": dict(self._read.harvest())} if self._read.harvest is not None else {}),
        )

    def write(self, heartbeat: Heartbeat, *, running: bool = True) -> None:
        """Put the status into the data folder, for people and scripts on this machine."""
        uplink = self._read.uplink
        content = {
            "running": running,
            "pid": os.getpid(),
            "every_s": self._every_s,
            "version": __version__,
            "broker": {
                "connected": uplink.connected,
                "address": uplink.broker,
                "session": uplink.session,
                "sent": uplink.sent,
            }
            | ({"error": uplink.last_error} if uplink.last_error else {}),
            **json.loads(heartbeat.to_bytes()),
        }
        try:
            write_whole(self._data / FILE, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
        except OSError as error:
            log.warning("status file not written", extra={"reason": str(error)})

    def _source(self, reader: Reader, workers: Mapping[str, WorkerReport]) -> SourceStatus:
        stats, worker = reader.stats, workers.get(worker_name(reader.name))
        state, fault = _words(stats, worker)
        aside = self._read.inspector.set_aside(reader.name)
        if state == "online" and aside is not None:
            state, fault = "failing", f"its inspection failed {aside.failures} times in a row; see the log"
        return SourceStatus(
            name=reader.name,
            state=state,
            last_frame_age_s=self._age_s(reader, stats),
            frames=stats.frames,
            drops=stats.dropped,
            fault=fault or None,
            unseen=self._read.watcher.faults(reader.name) or None,
        )

    def _age_s(self, reader: Reader, stats: SourceStats) -> float | None:
        if stats.last_frame_s is None or not reader.live:
            return None
        return round(max(0.0, self._clock.monotonic() - stats.last_frame_s), 2)

    def _figures(self, reader: Reader) -> dict[str, Any]:
        stats, looked = reader.stats, self._read.inspector.stats(reader.name)
        figures = {
            "address": reader.settings.address,
            "codec": stats.codec,
            "size": [stats.width, stats.height],
            "fps": round(stats.fps, 1),
            "reconnects": stats.reconnects,
            "corrupt": stats.corrupt,
            "tier": str(reader.tier),
            "passed": stats.passed,
            "keyframe_interval_s": _rounded(stats.keyframe_s),
            "never_quiet": reader.wakeful or None,
            "inspections": looked.inspections,
            "inspection_interval_s": _rounded(looked.interval_s),
            "dropped_late": looked.late,
            "last_full_look_age_s": _rounded(looked.age_s),
            "prefilter": _sampled(self._read.inspector.samples(reader.name)),
            "sub_stream": _sub_stream(reader),
            "telemetry": _telemetry(reader),
            "active_hazards": self._read.inspector.active(reader.name),
            "watched_share": self._read.watcher.share(reader.name),
        }
        return {key: value for key, value in figures.items() if value is not None}


def worker_name(source: str) -> str:
    """The name of a source's thread."""
    return f"source:{source}"


def _words(stats: SourceStats, worker: WorkerReport | None) -> tuple[str, str]:
    if worker is not None and worker.state is Post.QUARANTINED:
        return "quarantined", worker.last_error
    if worker is not None and worker.state is Post.WAITING and worker.last_error:
        return "lost", worker.last_error
    if stats.state is State.CONNECTING:
        return ("lost", stats.message) if stats.frames or stats.message else ("starting", "")
    return _WORDS[stats.state], stats.message


def _worker(report: WorkerReport) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "state": str(report.state), "restarts": report.restarts, "abandoned": report.abandoned,
    }  # fmt: skip
    return figures | ({"last_error": report.last_error} if report.last_error else {})


def _sub_stream(reader: Reader) -> dict[str, Any] | None:
    if reader.sub is None:
        return None
    stats, fault = reader.sub.stats, reader.sub_fault
    return {
        "watching": not fault, "state": _WORDS.get(stats.state, "lost"), "codec": stats.codec,
        "size": [stats.width, stats.height], "passed": stats.passed,
    } | ({"fault": fault} if fault else {})  # fmt: skip


def _telemetry(reader: Reader) -> dict[str, Any] | None:
    if reader.track is None:
        return None
    left_out = dict(reader.track.left_out.most_common(5))
    return {"age_s": _rounded(reader.track.age_s), "offset_s": reader.track.offset_s} | (
        {"left_out": left_out} if left_out else {}
    )


def _sampled(samples: Samples) -> dict[str, Any]:
    """How sure it is that the prefilter lets nothing pass."""
    rate = samples.miss_rate_at_most
    figures: dict[str, Any] = {"dropped_and_inspected": samples.looks, "missed": samples.missed}
    return figures | ({"miss_rate_at_most": round(rate, 4)} if rate is not None else {})


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)
