"""A small recording, a site that raises alarms on it within a second, and the agent as a real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import yaml

from calibration.errors import DeliveryError
from edge.delivery.entries import Entry, Kind
from edge.delivery.reading import read_waiting
from tests.conftest import ROOT

FPS = 10


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of an empty room with a block that moves: H.264, 320×240, a keyframe a second."""
    path = tmp_path_factory.mktemp("clip") / "room.mp4"
    rng = np.random.default_rng(7)
    room = rng.integers(90, 120, (240, 320, 3), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "g": str(FPS)})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(6 * FPS):
            picture = room.copy()
            picture[100:140, 2 * number : 2 * number + 30] = 200
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    return path


def source(name: str, url: Path, **more: Any) -> dict[str, Any]:
    """A source whose two posts are never attended: each opens an incident in its first second."""
    zones = [
        {"name": "left", "polygon": [[0.0, 0.0], [0.4, 0.0], [0.4, 1.0], [0.0, 1.0]]},
        {"name": "right", "polygon": [[0.6, 0.0], [1.0, 0.0], [1.0, 1.0], [0.6, 1.0]]},
    ]
    rules = [{"rule": "unattended_post", "zone": zone["name"], "absent_s": 0.5, "clear_after_s": 0} for zone in zones]
    return {"name": name, "url": str(url), "interval_s": 0.2, "zones": zones, "rules": rules, **more}


def write_site(folder: Path, port: int, *sources: dict[str, Any], model: str = "ppe") -> Path:
    """A site file whose data folder is `folder/data`."""
    content = {
        "site": {"name": "plant"},
        "agent": {
            "name": "edge", "lang": "en", "data": str(folder / "data"), "status_every_s": 1,
            "evidence": {"before_s": 1, "after_s": 1},
        },
        "broker": {"host": "127.0.0.1", "port": port, "backoff_max_s": 0.5, "connect_timeout_s": 1.0},
        "models": [{"name": model}],
        "sources": list(sources),
    }  # fmt: skip
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


class Running:
    """`lookout run` in a process of its own."""

    def __init__(self, site: Path, *options: str, program: tuple[str, ...] = ("-m", "edge.cli")) -> None:
        self.data = site.parent / "data"
        self.log = site.parent / f"agent-{time.monotonic_ns()}.log"
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, *program, "run", str(site), *options],
                stdout=file,
                stderr=file,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
            )

    @property
    def text(self) -> str:
        return self.log.read_text()

    @property
    def status(self) -> dict[str, Any]:
        """`status.json`; empty before the first."""
        path = self.data / "status.json"
        content: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return content

    def state(self, name: str) -> str | None:
        """The state of a source."""
        return next((s["state"] for s in self.status.get("sources", []) if s["name"] == name), None)

    def until(self, condition: Callable[[], object], what: str, seconds: float = 40.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, f"ended with {self.process.returncode} before {what}:\n{self.text}"
            assert time.monotonic() < deadline, f"{what} did not happen within {seconds:g} s:\n{self.text}"
            time.sleep(0.05)

    def waiting(self) -> list[Entry]:
        """What waits in its outbox."""
        try:
            return read_waiting(self.data / "outbox.db")
        except DeliveryError:  # it has not been made yet, or is just being made
            return []

    def events(self) -> list[dict[str, Any]]:
        """The `data` of the hazards' events that wait in its outbox."""
        events = [json.loads(entry.payload or b"") for entry in self.waiting() if entry.kind is Kind.EVENT]
        return [event["data"] for event in events if event["type"].startswith("city.lookout.hazard.")]

    def end(self, number: int, seconds: float = 10.0) -> float:
        """Send a signal; how long it took to end, seconds."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(seconds)
        return time.monotonic() - began


@pytest.fixture
def run_agent() -> Iterator[Callable[..., Running]]:
    """Start agents; whatever still runs at the end is killed."""
    started: list[Running] = []

    def start(site: Path, *options: str, program: tuple[str, ...] = ("-m", "edge.cli")) -> Running:
        started.append(Running(site, *options, program=program))
        return started[-1]

    yield start
    for agent in started:
        if agent.process.poll() is None:
            agent.end(signal.SIGKILL)
