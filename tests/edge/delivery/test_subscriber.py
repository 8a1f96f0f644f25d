from __future__ import annotations

from pathlib import Path

import pytest

from calibration.errors import BrokerRefused, DeliveryError, EvidenceError
from edge.delivery.compose import cloud_event
from edge.delivery.contract import utc
from edge.delivery.display import line
from edge.delivery.shelf import Slot
from edge.delivery.subscriber import ReceivedEvent, ReceivedEvidence, ReceivedStatus, Subscriber, Unreadable
from tests.edge.delivery.builders import INCIDENT, PLACE, TOPICS, make_event, make_evidence
from tests.edge.delivery.conftest import Ears, settings_for, wait_for
from tests.edge.delivery.listener import Listener
from tests.edge.delivery.mosquitto import Mosquitto, free_port

GOLDEN = Path(__file__).parent / "golden"


def publish(port: int, messages: list[tuple[str, bytes]], retain: bool = False) -> None:
    """As a plain MQTT client would."""
    with Listener(port) as client:
        for topic, payload in messages:
            client._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(5)


def test_a_picture_is_compared_with_its_announcement(mosquitto: Mosquitto, tmp_path: Path) -> None:
    files = [make_evidence(tmp_path, name, content=name.encode()) for name in ("right.jpg", "wrong.jpg")]
    event = cloud_event(make_event(), topics=TOPICS, slot=Slot(1), sent_at=utc(0), lang="en", evidence=files)
    topic = {name: TOPICS.evidence(INCIDENT, name) for name in ("right.jpg", "wrong.jpg", "unknown.jpg")}
    with Ears(settings_for(mosquitto.port)) as ears:
        publish(
            mosquitto.port,
            [
                (TOPICS.event, event.to_bytes()),
                (topic["right.jpg"], b"right.jpg"),
                (topic["wrong.jpg"], b"something else"),
                (topic["unknown.jpg"], b"nobody spoke of it"),
            ],
        )
        wait_for(lambda: len(ears.heard) == 4, "four messages")
    found = [evidence for evidence in ears.of(ReceivedEvidence) if isinstance(evidence, ReceivedEvidence)]
    assert [(evidence.name, evidence.verified) for evidence in found] == [
        ("right.jpg", True), ("wrong.jpg", False), ("unknown.jpg", None),
    ]  # fmt: skip
    assert found[0].save(tmp_path / "saved") == tmp_path / "saved" / INCIDENT / "right.jpg"
    assert (tmp_path / "saved" / INCIDENT / "right.jpg").read_bytes() == b"right.jpg"


def test_a_repeated_event_is_marked(mosquitto: Mosquitto) -> None:
    payload = (GOLDEN / "event-open.json").read_bytes()
    with Ears(settings_for(mosquitto.port)) as ears:
        publish(mosquitto.port, [(TOPICS.event, payload)] * 2)
        wait_for(lambda: len(ears.heard) == 2, "both")
    assert [event.repeated for event in ears.of(ReceivedEvent) if isinstance(event, ReceivedEvent)] == [False, True]


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"not json", "Invalid JSON"),
        (b"{}", "id: Field required"),
        ((GOLDEN / "event-open.json").read_bytes().replace(b'"severity":4', b'"severity":9'), "data.severity"),
    ],
)
def test_what_breaks_the_contract_is_said_and_survived(mosquitto: Mosquitto, payload: bytes, said: str) -> None:
    with Ears(settings_for(mosquitto.port)) as ears:
        publish(mosquitto.port, [(TOPICS.event, payload), (TOPICS.event, (GOLDEN / "event-open.json").read_bytes())])
        wait_for(lambda: len(ears.heard) == 2, "both")
    unreadable, event = ears.heard
    assert isinstance(unreadable, Unreadable)
    assert said in unreadable.reason
    assert isinstance(event, ReceivedEvent)


def test_the_retained_status_comes_first(mosquitto: Mosquitto) -> None:
    publish(mosquitto.port, [(TOPICS.status, (GOLDEN / "status-lost.json").read_bytes())], retain=True)
    with Ears(settings_for(mosquitto.port)) as ears:
        wait_for(lambda: ears.heard, "the status")
    (status,) = ears.heard
    assert isinstance(status, ReceivedStatus)
    assert (status.agent, status.status.status, status.retained) == ("plant-1/edge-1", "offline", True)


@pytest.mark.parametrize(
    ("incident", "name"),
    [("..", "a.jpg"), (INCIDENT, ".."), (INCIDENT, "a\\b.jpg"), (INCIDENT, ""), ("", "a.jpg"), (INCIDENT, "a\0b")],
)
def test_no_name_from_the_network_leaves_the_folder(tmp_path: Path, incident: str, name: str) -> None:
    evidence = ReceivedEvidence("topic", incident, name, b"", None, 0.0)
    with pytest.raises(EvidenceError, match="not a plain file name"):
        evidence.save(tmp_path)


def test_a_broker_that_is_not_there_is_named() -> None:
    port = free_port()
    with pytest.raises(DeliveryError, match=f"127.0.0.1:{port} can not be reached"):
        Subscriber(settings_for(port), print).start()


def test_a_refusal_is_named(tmp_path: Path) -> None:
    with (
        Mosquitto(tmp_path / "mosquitto", anonymous=False) as broker,
        pytest.raises(BrokerRefused, match="Not authorized"),
    ):
        Subscriber(settings_for(broker.port), print).start()


@pytest.mark.parametrize(
    ("golden", "lang", "parts"),
    [
        (
            "event-open",
            "zh",
            ["▲ open", "火焰", "gate-3, 3号仓库, floor 2", "severity 4", "confirmed in 2.5 s", "latency 80 ms"],
        ),
        ("event-cleared", "en", ["✓ cleared", "Fire"]),
        ("event-drill-observed", "en", ["gate-3 / east-exit", "[drill]", "[observed]"]),
    ],
)
def test_the_line_of_an_event(golden: str, lang: str, parts: list[str]) -> None:
    from edge.delivery.contract import CloudEvent

    event = CloudEvent.model_validate_json((GOLDEN / f"{golden}.json").read_bytes())
    text = line(ReceivedEvent(event, event.data.sent_at.timestamp() + 0.04, repeated=False), lang).plain
    assert [part for part in parts if part not in text] == []


def test_the_line_of_a_status() -> None:
    from edge.delivery.contract import Status

    status = Status.model_validate_json((GOLDEN / "status-online.json").read_bytes())
    text = line(ReceivedStatus("plant-1/edge-1", status, retained=False)).plain
    assert "plant-1/edge-1 online, 1 of 2 sources online, 2 waiting; source yard is lost" in text


def test_place_is_told_once() -> None:
    event = cloud_event(make_event(), topics=TOPICS, slot=Slot(1), sent_at=utc(0), lang="en", place=PLACE)
    assert line(ReceivedEvent(event, 0.0, repeated=True)).plain.count("3号仓库") == 1
