"""A patrol in the air: a film that plays as from a camera, poses as they come, the released model, a real broker."""

from __future__ import annotations

import http.client
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calibration.ground import between, moved
from edge.config.broker import BrokerSettings
from edge.delivery.subscriber import ReceivedEvent, Subscriber
from tests.conftest import LONG, ROOT
from tests.edge.agent.conftest import Running
from tests.edge.delivery.mosquitto import Mosquitto, free_port
from tests.edge.patrol.filming import HOME, fly
from tests.edge.patrol.flying import osd, pose, publishing, site_file, speaking

FIRE = (-60.0, 3.0)
FLIGHT = {"speed_m_s": 1.5, "height_m": 40.0, "pitch_deg": -40.0}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fly(tmp_path_factory.mktemp("film"), [FIRE], seconds=13, **FLIGHT)[0]  # type: ignore[arg-type]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


def away_m(event: dict[str, Any]) -> float:
    where = event["position"]
    return math.hypot(*between(moved(*HOME, *FIRE), (where["lat"], where["lon"])))


@LONG
def test_positions_from_a_docks_messages_every_two_seconds(tmp_path: Path, film: Path, broker: Mosquitto) -> None:
    heard = broker.port
    deaf = free_port()  # nobody listens there: what is told waits in the outbox, where the test reads it
    site = site_file(tmp_path, deaf, film, {"url": f"mqtt://127.0.0.1:{heard}/thing/product/7/osd"})
    agent = Running(site)
    try:
        agent.until(lambda: agent.state("drone") == "online", "the drone's film plays")
        with publishing(heard) as publish:

            def say(seconds: float) -> None:
                publish("thing/product/7/osd", osd(pose(seconds, **FLIGHT)))

            with speaking(say, 2.0):
                agent.until(agent.events, "the fire is told", 20)
        (event, *_) = agent.events()
        assert event["hazard"]["kind"] == "fire"
        assert away_m(event) < 10
        assert 2 < event["position"]["ellipse_68"]["long_m"] < 30
        assert "22.549" in event["message"]
        agent.until(lambda: "telemetry" in agent.status["details"]["sources"]["drone"], "the status has it")
        assert agent.status["details"]["sources"]["drone"]["never_quiet"] == "its camera moves"
    finally:
        agent.end(15)


def test_the_link_drops_and_what_was_seen_is_told_after_landing(tmp_path: Path, film: Path, broker: Mosquitto) -> None:
    port = free_port()
    site = site_file(tmp_path, broker.port, film, {"url": f"http://127.0.0.1:{port}/"})
    broker.stop()
    agent = Running(site)
    try:
        agent.until(lambda: agent.state("drone") == "online", "the drone's film plays")
        with speaking(lambda seconds: _post(port, pose(seconds, **FLIGHT)), 0.1):
            agent.until(agent.events, "the fire is in the outbox", 20)
            agent.until(lambda: agent.state("drone") == "ended", "the drone lands", 30)
        told = agent.events()
        assert {event["incident"] for event in told} == {told[0]["incident"]}, "one incident over the whole pass"
        assert all(away_m(event) < 8 for event in told)
        assert told[-1]["condition"] == "active", "nobody has seen it end"
        broker.start()
        agent.until(lambda: not agent.waiting(), "all of it is delivered", 20)
    finally:
        agent.end(15)


def _post(port: int, content: dict[str, Any]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("POST", "/", json.dumps(content))
        connection.getresponse()
    except OSError:
        pass  # it does not listen yet
    finally:
        connection.close()


@LONG
def test_without_telemetry_it_is_told_all_the_same_and_the_status_says_what_is_missing(
    tmp_path: Path, film: Path
) -> None:
    site = site_file(tmp_path, free_port(), film, {"url": f"mqtt://127.0.0.1:{free_port()}/drone/pose"})
    agent = Running(site)
    try:
        agent.until(agent.events, "the fire is told", 25)
        assert "position" not in agent.events()[0]
        agent.until(lambda: any("telemetry" in fault for fault in agent.status.get("faults", [])), "the fault is said")
    finally:
        agent.end(15)


class Patrol(Running):
    """`lookout patrol MISSION.yaml` in a process of its own."""

    def __init__(self, mission: Path, out: Path) -> None:
        self.data, self.log = mission.parent / "data", mission.parent / "patrol.log"
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "edge.cli", "patrol", str(mission), "--out", str(out)],
                stdout=file, stderr=file, env=os.environ | {"PYTHONPATH": str(ROOT)},
            )  # fmt: skip


def test_a_mission_is_flown_live_and_ends_with_a_report(tmp_path: Path, film: Path, broker: Mosquitto) -> None:
    port = free_port()
    (tmp_path / "film.mp4").write_bytes(film.read_bytes())
    mission = tmp_path / "mission.yaml"
    mission.write_text(f"""
name: night flight
lang: en
hazards: [fire]
every_s: 0.4
camera: {{fov_deg: 70}}
live:
  url: film.mp4
  telemetry: {{url: "http://127.0.0.1:{port}/"}}
  broker: {{host: 127.0.0.1, port: {broker.port}}}
  data: data
waypoints:
  - {{name: clearing, latitude: {moved(*HOME, *FIRE)[0]}, longitude: {moved(*HOME, *FIRE)[1]}}}
""")
    received: list[object] = []
    subscriber = Subscriber(BrokerSettings(host="127.0.0.1", port=broker.port), received.append, site="patrol")
    patrol = Patrol(mission, tmp_path / "out")
    with subscriber:
        patrol.until(lambda: patrol.state("camera") == "online", "the film plays")
        with speaking(lambda seconds: _post(port, pose(seconds, **FLIGHT)), 0.1):
            assert patrol.process.wait(60) == 0, patrol.text
    events = [each for each in received if isinstance(each, ReceivedEvent)]
    assert events
    position = events[0].event.data.position
    assert position is not None
    assert math.hypot(*between(moved(*HOME, *FIRE), (position.lat, position.lon))) < 8
    assert "1 hazards" in patrol.text
    report = (tmp_path / "out" / "report.html").read_text()
    assert "night flight" in report
    assert report.count("<img") == 1
    (hazard,) = [
        each
        for each in json.loads((tmp_path / "out" / "patrol.geojson").read_text())["features"]
        if each["properties"]["what"] == "hazard"
    ]
    longitude, latitude = hazard["geometry"]["coordinates"]
    assert math.hypot(*between(moved(*HOME, *FIRE), (latitude, longitude))) < 8
