"""The uplink against a real mosquitto, and against sockets that behave badly."""

from __future__ import annotations

import base64
import hashlib
import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.config.broker import BrokerSettings
from edge.delivery.contract import Heartbeat, SourceStatus
from edge.delivery.dispatch import Dispatch
from edge.delivery.entries import Outgoing
from edge.delivery.outbox import Outbox
from edge.delivery.subscriber import ReceivedEvent, ReceivedEvidence, ReceivedStatus
from pipelines.events import Condition, Phase
from tests.edge.delivery.builders import TOPICS, make_event, make_evidence, put
from tests.edge.delivery.conftest import Ears, Running, settings_for, wait_for
from tests.edge.delivery.listener import Listener, retained
from tests.edge.delivery.mosquitto import Mosquitto
from tests.edge.delivery.network import (
    Relay,
    answer_in_words_of_3_1_1,
    answer_nonsense,
    hang_up,
    refuse_version_5,
    say_nothing,
    server,
)

Start = Callable[[BrokerSettings], Running]
CLEARED = {"sequence": 2, "phase": Phase.CLEARED, "condition": Condition.CLEARED}


@pytest.mark.parametrize("protocol", ["auto", "5", "3.1.1"])
def test_everything_arrives_in_order(
    protocol: str, mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start, tmp_path: Path
) -> None:
    settings = settings_for(mosquitto.port, protocol=protocol)
    picture = make_evidence(tmp_path, content=b"\xff\xd8picture" * 30_000)
    with Listener(mosquitto.port) as listener:
        Dispatch(outbox, TOPICS).send(make_event(), evidence=[picture])
        Dispatch(outbox, TOPICS).send(make_event(**CLEARED))
        uplink = run_uplink(settings).uplink
        wait_for(lambda: outbox.count() == 0, "delivery")
        wait_for(lambda: len(listener.heard) == 6, "six messages")
    base = TOPICS.base
    incident = picture.incident
    assert [message.topic.removeprefix(f"{base}/") for message in listener.heard] == [
        "status", "event", f"active/{incident}", "event", f"active/{incident}", f"evidence/{incident}/open.jpg",
    ]  # fmt: skip
    assert listener.heard[4].payload == b""
    assert listener.heard[5].payload == picture.path.read_bytes()
    assert uplink.sent == 6
    assert uplink.protocol == ("3.1.1" if protocol == "3.1.1" else "5")


def test_an_active_incident_is_retained_until_it_clears(
    mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start
) -> None:
    run_uplink(settings_for(mosquitto.port))
    Dispatch(outbox, TOPICS).send(make_event())
    wait_for(lambda: outbox.count() == 0, "delivery")
    assert list(retained(mosquitto.port, f"{TOPICS.base}/active/#")) == [TOPICS.active(make_event().incident)]
    Dispatch(outbox, TOPICS).send(make_event(**CLEARED))
    wait_for(lambda: outbox.count() == 0, "delivery")
    assert retained(mosquitto.port, f"{TOPICS.base}/active/#") == {}


def test_an_event_stored_while_connected_leaves_at_once(
    mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start
) -> None:
    running = run_uplink(settings_for(mosquitto.port))
    with Ears(settings_for(mosquitto.port)) as ears:
        wait_for(lambda: running.uplink.connected, "connection")
        Dispatch(outbox, TOPICS).send(make_event())
        wait_for(lambda: ears.of(ReceivedEvent), "the event")
    (event,) = ears.of(ReceivedEvent)
    assert isinstance(event, ReceivedEvent)
    assert event.delivery_s < 0.2  # woken by the outbox; waiting for the next turn would take 0.25 s


def test_nothing_is_removed_while_the_broker_is_away(outbox: Outbox, run_uplink: Start, tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "mosquitto")
    running = run_uplink(settings_for(broker.port))
    put(outbox, "a")
    wait_for(lambda: running.uplink.last_error, "trouble")
    assert "can not be reached" in (running.uplink.last_error or "")
    assert outbox.count() == 1
    with broker:
        wait_for(lambda: outbox.count() == 0, "delivery after the broker came")
        assert running.uplink.last_error is None


def test_birth_and_will_carry_the_same_session(mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start) -> None:
    """The will of each connection is paired with the birth of that connection, and no other."""
    with Relay(mosquitto.port) as relay, Ears(settings_for(mosquitto.port)) as ears:
        run_uplink(settings_for(relay.port, will_delay_s=0))
        wait_for(lambda: len(ears.of(ReceivedStatus)) == 1, "birth")
        relay.cut()
        wait_for(lambda: len(ears.of(ReceivedStatus)) == 3, "will and second birth")
    statuses = [received.status for received in ears.of(ReceivedStatus) if isinstance(received, ReceivedStatus)]
    first, death, second = sorted(statuses, key=lambda status: (status.session, status.status != "online"))
    assert [(status.status, status.reason) for status in (first, death, second)] == [
        ("online", None),
        ("offline", "lost"),
        ("online", None),
    ]
    assert first.session == death.session < second.session
    assert first.started == death.started == second.started


def test_the_heartbeat_is_retained(mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start) -> None:
    running = run_uplink(settings_for(mosquitto.port))
    wait_for(lambda: running.uplink.connected, "connection")
    for drops in range(5):
        running.uplink.publish_status(Heartbeat(sources=(SourceStatus(name="gate-3", state="online", drops=drops),)))
    wait_for(
        lambda: b'"drops":4' in retained(mosquitto.port, TOPICS.status).get(TOPICS.status, b""), "the last heartbeat"
    )


def test_goodbye_is_said_within_a_second(mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start) -> None:
    running = run_uplink(settings_for(mosquitto.port))
    wait_for(lambda: running.uplink.connected, "connection")
    assert running.stop() < 1.0
    assert b'"status":"offline"' in retained(mosquitto.port, TOPICS.status)[TOPICS.status]
    assert b'"reason":"stopped"' in retained(mosquitto.port, TOPICS.status)[TOPICS.status]


def test_a_hung_broker_gets_no_goodbye_and_the_will_speaks(
    mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start
) -> None:
    with Relay(mosquitto.port) as relay:
        running = run_uplink(settings_for(relay.port))
        wait_for(lambda: TOPICS.status in retained(mosquitto.port, TOPICS.status), "birth")
        relay.freeze()
        assert running.stop() < 1.5
    wait_for(lambda: b'"reason":"lost"' in retained(mosquitto.port, TOPICS.status)[TOPICS.status], "the will")


@pytest.mark.parametrize("behave", [answer_in_words_of_3_1_1, answer_nonsense])
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_nonsense_is_survived(behave: Callable[[socket.socket], None], protocol: str, run_uplink: Start) -> None:
    with server(behave) as port:
        running = run_uplink(settings_for(port, protocol=protocol))
        wait_for(lambda: running.uplink.last_error, "trouble", 5)
        wait_for(lambda: len(running.beats) > 10, "going on", 5)
        assert running.stop() < 1.0


@pytest.mark.parametrize("behave", [say_nothing, hang_up])
def test_a_broker_that_does_not_answer_is_left(behave: Callable[[socket.socket], None], run_uplink: Start) -> None:
    with server(behave) as port:
        running = run_uplink(settings_for(port, connect_timeout_s=0.5))
        wait_for(lambda: running.uplink.last_error, "trouble", 3)
        assert "nothing for 0.5 s" in str(running.uplink.last_error) or "without an answer" in str(
            running.uplink.last_error
        )
        wait_for(lambda: running.uplink.session and len(running.beats) > 10, "going on")
        # Silence is no refusal: nothing speaks for an old broker here.
        assert running.uplink.protocol == "5"
        assert running.longest_silence_s < 1.0
        assert running.stop() < 1.0


def test_a_broker_that_stops_acknowledging_is_left(mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start) -> None:
    with Relay(mosquitto.port) as relay:
        running = run_uplink(settings_for(relay.port, silence_s=0.5))
        wait_for(lambda: running.uplink.sent == 1, "birth")
        relay.freeze()
        put(outbox, "a")
        wait_for(lambda: "owes" in str(running.uplink.last_error), "leaving", 3)
        relay.thaw()
        wait_for(lambda: outbox.count() == 0, "delivery over a new connection")


@pytest.mark.parametrize(
    ("configured", "spoken", "said"),
    [
        ("auto", "3.1.1", "Not authorized"),  # version 5 refused: on with 3.1.1, whose answer is another no
        ("5", "5", "Unsupported protocol version"),  # asked for 5, so 5 it is
        ("3.1.1", "3.1.1", "Not authorized"),
    ],
)
def test_only_a_refused_version_falls_back(configured: str, spoken: str, said: str, run_uplink: Start) -> None:
    with server(refuse_version_5) as port:
        running = run_uplink(settings_for(port, protocol=configured))
        wait_for(lambda: said in str(running.uplink.last_error), said, 5)
        assert running.uplink.protocol == spoken


def test_a_wrong_password_is_named_and_no_reason_to_fall_back(
    outbox: Outbox, run_uplink: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    users = tmp_path / "users"
    # What mosquitto_passwd writes for "secret": salt and PBKDF2-SHA512.
    users.write_text(password_line("agent", "secret"))
    put(outbox, "a")
    with Mosquitto(tmp_path / "mosquitto", f"password_file {users}", anonymous=False) as broker:
        with caplog.at_level(logging.WARNING):
            wrong = run_uplink(settings_for(broker.port, username="agent", password="wrong"))
            wait_for(lambda: wrong.uplink.last_error, "a refusal", 5)
            wrong.stop()
        assert "Not authorized (reason code 135)" in str(wrong.uplink.last_error)
        assert wrong.uplink.protocol == "5"
        assert outbox.count() == 1
        assert "wrong" not in caplog.text
        right = run_uplink(settings_for(broker.port, username="agent", password="secret"))
        wait_for(lambda: outbox.count() == 0, "delivery with the right password", 5)
        assert right.uplink.last_error is None


def test_a_missing_picture_is_skipped_and_said(
    mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start, tmp_path: Path
) -> None:
    missing, there = make_evidence(tmp_path, "missing.jpg"), make_evidence(tmp_path, "there.jpg")
    missing.path.unlink()
    Dispatch(outbox, TOPICS).send(make_event(), evidence=[missing, there])
    with Ears(settings_for(mosquitto.port)) as ears:
        running = run_uplink(settings_for(mosquitto.port))
        wait_for(lambda: outbox.count() == 0, "delivery")
        wait_for(lambda: ears.of(ReceivedEvidence), "the other picture")
    assert [evidence.name for evidence in ears.of(ReceivedEvidence) if isinstance(evidence, ReceivedEvidence)] == [
        "there.jpg"
    ]
    assert "missing.jpg can not be read" in str(running.uplink.last_error)


def test_a_refused_topic_waits_and_the_others_go_on(outbox: Outbox, run_uplink: Start, tmp_path: Path) -> None:
    rights = tmp_path / "rights"
    rights.write_text("topic readwrite allowed/#\ntopic readwrite lookout/#\n")
    for topic, incident in (("forbidden/event", "a"), ("allowed/event", "b")):
        outbox.put_event(Outgoing(incident, 1, 4, topic, "application/json"), lambda slot: b"{}")
    with Mosquitto(tmp_path / "mosquitto", f"acl_file {rights}") as broker:
        running = run_uplink(settings_for(broker.port))
        wait_for(lambda: outbox.count() == 1, "delivery of the other")
        wait_for(lambda: "refused forbidden/event" in str(running.uplink.last_error), "the refusal")
    assert [entry.incident for entry in outbox.waiting()] == ["a"]


def test_a_picture_too_large_for_the_broker_does_not_stop_the_others(
    outbox: Outbox, run_uplink: Start, tmp_path: Path
) -> None:
    large = make_evidence(tmp_path, "large.mp4", content=bytes(300_000))
    small = make_evidence(tmp_path, "small.jpg")
    Dispatch(outbox, TOPICS).send(make_event(), evidence=[large, small])
    with Mosquitto(tmp_path / "mosquitto", "max_packet_size 3900") as broker:
        running = run_uplink(settings_for(broker.port))
        wait_for(lambda: outbox.count() == 1, "delivery of the small one")
        assert "the broker takes no more than 3,900 bytes" in str(running.uplink.last_error)
    assert outbox.files() == {large.path}


def test_the_window_of_the_broker_is_kept(outbox: Outbox, run_uplink: Start, tmp_path: Path) -> None:
    """Mosquitto says in its CONNACK how much it takes at once, and cuts off whoever sends more."""
    for number in range(100):
        put(outbox, f"incident-{number}")
    with Mosquitto(tmp_path / "mosquitto", "max_inflight_messages 2") as broker:
        running = run_uplink(settings_for(broker.port, window=50))
        for drops in range(20):
            running.uplink.publish_status(Heartbeat(outbox_waiting=drops))
        wait_for(lambda: outbox.count() == 0, "delivery")
        assert "eceive maximum" not in broker.log()
        assert running.uplink.last_error is None


def test_it_beats_while_a_name_is_looked_up(run_uplink: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    leave = threading.Event()

    def slow(*_: object, **__: object) -> None:
        leave.wait(10)
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "create_connection", slow)  # a resolver that takes its time
    running = run_uplink(settings_for(1883))
    wait_for(lambda: len(running.beats) > 8, "beats")
    assert running.longest_silence_s < 0.5
    assert running.stop() < 1.0
    leave.set()


def password_line(user: str, password: str) -> str:
    """A line of mosquitto's password file."""
    salt = b"twelve bytes"
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)
    return f"{user}:$7$101${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n"
