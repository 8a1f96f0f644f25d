"""Big evidence in parts: put together byte for byte, and what has left is not sent again after a break."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.config.broker import BrokerSettings
from edge.delivery.assembly import Assembly
from edge.delivery.contract import CloudEvent
from edge.delivery.dispatch import Dispatch
from edge.delivery.entries import Kind, read_part
from edge.delivery.outbox import Outbox
from edge.delivery.subscriber import Received, ReceivedEvidence, Unreadable
from tests.edge.delivery.builders import INCIDENT, TOPICS, make_event, make_evidence
from tests.edge.delivery.conftest import Ears, Running, settings_for, wait_for
from tests.edge.delivery.listener import Listener
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
    assert [part.topic for part in parts] == [f"{clip.topic}/part/{number * PART}" for number in range(16)]
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
        assert following.topic.endswith(f"clip.mp4/part/{6 * PART}")


def test_a_file_above_the_brokers_limit_is_cut_by_itself(tmp_path: Path, outbox: Outbox, run_uplink: Start) -> None:
    Dispatch(outbox, TOPICS).send(make_event(), evidence=[make_evidence(tmp_path, "clip.mp4", CLIP)])
    with Mosquitto(tmp_path / "narrow", "max_packet_size 100000") as broker, Ears(settings_for(broker.port)) as ears:
        running = run_uplink(settings_for(broker.port))
        wait_for(lambda: ears.of(ReceivedEvidence), "the clip", 20)
        running.stop()
    (clip,) = (one for one in ears.of(ReceivedEvidence) if isinstance(one, ReceivedEvidence))
    assert clip.content == CLIP
    assert outbox.count() == 0


def test_parts_above_the_brokers_limit_are_cut_once_more(tmp_path: Path, outbox: Outbox, run_uplink: Start) -> None:
    """Some parts have arrived when the broker begins to take less."""
    with Mosquitto(tmp_path / "wide") as broker, Ears(settings_for(broker.port)) as ears:
        Dispatch(outbox, TOPICS, part_bytes=300_000).send(
            make_event(), evidence=[make_evidence(tmp_path, "clip.mp4", CLIP)]
        )
        parts = [entry for entry in outbox.waiting() if entry.kind is Kind.EVIDENCE]
        outbox.cut(parts[1], 100_000)
        outbox.cut(parts[1], 100_000)  # it has gone
        running = run_uplink(settings_for(broker.port))
        wait_for(lambda: ears.of(ReceivedEvidence), "the clip", 20)
        running.stop()
    (clip,) = (one for one in ears.of(ReceivedEvidence) if isinstance(one, ReceivedEvidence))
    assert clip.content == CLIP


def test_a_broker_that_takes_next_to_nothing_is_named(tmp_path: Path, outbox: Outbox, run_uplink: Start) -> None:
    Dispatch(outbox, TOPICS).send(make_event(), evidence=[make_evidence(tmp_path, "clip.mp4", CLIP)])
    with Mosquitto(tmp_path / "tiny", "max_packet_size 3900") as broker:
        running = run_uplink(settings_for(broker.port))
        wait_for(lambda: "takes no more than 3,900 bytes" in str(running.uplink.last_error), "its limit")
        running.stop()


def published(broker: Mosquitto, messages: list[tuple[str, bytes]]) -> list[Received]:
    """What a platform makes of these messages."""
    with Ears(settings_for(broker.port)) as ears, Listener(broker.port, "nothing") as sender:
        for topic, payload in messages:
            sender._client.publish(topic, payload, qos=1).wait_for_publish(5)
        wait_for(lambda: ears.of(ReceivedEvidence), "the file")
        time.sleep(0.3)
    return ears.heard


@pytest.mark.parametrize("order", ["shuffled", "parts first", "stray parts", "cut anew"])
def test_parts_fit_together_however_they_come(tmp_path: Path, mosquitto: Mosquitto, outbox: Outbox, order: str) -> None:
    raised(tmp_path, outbox)
    event, *evidence = [entry for entry in outbox.waiting() if entry.kind is not Kind.STATE]
    announcement = (event.topic, event.payload or b"")
    parts = [(part.topic, read_part(part)) for part in evidence[:-1]]
    base = evidence[0].topic.rsplit("/", 1)[0]
    random.Random(1).shuffle(parts)
    strays = [(f"{base}/{name}", b"x") for name in ("-1", "abc", "", "9" * 40, "²")]
    narrower = [(f"{base}/{first}", CLIP[first : first + 50_000]) for first in range(0, len(CLIP), 50_000)]
    messages = {
        "shuffled": [announcement, *parts, *parts[:5]],
        "parts first": [*parts, announcement],
        "stray parts": [announcement, *strays, *parts],
        "cut anew": [announcement, *parts[:7], *narrower],
    }[order]
    heard = published(mosquitto, messages)
    files = [one for one in heard if isinstance(one, ReceivedEvidence)]
    assert [(one.content, one.verified) for one in files] == [(CLIP, True)]
    assert len([one for one in heard if isinstance(one, Unreadable)]) == (4 if order == "stray parts" else 0)


def test_unfinished_files_do_not_fill_the_memory() -> None:
    assembly = Assembly(most_bytes=1000)
    for number in range(20):
        assembly.add(f"file {number}", 0, bytes(300))
    assert assembly.take("file 0", 300) is None
    assert assembly.take("file 19", 300) == bytes(300)


def test_a_part_that_is_not_what_its_digest_says_is_told_and_left_out(
    tmp_path: Path, mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start
) -> None:
    raised(tmp_path, outbox)
    clip = next(entry for entry in outbox.waiting() if entry.first == 0)
    with Ears(settings_for(mosquitto.port, protocol="5")) as ears:
        liar = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        liar.connect("127.0.0.1", mosquitto.port)
        liar.loop_start()
        false = Properties(PacketTypes.PUBLISH)
        false.UserProperty = [("sha256", "0" * 64)]
        liar.publish(clip.topic, CLIP[: 2 * PART], qos=1, properties=false)  # longer: it would win
        wait_for(lambda: ears.of(Unreadable), "that it is told")
        run_uplink(settings_for(mosquitto.port, protocol="5", part_kb=64))
        wait_for(lambda: len(ears.of(ReceivedEvidence)) >= 2, "both files", 20)
        liar.disconnect()
        liar.loop_stop()
    assert all(one.verified for one in ears.of(ReceivedEvidence) if isinstance(one, ReceivedEvidence))
    assert [one.reason for one in ears.of(Unreadable)] == ["the part is not what its digest says"]
