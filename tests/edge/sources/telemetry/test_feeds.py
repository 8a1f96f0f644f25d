"""Poses that come while the camera moves: over a real broker, real UDP, real HTTP."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import ValidationError

from edge.clock import AgentClock
from edge.config.telemetry import TelemetrySettings
from edge.sources.telemetry.feeds import open_feed
from edge.sources.telemetry.live import LiveTrack
from pipelines.frame import Clock
from pipelines.rules.grounded import Moment
from tests.edge.delivery.mosquitto import Mosquitto, free_port
from tests.edge.patrol.flying import osd, publishing

PLAIN = {
    "time": 1.0, "latitude": 22.55, "longitude": 114.05, "height": 40.0, "attitude": {"yaw": 10, "pitch": -40},
}  # fmt: skip


@contextmanager
def listening(url: str, **more: Any) -> Iterator[LiveTrack]:
    settings = TelemetrySettings.model_validate({"url": url, "camera": {"fov_deg": 70}, **more})
    track = LiveTrack(settings.hints, AgentClock())
    track.size = (1280, 720)
    stop = threading.Event()
    thread = threading.Thread(target=open_feed(settings, track).run, args=(stop, lambda: None))
    thread.start()
    try:
        yield track
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def until(condition: Callable[[], object], say: Callable[[], object] = lambda: None, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        say()
        time.sleep(0.1)


def now(track: LiveTrack) -> Any:
    return track.at(Moment(AgentClock().monotonic(), time.time(), Clock.AGENT)).pose


def test_over_mqtt_as_djis_cloud_says_it_and_plainly_and_through_a_restart_of_the_broker(tmp_path: Any) -> None:
    broker = Mosquitto(tmp_path / "m")
    broker.start()
    with listening(f"mqtt://127.0.0.1:{broker.port}/thing/+/osd") as track:
        with publishing(broker.port) as publish:
            message = osd(PLAIN | {"time": time.time()})
            until(lambda: track.age_s is not None, lambda: publish("thing/7/osd", message))
            pose = now(track)
            assert (pose.height_m, pose.height_above) == (40.0, "takeoff")
            assert (pose.attitude.yaw_deg, pose.attitude.pitch_deg) == (10.0, -40.0)
            assert pose.lens.width == 1280
            publish("thing/7/osd", {"speed": 3})
            until(lambda: track.left_out)
        broker.stop()
        until(lambda: track.error is not None)
        assert "the connection to the broker of the telemetry was lost" in str(track.error)
        broker.start()
        with publishing(broker.port) as publish:
            until(lambda: track.error is None, lambda: publish("thing/7/osd", PLAIN))
            assert (track.age_s or 9) < 2
    broker.stop()


def test_over_udp_from_an_autopilot() -> None:
    os.environ["MAVLINK20"] = "1"
    mavutil = pytest.importorskip("pymavlink.mavutil", reason="needs the extra `drones`")
    port = free_port()
    with listening(f"udp://127.0.0.1:{port}", camera={"fov_deg": 70, "pitch_deg": -45, "yaw_deg": 90}) as track:
        link = mavutil.mavlink_connection(f"udpout:127.0.0.1:{port}")

        def say() -> None:
            link.mav.heartbeat_send(2, 3, 0, 0, 0)
            link.mav.global_position_int_send(1000, 225500000, 1140500000, 150000, 60000, 0, 0, 0, 9000)

        until(lambda: track.age_s is not None, say)
        link.close()
        pose = now(track)
        assert (pose.latitude_deg, pose.height_m) == (22.55, 60.0)
        assert pose.attitude.pitch_deg == -45.0, "the gimbal says nothing, the site does"


def test_over_a_serial_line() -> None:
    os.environ["MAVLINK20"] = "1"
    mavutil = pytest.importorskip("pymavlink.mavutil", reason="needs the extra `drones`")
    pytest.importorskip("serial", reason="needs the extra `drones`")
    autopilot, line = os.openpty()
    packer = mavutil.mavlink.MAVLink(None, srcSystem=1, srcComponent=1)
    here = mavutil.mavlink.MAVLink_global_position_int_message(
        1000, 225500000, 1140500000, 150000, 60000, 0, 0, 0, 9000
    )
    try:
        with listening(f"serial://{os.ttyname(line)}?baud=115200") as track:
            until(lambda: track.age_s is not None, lambda: os.write(autopilot, here.pack(packer)))
            assert now(track).latitude_deg == 22.55
        with listening("serial:///dev/ttyNOTHING") as track:
            until(lambda: track.error is not None)
            assert "/dev/ttyNOTHING" in str(track.error)
    finally:
        os.close(autopilot)
        os.close(line)


def post(port: int, content: bytes, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", "/", content, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def ready(port: int) -> bool:
    try:
        return bool(post(port, b"{}")[0])
    except OSError:
        return False


def test_over_http_from_who_has_the_token() -> None:
    port = free_port()
    with listening(f"http://127.0.0.1:{port}/", token="sesame") as track:
        until(lambda: ready(port))
        assert post(port, json.dumps(PLAIN).encode())[0] == 401
        assert post(port, json.dumps(PLAIN).encode(), Authorization="Bearer open")[0] == 401
        assert track.age_s is None
        bearer = {"Authorization": "Bearer sesame"}
        assert post(port, json.dumps(PLAIN).encode(), **bearer) == (204, "")
        assert now(track).latitude_deg == 22.55
        status, text = post(port, json.dumps(PLAIN | {"latitude": 99}).encode(), **bearer)
        assert (status, text) == (400, "latitude: Input should be less than or equal to 90")
        assert post(port, b"\xff\xfe", **bearer)[0] == 400
        assert post(port, b"x" * 70_000, **bearer)[0] == 400
        assert sum(track.left_out.values()) == 2


def test_a_port_that_is_taken_is_said() -> None:
    port = free_port()
    with listening(f"http://127.0.0.1:{port}/") as first:
        until(lambda: ready(port))
        with listening(f"http://127.0.0.1:{port}/") as second:
            until(lambda: second.error)
            assert f"127.0.0.1:{port} can not be listened on" in str(second.error)
        assert first.error is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("drone/pose", "a path is no way for telemetry to come, allowed: mqtt://, mqtts://, udp://"),
        ("ftp://host/x", "ftp is no way"),
        ("mqtt://host", "without a topic"),
        ("udp://0.0.0.0", "without a port"),
        ("mqtt:///topic", "without a host"),
        ("serial://", "without a device"),
        ("udp://host:99999", "is no address"),
    ],
)
def test_what_is_no_telemetry(url: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words.replace("(", r"\(")):
        TelemetrySettings.model_validate({"url": url})
