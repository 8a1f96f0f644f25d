from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge.delivery.dispatch import Dispatch
from edge.delivery.entries import Kind
from edge.delivery.outbox import Outbox
from pipelines.events import Condition, Mode, Phase
from tests.edge.delivery.builders import INCIDENT, PLACE, TOPICS, make_event, make_evidence

CLEARED = {"phase": Phase.CLEARED, "condition": Condition.CLEARED}


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({}, "event"),
        ({"phase": Phase.UPDATE}, "event"),
        (CLEARED, "nothing"),
        # Late evidence of an incident that is over must not bring it back.
        ({"phase": Phase.UPDATE, "condition": Condition.CLEARED}, None),
        # Nobody is to be alarmed by what is only observed.
        ({"mode": Mode.OBSERVE}, None),
        (CLEARED | {"mode": Mode.OBSERVE}, None),
    ],
)
def test_what_becomes_of_the_retained_state(outbox: Outbox, changed: dict[str, Any], state: str | None) -> None:
    Dispatch(outbox, TOPICS).send(make_event(**changed))
    event, *states = outbox.waiting()
    assert event.topic == "lookout/v1/plant-1/edge-1/event"
    expected = {"event": [event.payload], "nothing": [b""], None: []}[state]
    assert [entry.payload for entry in states] == expected
    assert all(entry.topic == f"lookout/v1/plant-1/edge-1/active/{INCIDENT}" for entry in states)


def test_everything_of_an_event_enters_together(outbox: Outbox, tmp_path: Path) -> None:
    files = [make_evidence(tmp_path, "open.jpg"), make_evidence(tmp_path, "clip.mp4")]
    number = Dispatch(outbox, TOPICS, lang="zh", now=lambda: 1.5).send(make_event(), place=PLACE, evidence=files)
    entries = outbox.waiting()
    assert [entry.kind for entry in entries] == [Kind.EVENT, Kind.STATE, Kind.EVIDENCE, Kind.EVIDENCE]
    data = json.loads(entries[0].payload or b"")["data"]
    assert data["number"] == number
    assert data["sent_at"] == "1970-01-01T00:00:01.500Z"
    assert data["message"].startswith("发现火焰")
    assert [found["topic"] for found in data["evidence"]] == [entry.topic for entry in entries[2:]]
    assert [found["sha256"] for found in data["evidence"]] == [file.sha256 for file in files]


def test_sending_twice_is_harmless(outbox: Outbox) -> None:
    dispatch = Dispatch(outbox, TOPICS)
    assert dispatch.send(make_event()) == dispatch.send(make_event())
    assert len(outbox.waiting()) == 2
