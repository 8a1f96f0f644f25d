"""docs/events.md: its examples are the golden payloads, its table is the contract, its subscriber runs."""

from __future__ import annotations

import json
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from edge.config.broker import BrokerSettings
from edge.delivery.contract import CloudEvent, EventData
from edge.delivery.dispatch import Dispatch
from edge.delivery.outbox import Outbox
from tests.edge.delivery.builders import PLACE, TOPICS, make_event, make_evidence
from tests.edge.delivery.conftest import Running, settings_for, wait_for
from tests.edge.delivery.mosquitto import Mosquitto
from tests.pages import blocks

GOLDEN = Path(__file__).parent / "golden"
Start = Callable[[BrokerSettings], Running]


@pytest.fixture
def page(root: Path) -> Path:
    return root / "docs" / "events.md"


def test_the_examples_are_the_golden_payloads(page: Path) -> None:
    shown = [json.loads(block.text) for block in blocks(page) if block.language == "json"]
    golden = [
        json.loads((GOLDEN / f"{name}.json").read_bytes()) for name in ("event-open", "status-online", "status-lost")
    ]
    assert shown == golden


def test_every_field_is_in_the_table(page: Path) -> None:
    named = set(re.findall(r"`([\w.]+)`", page.read_text().partition("## An event")[2]))
    fields = {f"data.{name}" for name in EventData.model_fields}
    fields |= set(CloudEvent.model_fields) - {"specversion", "datacontenttype", "data"}
    assert fields - named == set()


def test_every_topic_is_in_the_table(page: Path) -> None:
    text = page.read_text()
    for topic in (TOPICS.event, TOPICS.active("{incident}"), TOPICS.evidence("{incident}", "{name}"), TOPICS.ack):
        assert f"| `{topic.removeprefix(TOPICS.base + '/')}` |" in text


def lines_of(stream: IO[str]) -> queue.SimpleQueue[str]:
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=lambda: [lines.put(line.strip()) for line in stream], daemon=True).start()
    return lines


def test_the_subscriber_runs(
    page: Path, mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start, tmp_path: Path
) -> None:
    (code,) = [block.text for block in blocks(page) if block.language == "python"]
    command = [sys.executable, "-W", "error", "-c", code.replace("1883", str(mosquitto.port))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as platform:
        assert platform.stdout is not None
        lines = lines_of(platform.stdout)
        wait_for(lambda: "Sending SUBACK to platform" in mosquitto.log(), "the subscription")
        run_uplink(settings_for(mosquitto.port))
        Dispatch(outbox, TOPICS, lang="zh").send(make_event(), place=PLACE, evidence=[make_evidence(tmp_path)])
        assert lines.get(timeout=10) == "open 发现火焰：3号仓库，2层，gate-3"
        assert lines.get(timeout=10) == f"proof {TOPICS.evidence(make_event().incident, 'open.jpg')} 7 bytes"
        platform.terminate()
