"""The whole agent as a process: killed, restarted, with sources that are garbage or hang. Real broker, real signals."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.delivery.contract import Status
from tests.edge.agent.conftest import Running, source, write_site
from tests.edge.delivery.listener import Listener, retained
from tests.edge.delivery.mosquitto import Mosquitto

STATUS = "lookout/v1/plant/edge/status"
EVENT = "lookout/v1/plant/edge/event"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A mosquitto that the test starts when it wants to."""
    broker = Mosquitto(tmp_path / "mosquitto")
    yield broker
    broker.stop()


def data_of(listener: Listener) -> list[dict[str, Any]]:
    """The `data` of the hazards' events heard, each once, in the order of arrival."""
    events = {}
    for heard in listener.heard:
        if heard.topic == EVENT:
            event = json.loads(heard.payload)
            if event["type"].startswith("city.lookout.hazard."):
                events.setdefault(event["id"], event["data"])
    return list(events.values())


def test_events_of_a_killed_agent_arrive_after_its_restart(
    tmp_path: Path, clip: Path, broker: Mosquitto, run_agent: Callable[..., Running]
) -> None:
    site = write_site(tmp_path, broker.port, source("gate", clip, loop=True))
    agent = run_agent(site)
    agent.until(lambda: len([e for e in agent.events() if e["evidence"]]) >= 4, "two alarms and their clips")
    agent.end(signal.SIGKILL)
    raised = agent.events()
    assert {e["zone"] for e in raised} == {"left", "right"}

    broker.start()
    with Listener(broker.port) as listener:
        again = run_agent(site)
        again.until(lambda: {e["incident"] for e in raised} <= {e["incident"] for e in data_of(listener)}, "arrival")
        again.until(lambda: not again.waiting(), "an empty outbox")
        assert again.end(signal.SIGTERM) < 2.0
        arrived = [e for e in data_of(listener) if e["incident"] in {r["incident"] for r in raised}]
        named = [proof["topic"] for event in arrived for proof in event["evidence"]]
        pictures = {heard.topic: heard.payload for heard in listener.heard if "/evidence/" in heard.topic}
    # Nothing raised before the kill is missing or changed, and of each incident the order is kept: also where
    # the next process went on with it.
    for incident in {e["incident"] for e in arrived}:
        sequence = [e["sequence"] for e in arrived if e["incident"] == incident]
        assert sequence == list(range(1, len(sequence) + 1))
    assert [e for e in raised if e not in arrived] == []
    assert {topic.rpartition("/")[2] for topic in named} >= {"open-full.jpg", "open-annotated.jpg", "clip.mp4"}
    assert all(pictures[topic] for topic in named)


def test_the_status_is_retained_and_a_kill_is_told_by_the_will(
    tmp_path: Path, clip: Path, broker: Mosquitto, run_agent: Callable[..., Running]
) -> None:
    broker.start()
    agent = run_agent(write_site(tmp_path, broker.port, source("gate", clip, loop=True)))

    def status() -> Status:
        return Status.model_validate_json(retained(broker.port, STATUS)[STATUS])

    agent.until(lambda: agent.status.get("details", {}).get("sources", {}).get("gate", {}).get("inspections"), "a look")
    agent.until(lambda: STATUS in retained(broker.port, STATUS), "a retained status")
    agent.until(lambda: (beat := status().heartbeat) and beat.sources and beat.sources[0].state == "online", "online")
    online = status()
    assert online.heartbeat is not None
    (gate,) = online.heartbeat.sources
    assert gate.last_frame_age_s is not None
    assert gate.last_frame_age_s < 5
    figures: Any = online.heartbeat.details
    assert {
        "source:gate",
        "inference",
        "evidence",
        "harvest",
        "uplink",
        "commands",
        "model-updates",
        "coverage",
        "status",
    } == set(figures["workers"])
    (model,) = figures["models"]
    assert (model["name"], model["weights"], model["provider"]) == ("ppe", "model.onnx", "cpu")
    assert model["threads"] >= 1
    assert model["why"]
    assert figures["sources"]["gate"]["size"] == [320, 240]

    agent.end(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while status().status == "online" and time.monotonic() < deadline:
        time.sleep(0.1)
    lost = status()
    assert (lost.status, lost.reason, lost.session) == ("offline", "lost", online.session)


def test_garbage_is_named_and_the_others_go_on(
    tmp_path: Path, clip: Path, broker: Mosquitto, run_agent: Callable[..., Running]
) -> None:
    garbage = tmp_path / "garbage.mp4"
    garbage.write_bytes(b"this is no video " * 500)
    broker.start()
    with Listener(broker.port) as listener:
        agent = run_agent(write_site(tmp_path, broker.port, source("broken", garbage), source("gate", clip, loop=True)))
        agent.until(lambda: {e["zone"] for e in data_of(listener)} == {"left", "right"}, "both alarms")
        agent.until(lambda: agent.state("broken") == "unusable" and agent.state("gate") == "online", "both states")
        assert {e["source"] for e in data_of(listener)} == {"gate"}
    (fault,) = [s["fault"] for s in agent.status["sources"] if s["name"] == "broken"]
    assert "is not a video" in fault
    assert "source unusable, the others go on source=broken" in agent.text
    assert agent.end(signal.SIGTERM) < 2.0
    assert agent.process.returncode == 0


BLIND = """
import sys
from edge import cli
from edge.evidence.store import EvidenceStore

def fails(*_, **__):
    raise ZeroDivisionError("a picture that nobody foresaw")

EvidenceStore.pictures = fails
sys.argv[0] = "lookout"
cli.main()
"""


def test_an_alarm_goes_out_whatever_happens_to_its_pictures(
    tmp_path: Path, clip: Path, broker: Mosquitto, run_agent: Callable[..., Running]
) -> None:
    blind = tmp_path / "blind.py"
    blind.write_text(BLIND)
    agent = run_agent(write_site(tmp_path, broker.port, source("gate", clip, loop=True)), program=(str(blind),))
    agent.until(lambda: {e["zone"] for e in agent.events()} == {"left", "right"}, "both alarms")
    agent.until(lambda: "thread died worker=inference" in agent.text, "a line in the log")
    assert not any(e["evidence"] for e in agent.events() if e["phase"] == "open")
    agent.until(lambda: agent.state("gate") == "failing", "a word in the status")
    assert any("inference" in fault for fault in agent.status["faults"])


IMPATIENT = """
import sys
import edge.agent.agent as agent
from edge import cli

whole = agent.Worker
agent.Worker = lambda name, run, limit, **more: whole(name, run, 0.8 if name == "source:stuck" else limit, **more)
sys.argv[0] = "lookout"
cli.main()
"""


@pytest.mark.slow
def test_a_source_that_hangs_for_ever_ends_in_quarantine_and_the_others_go_on(
    tmp_path: Path, clip: Path, broker: Mosquitto, run_agent: Callable[..., Running]
) -> None:
    # Opening a named pipe that nobody writes to hangs inside libav, deaf to everything.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    impatient = tmp_path / "impatient.py"
    impatient.write_text(IMPATIENT)
    broker.start()
    with Listener(broker.port) as listener:
        site = write_site(tmp_path, broker.port, source("stuck", pipe), source("gate", clip, loop=True))
        agent = run_agent(site, program=(str(impatient),))
        pid = agent.process.pid
        agent.until(lambda: agent.state("stuck") == "quarantined", "quarantine", seconds=60)
        assert agent.status["pid"] == pid, "the process restarts itself, it is not replaced"
        assert agent.text.count("lookout starts") == 3
        assert agent.text.count("thread hangs, abandoned worker=source:stuck") == 6
        before = len(data_of(listener))
        agent.until(lambda: agent.state("gate") == "online" and len(data_of(listener)) > before, "alarms of the other")
        (fault,) = [s["fault"] for s in agent.status["sources"] if s["name"] == "stuck"]
        assert "twice within a day" in fault
    assert agent.end(signal.SIGTERM) < 2.0
