"""Fixtures of delivery: a broker, an outbox, an uplink in a thread, and ears at the other end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.config.broker import BrokerSettings
from edge.delivery.outbox import Outbox
from edge.delivery.subscriber import Received, Subscriber
from edge.delivery.uplink import Uplink
from tests.edge.delivery.builders import TOPICS
from tests.edge.delivery.mosquitto import Mosquitto


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path / "mosquitto")
    with broker:
        yield broker


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path / "outbox.sqlite") as opened:
        yield opened


class Running:
    """An uplink in a thread, as the supervisor would run it."""

    def __init__(self, settings: BrokerSettings, outbox: Outbox) -> None:
        self.uplink = Uplink(settings, outbox, TOPICS)
        self.beats: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self.uplink.run, args=(self._stop, lambda: self.beats.append(time.monotonic()))
        )
        self._thread.start()

    def stop(self) -> float:
        """Stop it; how long that took, seconds."""
        began = time.monotonic()
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()
        return time.monotonic() - began

    @property
    def longest_silence_s(self) -> float:
        return max(later - earlier for earlier, later in zip(self.beats, self.beats[1:], strict=False))


@pytest.fixture
def run_uplink(outbox: Outbox) -> Iterator[Callable[[BrokerSettings], Running]]:
    """Start an uplink; every one started is stopped at the end."""
    started: list[Running] = []

    def start(settings: BrokerSettings) -> Running:
        started.append(Running(settings, outbox))
        return started[-1]

    yield start
    for running in started:
        running.stop()


class Ears:
    """Everything that a subscriber hears."""

    def __init__(self, settings: BrokerSettings) -> None:
        self.heard: list[Received] = []
        self._subscriber = Subscriber(settings, self.heard.append)

    def __enter__(self) -> Ears:
        self._subscriber.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._subscriber.stop()

    def of(self, kind: type) -> list[Received]:
        return [received for received in self.heard if isinstance(received, kind)]


def settings_for(port: int, **more: object) -> BrokerSettings:
    """A broker on loopback, with waits as short as tests want them."""
    values: dict[str, object] = {"host": "127.0.0.1", "port": port, "backoff_max_s": 0.3, "connect_timeout_s": 1.0}
    return BrokerSettings.model_validate(values | more)


def wait_for(condition: Callable[[], object], what: str, seconds: float = 10.0) -> None:
    """Until it holds; fails, naming `what`, when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:g} s"
        time.sleep(0.01)
