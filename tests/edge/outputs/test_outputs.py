"""Sirens, webhooks, topics and programs, all real: each is driven, none waits for another, each failure is said."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from edge.clock import AgentClock
from edge.config.outputs import AnyOutput
from edge.outputs.outputs import LOG, Outputs, mute
from pipelines.events import Condition, Handling, Mode, Phase
from pipelines.hazards import HazardKind
from tests.edge.delivery.builders import make_event
from tests.edge.delivery.conftest import wait_for
from tests.edge.delivery.listener import Listener
from tests.edge.delivery.mosquitto import Mosquitto, free_port

ADAPTER: TypeAdapter[AnyOutput] = TypeAdapter(AnyOutput)
OPEN = make_event()
OVER = make_event(sequence=2, phase=Phase.CLEARED, condition=Condition.CLEARED)


class Site:
    """Outputs that run, as in the agent."""

    def __init__(self, data: Path, *settings: dict[str, Any]) -> None:
        self.data = data
        self.outputs = Outputs([ADAPTER.validate_python(each) for each in settings], {}, "en", data, AgentClock())
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=runner.run, args=(self._stop, lambda: None)) for runner in self.outputs.runners
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(10)

    def log(self) -> list[dict[str, Any]]:
        path = self.data / LOG
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def outcomes(self, name: str) -> list[str]:
        return [line["outcome"] for line in self.log() if line["output"] == name]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    started: list[Site] = []

    def go(*settings: dict[str, Any]) -> Site:
        started.append(Site(tmp_path, *settings))
        return started[-1]

    yield go
    for site in started:
        site.stop()


class Server:
    """A real HTTP server that keeps what is posted, and answers as it is told."""

    def __init__(self) -> None:
        self.posted: list[tuple[bytes, dict[str, str]]] = []
        self.status, self.delay_s = 204, 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(outer.delay_s)
                outer.posted.append((body, dict(self.headers)))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/alarm"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.server.shutdown()
    server.server.server_close()


class Device:
    """A real Modbus TCP device with sixteen coils."""

    def __init__(self, port: int = 0) -> None:
        from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
        from pymodbus.server import ModbusTcpServer

        self.port = port or free_port()
        self._coils = ModbusSequentialDataBlock(1, [False] * 16)
        context = ModbusServerContext(devices=ModbusDeviceContext(co=self._coils), single=True)
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()

        async def serve() -> None:
            self._server = ModbusTcpServer(context, address=("127.0.0.1", self.port))
            ready.set()
            await self._server.serve_forever()

        def run() -> None:
            asyncio.set_event_loop(self._loop)
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(serve())
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0.05))
            self._loop.close()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        ready.wait(5)
        wait_for(self._answers, "the device", 5)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def coil(self, address: int) -> bool:
        from pymodbus.client import ModbusTcpClient

        client = ModbusTcpClient("127.0.0.1", port=self.port)
        client.connect()
        try:
            return bool(client.read_coils(address, count=1).bits[0])
        finally:
            client.close()

    def set(self, address: int, on: bool) -> None:
        from pymodbus.client import ModbusTcpClient

        client = ModbusTcpClient("127.0.0.1", port=self.port)
        client.connect()
        client.write_coil(address, on)
        client.close()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop)
        self._thread.join(5)


@pytest.fixture
def device() -> Iterator[Device]:
    device = Device()
    yield device
    device.close()


def webhook(server: Server, **more: Any) -> dict[str, Any]:
    return {"kind": "webhook", "name": "hook", "url": server.url, **more}


def siren(device: Device, **more: Any) -> dict[str, Any]:
    return {"kind": "modbus", "name": "siren", "host": "127.0.0.1", "port": device.port, "coil": 3, **more}


def test_a_webhook_gets_the_beginning_and_the_end_signed(start: Callable[..., Site], server: Server) -> None:
    site = start(webhook(server, secret="hush"))
    for event in (OPEN, make_event(sequence=2, phase=Phase.UPDATE), OVER):
        site.outputs.offer(event)
    wait_for(lambda: len(server.posted) == 2, "two posts")
    bodies = [json.loads(body) for body, _ in server.posted]
    assert [(body["lasts"], body["hazard"], body["severity"]) for body in bodies] == [
        (True, "fire", 4),
        (False, "fire", 4),
    ]
    body, headers = server.posted[0]
    assert headers["X-Lookout-Signature"] == "sha256=" + hmac.new(b"hush", body, hashlib.sha256).hexdigest()
    assert "hush" not in (site.data / LOG).read_text()


@pytest.mark.parametrize(
    ("changed", "settings"),
    [
        ({"severity": 2}, {}),
        ({"drill": True}, {}),
        ({"mode": Mode.OBSERVE}, {}),
        ({}, {"hazards": ["smoke"]}),
        ({}, {"sources": ["attic"]}),
    ],
)
def test_what_does_not_concern_it_is_not_told(
    start: Callable[..., Site], server: Server, changed: dict[str, Any], settings: dict[str, Any]
) -> None:
    site = start(webhook(server, **settings))
    site.outputs.offer(make_event(**changed))
    site.outputs.offer(make_event(incident="other", source="attic" if "sources" in settings else "gate-3", **(
        {"kind": HazardKind.SMOKE} if "hazards" in settings else {})))  # fmt: skip
    wait_for(lambda: server.posted, "the other")
    assert [json.loads(body)["incident"] for body, _ in server.posted] == ["other"]


def test_what_grows_severe_is_told_then(start: Callable[..., Site], server: Server) -> None:
    site = start(webhook(server))
    site.outputs.offer(make_event(severity=2))
    site.outputs.offer(make_event(severity=3, sequence=2, phase=Phase.UPDATE))
    wait_for(lambda: server.posted, "a post")
    assert json.loads(server.posted[0][0])["severity"] == 3


def test_a_dead_output_keeps_no_other_waiting_and_is_tried_again(start: Callable[..., Site], server: Server) -> None:
    server.status = 500
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and says nothing
        slow = {"kind": "webhook", "name": "slow", "url": f"http://127.0.0.1:{silent.getsockname()[1]}", "timeout_s": 5}
        site = start(slow, webhook(server))
        site.outputs.offer(OPEN)
        wait_for(lambda: site.outcomes("hook"), "an answer", 3)
        assert site.outcomes("hook")[0] == "the server answered 500 Internal Server Error"
        assert site.outputs.report()["hook"]["error"] == "the server answered 500 Internal Server Error"
        server.status = 204
        wait_for(lambda: "done" in site.outcomes("hook"), "another attempt", 6)
        assert "error" not in site.outputs.report()["hook"]


def test_a_topic_of_another_broker(start: Callable[..., Site], tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "plc") as broker, Listener(broker.port, "plant/#") as listener:
        site = start({"kind": "mqtt", "name": "plc", "host": "127.0.0.1", "port": broker.port, "topic": "plant/alarm"})
        site.outputs.offer(OPEN)
        wait_for(lambda: listener.heard, "a message")
        assert json.loads(listener.heard[0].payload)["hazard"] == "fire"


def test_a_program_gets_its_words_without_a_shell(start: Callable[..., Site], tmp_path: Path) -> None:
    out = tmp_path / "said.json"
    program = "import json, sys; open(sys.argv[1], 'w').write(json.dumps(sys.argv[2:]))"
    run = [sys.executable, "-c", program, str(out), "{hazard} at {source}: {message}", "$(id); {unknown}"]
    site = start({"kind": "command", "name": "voice", "run": run, "timeout_s": 20})
    site.outputs.offer(make_event(source="{message}; rm -rf"))
    wait_for(out.exists, "the program", 20)
    wait_for(lambda: site.outcomes("voice"), "its end", 20)
    first, second = json.loads(out.read_text())
    assert first.startswith("fire at {message}; rm -rf: Fire: ")
    assert second == "$(id); {unknown}"


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (["/no/such/program"], "can not be run: No such file or directory"),
        ([sys.executable, "-c", "import sys; sys.exit('no speaker')"], "ended with 1: no speaker"),
        ([sys.executable, "-c", "import time; time.sleep(60)"], "killed after 1 s"),
    ],
)
def test_a_program_that_fails(start: Callable[..., Site], run: list[str], said: str) -> None:
    site = start({"kind": "command", "name": "voice", "run": run, "timeout_s": 1, "patience_s": 0})
    site.outputs.offer(OPEN)
    wait_for(lambda: site.outcomes("voice"), "its end", 10)
    assert said in site.outcomes("voice")[0]


def test_a_siren_is_on_while_something_lasts(start: Callable[..., Site], device: Device) -> None:
    site = start(siren(device))
    site.outputs.offer(OPEN)
    site.outputs.offer(make_event(incident="second"))
    wait_for(lambda: device.coil(3), "the siren")
    site.outputs.offer(OVER)
    time.sleep(0.6)
    assert device.coil(3)  # the second lasts
    site.outputs.offer(make_event(incident="second", sequence=2, phase=Phase.HANDLING, handling=Handling.FALSE_ALARM))
    wait_for(lambda: not device.coil(3), "silence")
    assert not device.coil(2)


def test_a_siren_that_a_killed_process_left_on_is_set_to_what_is_true(
    start: Callable[..., Site], device: Device
) -> None:
    device.set(3, True)
    start(siren(device))
    wait_for(lambda: not device.coil(3), "silence")


def test_a_siren_is_off_after_its_longest_time_and_when_the_agent_stops(
    start: Callable[..., Site], device: Device
) -> None:
    site = start(siren(device, longest_s=1.0))
    site.outputs.offer(OPEN)
    wait_for(lambda: device.coil(3), "the siren")
    wait_for(lambda: not device.coil(3), "silence", 5)
    other = start({**siren(device), "coil": 5})
    other.outputs.offer(OPEN)
    wait_for(lambda: device.coil(5), "the other siren")
    other.stop()
    assert not device.coil(5)


def test_a_siren_that_can_not_be_reached_is_said_and_tried_again(start: Callable[..., Site]) -> None:
    port = free_port()
    site = start({"kind": "modbus", "name": "siren", "host": "127.0.0.1", "port": port, "coil": 3, "timeout_s": 0.5})
    site.outputs.offer(OPEN)
    wait_for(lambda: site.outputs.report()["siren"].get("error"), "an error", 10)
    assert "can not be reached" in site.outputs.report()["siren"]["error"]
    device = Device(port)
    wait_for(lambda: device.coil(3), "the siren", 10)
    device.close()


def test_a_mute_ends_by_itself_and_holds_for_its_output_alone(
    start: Callable[..., Site], server: Server, device: Device
) -> None:
    site = start(webhook(server), siren(device))
    mute(site.data, "hook", time.time() + 1.5)
    site.outputs.offer(OPEN)
    wait_for(lambda: device.coil(3), "the siren")
    wait_for(lambda: site.outcomes("hook") == ["muted"], "a note of it")
    assert "muted_until" in site.outputs.report()["hook"]
    time.sleep(1.6)
    site.outputs.offer(make_event(incident="later"))
    wait_for(lambda: server.posted, "a post")
    assert json.loads(server.posted[0][0])["incident"] == "later"


def test_the_test_button(tmp_path: Path, server: Server) -> None:
    outputs = Outputs([ADAPTER.validate_python(webhook(server))], {}, "en", tmp_path, AgentClock())
    assert outputs.runners[0].test() is None
    server.status = 403
    assert outputs.runners[0].test() == "the server answered 403 Forbidden"
