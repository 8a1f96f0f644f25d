"""A round that is walked while the command listens: posts, messages over a real broker, and a camera with poses."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from edge.cli import app
from tests.conftest import LONG, ROOT
from tests.edge.delivery.mosquitto import Mosquitto, free_port
from tests.waiting import until

PICTURE = cv2.imencode(".jpg", np.random.default_rng(1).integers(0, 255, (120, 160, 3), np.uint8))[1].tobytes()
PNG = cv2.imencode(".png", np.full((60, 80, 3), 90, np.uint8))[1].tobytes()


@contextmanager
def receiving(folder: Path, *words: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "edge.cli", "rounds", "receive", str(folder), *map(str, words)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        if process.stdout is not None and not process.stdout.closed:
            process.communicate(timeout=15)


def post(port: int, path: str, content: bytes, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", path, content, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def listens(port: int) -> bool:
    try:
        return bool(post(port, "/", b"")[0])
    except OSError:
        return False


def test_pictures_that_are_posted(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "round"
    with receiving(folder, "--http", f"127.0.0.1:{port}", "--token", "sesame", "--idle-s", 3) as process:
        until(lambda: listens(port))
        bearer = {"Authorization": "Bearer sesame"}
        assert post(port, "/gate", PICTURE)[0] == 401
        assert post(port, "/gate", PICTURE, **bearer) == (204, "")
        assert post(port, "/%E9%98%80%E9%97%A8", PNG, **bearer)[0] == 204
        said = {"waypoint": "tank", "picture": base64.b64encode(PICTURE).decode(), "pose": {"x": 1.5}}
        assert post(port, "/", json.dumps(said).encode(), **bearer)[0] == 204
        assert post(port, "/gate", b"no picture", **bearer) == (400, "no picture that can be read")
        assert post(port, "/..%2Fetc", PICTURE, **bearer)[0] == 400
        assert post(port, "/", PICTURE, **bearer)[0] == 400
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "3 pictures of 3 waypoints" in output
    assert "refused: no picture that can be read" in errors
    assert (folder / "gate" / "001.jpg").read_bytes() == PICTURE
    assert cv2.imread(str(folder / "阀门" / "001.jpg")).shape == (60, 80, 3)
    assert json.loads((folder / "tank" / "001.json").read_text()) == {"x": 1.5}
    assert not (tmp_path / "etc").exists()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


@contextmanager
def publisher(port: int) -> Iterator[mqtt.Client]:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def test_pictures_over_mqtt_by_the_last_level_of_their_topic(tmp_path: Path, broker: Mosquitto) -> None:
    folder = tmp_path / "round"
    with (
        receiving(folder, "--mqtt", f"mqtt://127.0.0.1:{broker.port}/dog/pictures/+") as process,
        publisher(broker.port) as robot,
    ):
        until(lambda: robot.publish("dog/pictures/gate", PICTURE) and (folder / "gate" / "002.jpg").exists())
        robot.publish("dog/pictures/tank", PICTURE)
        until((folder / "tank" / "001.jpg").exists)
    assert process.returncode == 0


@LONG
def test_a_camera_that_films_all_the_time_and_poses_that_name_waypoints(tmp_path: Path, broker: Mosquitto) -> None:
    folder, film = tmp_path / "round", ROOT / "datasets" / "demo" / "yard.mp4"
    words = ("--mqtt", f"mqtt://127.0.0.1:{broker.port}/dog/pose", "--camera", film, "--idle-s", 4)
    with receiving(folder, *words) as process, publisher(broker.port) as robot:
        until(
            lambda: robot.publish("dog/pose", json.dumps({"x": 1, "waypoint": "gate"})) and (folder / "gate").exists()
        )
        until((folder / "gate" / "003.jpg").exists)
        robot.publish("dog/pose", json.dumps({"x": 2}))
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "3 pictures of 1 waypoints" in output, "no more than three of one stop"
    assert json.loads((folder / "gate" / "001.json").read_text())["x"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "one of them at least"),
        (["--http", "8091"], "expected HOST:PORT"),
        (["--http", "127.0.0.1:1", "--camera", "x"], "its poses come by --mqtt"),
        (["--mqtt", "ws://host/x"], "expected mqtt://HOST/TOPIC"),
        (["--mqtt", "mqtt://127.0.0.1:1/x"], "can not be reached"),
    ],
)
def test_what_can_not_be_received(tmp_path: Path, words: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["rounds", "receive", str(tmp_path / "round"), *words])
    assert done.exit_code == 2
    assert said in done.stderr
