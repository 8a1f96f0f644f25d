"""A camera whose picture freezes, and one that is cut off: the platform hears of both, and of their end. All real."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.edge.agent.conftest import Running, run_agent, source, write_site  # noqa: F401 - a fixture
from tests.edge.delivery.listener import Listener, retained
from tests.edge.delivery.mosquitto import Mosquitto

BASE = "lookout/v1/plant/edge"
FPS, LIVE_S, STILL_S = 10, 9, 9


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


@pytest.fixture(scope="module")
def freezing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room with a sensor's noise, whose picture stands still after nine seconds, for nine."""
    path = tmp_path_factory.mktemp("freezing") / "room.mp4"
    rng = np.random.default_rng(7)
    room = np.full((240, 320, 3), 90, np.uint8)
    for _ in range(60):
        x, y = rng.integers(0, 300), rng.integers(0, 220)
        room[y : y + rng.integers(8, 60), x : x + rng.integers(8, 60)] = rng.integers(40, 200, 3)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "g": str(FPS), "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        picture = room
        for number in range((LIVE_S + STILL_S) * FPS):
            if number < LIVE_S * FPS:
                picture = np.clip(room + rng.normal(0, 4, room.shape), 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    return path


def faults(listener: Listener) -> list[dict[str, Any]]:
    """The `data` of the coverage events heard, in order, each once."""
    events: dict[str, dict[str, Any]] = {}
    for heard in listener.heard:
        if heard.topic == f"{BASE}/event":
            event = json.loads(heard.payload)
            if event["type"].startswith("city.lookout.coverage."):
                events.setdefault(event["id"], event["data"])
    return list(events.values())


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_a_frozen_picture_is_told_and_so_is_its_end(
    tmp_path: Path,
    freezing: Path,
    broker: Mosquitto,
    run_agent: Callable[..., Running],  # noqa: F811
) -> None:
    site = write_site(tmp_path, broker.port, source("gate", freezing, loop=True))
    with Listener(broker.port) as listener:
        agent = run_agent(site)
        agent.until(lambda: faults(listener), "a fault", LIVE_S + 25)
        (opened,) = faults(listener)
        assert (opened["fault"]["kind"], opened["phase"], opened["source"]) == ("frozen", "open", "gate")
        assert list(retained(broker.port, f"{BASE}/active/{opened['incident']}"))
        report = json.loads(retained(broker.port, f"{BASE}/coverage")[f"{BASE}/coverage"])
        (view,) = report["views"]
        assert (view["name"], view["watched"], view["faults"]) == ("gate", False, ["frozen"])
        assert agent.status["sources"][0]["unseen"] == ["frozen"]

        # Killed while it lasts: the next process takes it up, and tells its end.
        agent.end(signal.SIGKILL)
        again = run_agent(site)
        again.until(lambda: [data for data in faults(listener) if data["phase"] == "cleared"], "its end", 60)
        closed = next(data for data in faults(listener) if data["phase"] == "cleared")
        assert closed["incident"] == opened["incident"]
        assert not retained(broker.port, f"{BASE}/active/{opened['incident']}")
        shares = json.loads((tmp_path / "data" / "coverage.json").read_text())
        assert set(shares["views"]) == {"gate"}


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_a_camera_that_never_comes_is_offline(
    tmp_path: Path,
    broker: Mosquitto,
    run_agent: Callable[..., Running],  # noqa: F811
) -> None:
    camera = {**source("gate", Path("x")), "url": "rtsp://127.0.0.1:1/nothing"}
    site = write_site(tmp_path, broker.port, camera)
    with Listener(broker.port) as listener:
        agent = run_agent(site)
        agent.until(lambda: faults(listener), "a fault", 30)
        (opened,) = faults(listener)
        assert opened["fault"]["kind"] == "offline"
        assert "127.0.0.1:1" in opened["reason"] or "refused" in opened["reason"]
