"""What systemd hears, on a real socket: ready, alive as often as it wants, stopping."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.agent.service import Service
from edge.clock import ManualClock
from tests.conftest import ROOT
from tests.edge.agent.conftest import Running, source, write_site
from tests.edge.delivery.mosquitto import free_port


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(path)
        ear.settimeout(20)
        yield path, ear


def test_it_is_alive_twice_as_often_as_asked(heard: tuple[str, socket.socket]) -> None:
    path, ear = heard
    clock = ManualClock()
    service = Service({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "10000000"}, clock)
    said = 0
    for _ in range(40):
        service.alive()
        clock.advance(1.0)
    ear.settimeout(0.2)
    try:
        while ear.recv(100) == b"WATCHDOG=1":
            said += 1
    except TimeoutError:
        pass
    assert said == 8


def test_nobody_listens(tmp_path: Path) -> None:
    Service({}).ready("x")
    Service({"NOTIFY_SOCKET": str(tmp_path / "nothing")}).ready("x")  # said in the log, and no more


def test_another_process_is_watched(heard: tuple[str, socket.socket]) -> None:
    path, ear = heard
    Service({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}).alive()
    ear.settimeout(0.1)
    with pytest.raises(TimeoutError):
        ear.recv(100)


def test_the_agent_tells(
    tmp_path: Path, clip: Path, heard: tuple[str, socket.socket], run_agent: Callable[..., Running],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path, ear = heard
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    agent = run_agent(write_site(tmp_path, free_port(), source("gate", clip, loop=True)))
    assert ear.recv(500).startswith(b"READY=1\nSTATUS=")
    assert [ear.recv(500) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    agent.process.send_signal(signal.SIGTERM)
    while (said := ear.recv(500)) == b"WATCHDOG=1":
        pass
    assert said == b"STOPPING=1"
    agent.process.wait(5)


def test_the_unit_names_what_is_there() -> None:
    unit = (ROOT / "examples" / "systemd" / "lookout.service").read_text()
    assert "Type=notify" in unit
    assert "ProtectSystem=strict" in unit
