"""Figures for Prometheus, and whether all is well: `/metrics` and `/healthz` on an address of the site's choice."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from calibration.errors import ConfigError
from edge.agent.supervisor import Beat
from edge.delivery.contract import Heartbeat
from edge.version import __version__

log = logging.getLogger(__name__)

_TURN_S = 0.25


class Figures(Collector):
    """What the heartbeat says, as metrics; nothing is counted twice for them.

    Args:
        heartbeat: how everything is now.
        sent: messages that the broker has acknowledged.
    """

    def __init__(self, heartbeat: Callable[[], Heartbeat], sent: Callable[[], int]) -> None:
        self._heartbeat = heartbeat
        self._sent = sent

    def collect(self) -> Iterator[Metric]:
        """Every metric, with its values."""
        now = self._heartbeat()
        yield InfoMetricFamily("lookout", "the agent", value={"version": __version__})
        yield GaugeMetricFamily("lookout_outbox_waiting", "messages that wait for the broker", value=now.outbox_waiting)
        yield GaugeMetricFamily("lookout_events_unconfirmed", "the platform owes an answer", value=now.unconfirmed or 0)
        yield CounterMetricFamily(
            "lookout_messages_sent", "messages that the broker has acknowledged", value=self._sent()
        )
        yield GaugeMetricFamily("lookout_faults", "what is wrong now", value=len(now.faults))
        yield from _sources(now)
        yield from _workers(now)


def _sources(now: Heartbeat) -> Iterator[Metric]:
    figures = now.details.get("sources")
    own: dict[str, Any] = figures if isinstance(figures, dict) else {}
    told: dict[str, Metric] = {
        "online": GaugeMetricFamily("lookout_source_online", "pictures come", labels=["source"]),
        "watched": GaugeMetricFamily("lookout_source_watched", "a hazard would be seen", labels=["source"]),
        "age": GaugeMetricFamily("lookout_source_frame_age_seconds", "age of the newest picture", labels=["source"]),
        "interval": GaugeMetricFamily("lookout_source_interval_seconds", "mean time between looks", labels=["source"]),
        "active": GaugeMetricFamily("lookout_source_active_hazards", "hazards that the lens sees", labels=["source"]),
        "frames": CounterMetricFamily("lookout_source_frames", "pictures handed on", labels=["source"]),
        "drops": CounterMetricFamily("lookout_source_drops", "left out, a newer one had come", labels=["source"]),
        "late": CounterMetricFamily("lookout_source_dropped_late", "their turn came too late", labels=["source"]),
        "looks": CounterMetricFamily("lookout_source_inspections", "looks of the models", labels=["source"]),
        "reconnects": CounterMetricFamily(
            "lookout_source_reconnects", "connections after the first", labels=["source"]
        ),
    }
    for source in now.sources:
        more = own.get(source.name, {})
        values = {
            "online": float(source.state == "online"), "watched": float(not source.unseen),
            "age": source.last_frame_age_s, "interval": more.get("inspection_interval_s"),
            "active": more.get("active_hazards"), "frames": source.frames, "drops": source.drops,
            "late": more.get("dropped_late"), "looks": more.get("inspections"), "reconnects": more.get("reconnects"),
        }  # fmt: skip
        for name, value in values.items():
            if value is not None:
                told[name].add_metric([source.name], float(value))  # type: ignore[attr-defined]
    yield from told.values()


def _workers(now: Heartbeat) -> Iterator[Metric]:
    found = now.details.get("workers")
    workers: dict[str, Any] = found if isinstance(found, dict) else {}
    restarts = CounterMetricFamily("lookout_thread_restarts", "a thread was started again", labels=["thread"])
    for name, worker in workers.items() if isinstance(workers, dict) else ():
        restarts.add_metric([name], float(worker.get("restarts", 0)))
    yield restarts


class MetricsServer:
    """Answers until it is stopped.

    Args:
        address: `HOST:PORT`, as in the site file.
        figures: what is told.
        well: whether the threads that nobody can do without run.

    Raises:
        ConfigError: the address can not be listened on.
    """

    def __init__(self, address: str, figures: Figures, well: Callable[[], bool]) -> None:
        registry = CollectorRegistry()
        registry.register(figures)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/metrics":
                    self._answer(200, generate_latest(registry), CONTENT_TYPE_LATEST)
                elif self.path == "/healthz":
                    fine = well()
                    self._answer(200 if fine else 503, b"ok\n" if fine else b"a thread does not run\n", "text/plain")
                else:
                    self._answer(404, b"/metrics or /healthz\n", "text/plain")

            def _answer(self, status: int, body: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        host, _, port = address.rpartition(":")
        try:
            self._server = ThreadingHTTPServer((host, int(port)), Handler)
        except OSError as error:
            raise ConfigError([f"agent.metrics: {address} can not be listened on: {error.strerror}"]) from error
        self._server.timeout = _TURN_S
        self._server.daemon_threads = True

    def run(self, stop: threading.Event, beat: Beat) -> None:
        """The thread's work; see `Worker.run`."""
        while not stop.is_set():
            beat()
            self._server.handle_request()

    def close(self) -> None:
        """Give the address back."""
        self._server.server_close()
