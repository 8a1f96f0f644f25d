"""A drone in the air, for tests: its film plays as from a camera, and its poses come while it plays."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import paho.mqtt.client as mqtt
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from calibration.ground import moved
from tests.edge.patrol.filming import HOME

START_NORTH_M = -100.0


def site_file(folder: Path, port: int, film: Path, telemetry: dict[str, Any], **agent: Any) -> Path:
    """One drone, watched for fire and smoke."""
    content = {
        "site": {"name": "forest"},
        "agent": {
            "name": "ground-station", "lang": "en", "data": str(folder / "data"), "status_every_s": 1,
            "evidence": {"before_s": 1, "after_s": 1}, **agent,
        },
        "broker": {"host": "127.0.0.1", "port": port, "backoff_max_s": 0.5, "connect_timeout_s": 1.0},
        "models": [{"name": "fire-smoke"}],
        "sources": [
            {
                "name": "drone", "url": str(film), "rules": [{"rule": "fire"}, {"rule": "smoke"}],
                "telemetry": {"camera": {"fov_deg": 70}, **telemetry},
            }
        ],
    }  # fmt: skip
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def pose(seconds: float, *, speed_m_s: float, height_m: float, pitch_deg: float, seed: int = 0) -> dict[str, Any]:
    """What telemetry says so long after the film began: a metre and half a degree of noise in it."""
    off = np.random.default_rng([seed, round(seconds * 10)]).normal(0, 1.0, 5)
    latitude, longitude = moved(*HOME, START_NORTH_M + speed_m_s * seconds + off[0], off[1])
    return {
        "time": time.time(), "latitude": latitude, "longitude": longitude, "height": height_m + off[2],
        "attitude": {"yaw": float(off[3] / 2) % 360, "pitch": pitch_deg + float(off[4]) / 2},
        "horizontal_error": 1.0, "height_error": 1.5, "attitude_error": 0.7,
    }  # fmt: skip


def osd(said: dict[str, Any]) -> dict[str, Any]:
    """The same as DJI's cloud says it."""
    attitude = said["attitude"]
    return {
        "tid": "t", "bid": "b", "timestamp": round(said["time"] * 1000), "gateway": "g",
        "data": {
            "latitude": said["latitude"], "longitude": said["longitude"], "elevation": said["height"], "height": 100.0,
            "53-0-0": {"gimbal_pitch": attitude["pitch"], "gimbal_yaw": attitude["yaw"], "gimbal_roll": 0.0},
        },
    }  # fmt: skip


@contextmanager
def speaking(say: Callable[[float], None], every_s: float) -> Iterator[None]:
    """Calls it again and again, with the seconds since the beginning, until the block ends."""
    stop, began_s = threading.Event(), time.monotonic()

    def run() -> None:
        while not stop.is_set():
            say(time.monotonic() - began_s)
            stop.wait(every_s)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)


@contextmanager
def publishing(port: int) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """A client that publishes JSON."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield lambda topic, content: client.publish(topic, json.dumps(content)) and None
    finally:
        client.disconnect()
        client.loop_stop()
