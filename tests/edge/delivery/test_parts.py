"""Big evidence in parts: put together byte for byte, and what has left is not sent again after a break."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from edge.config.broker import BrokerSettings
from edge.delivery.contract import CloudEvent
from edge.delivery.dispatch import Dispatch
from edge.delivery.entries import Kind, read_part
from edge.delivery.outbox import Outbox
from edge.delivery.subscriber import ReceivedEvidence
from tests.edge.delivery.builders import INCIDENT, TOPICS, make_event, make_evidence
from tests.edge.delivery.conftest import Ears, Running, settings_for, wait_for
from tests.edge.delivery.mosquitto import Mosquitto
from tests.edge.delivery.network import Relay

Start = Callable[[BrokerSettings], Running]

CLIP = random.Random(3).randbytes(1_000_003)
PART = 64 * 1024


def raised(folder: Path, outbox: Outbox) -> None:
    clip, picture = make_evidence(folder, "clip.mp4", CLIP), make_evidence(folder, "open.jpg", CLIP[:PART])
    Dispatch(outbox, TOPICS, part_bytes=PART).send(make_event(), evidence=[clip, picture])


def test_the_event_says_in_how_many_parts_it_comes(tmp_path: Path, outbox: Outbox) -> None:
    raised(tmp_path, outbox)
    event, *evidence = [entry for entry in outbox.waiting() if entry.kind is not Kind.STATE]
    clip, picture = CloudEvent.model_validate_json(event.payload or b"").data.evidence
    assert (clip.parts, picture.parts) == (16, None)
    *parts, whole = evidence
    assert [part.topic for part in parts] == [f"{clip.topic}/part/{number}" for number in range(16)]
    assert b"".join(read_part(part) for part in parts) == CLIP
    assert (whole.topic, read_part(whole)) == (picture.topic, CLIP[:PART])


def test_they_are_put_together_over_a_line_that_breaks(
    tmp_path: Path, mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start
) -> None:
    with Relay(mosquitto.port) as relay, Ears(settings_for(mosquitto.port)) as ears:
        running = run_uplink(settings_for(relay.port, part_kb=64, backoff_max_s=0.2))
        wait_for(lambda: running.uplink.connected, "connection")
        raised(tmp_path, outbox)
        for _ in range(3):
            relay.cut()
            wait_for(lambda: running.uplink.connected, "connection")
        wait_for(lambda: len(ears.of(ReceivedEvidence)) >= 2, "both files", 20)
    found = {one.name: one for one in ears.of(ReceivedEvidence) if isinstance(one, ReceivedEvidence)}
    assert found["clip.mp4"].content == CLIP
    assert found["clip.mp4"].verified
    assert found["open.jpg"].verified
    assert {one.incident for one in found.values()} == {INCIDENT}


def test_what_has_left_is_not_sent_again(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with Outbox(path) as outbox:
        raised(tmp_path, outbox)
        for _ in range(8):  # the event, its state and six parts
            outbox.done(outbox.next_entries(1))
    with Outbox(path) as outbox:
        (following,) = outbox.next_entries(1)
        assert following.topic.endswith("clip.mp4/part/6")
