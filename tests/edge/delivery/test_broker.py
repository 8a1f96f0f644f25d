"""The embedded broker: the whole way of an event and its picture, without any other program."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from calibration.errors import DeliveryError
from edge.config.broker import BrokerSettings
from edge.delivery.broker import EmbeddedBroker
from edge.delivery.dispatch import Dispatch
from edge.delivery.outbox import Outbox
from edge.delivery.subscriber import ReceivedEvent, ReceivedEvidence, ReceivedStatus
from tests.edge.delivery.builders import PLACE, TOPICS, make_event, make_evidence
from tests.edge.delivery.conftest import Ears, Running, settings_for, wait_for

Start = Callable[[BrokerSettings], Running]


def test_an_event_and_its_picture_go_round(
    outbox: Outbox, run_uplink: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    picture = make_evidence(tmp_path, content=b"\xff\xd8picture" * 50_000)
    with caplog.at_level(logging.WARNING), EmbeddedBroker() as broker, Ears(broker.settings) as ears:
        running = run_uplink(broker.settings)
        Dispatch(outbox, TOPICS, lang="zh").send(make_event(), place=PLACE, evidence=[picture])
        wait_for(lambda: ears.of(ReceivedEvidence), "the picture")
        running.stop()
        wait_for(lambda: len(ears.of(ReceivedStatus)) == 2, "the goodbye")
    (event,) = ears.of(ReceivedEvent)
    (evidence,) = ears.of(ReceivedEvidence)
    assert isinstance(event, ReceivedEvent)
    assert isinstance(evidence, ReceivedEvidence)
    assert event.event.data.place == PLACE
    assert evidence.verified
    assert evidence.content == picture.path.read_bytes()
    assert ears.heard.index(event) < ears.heard.index(evidence)
    assert caplog.text == ""


def test_auto_asks_amqtt_in_words_that_it_understands(outbox: Outbox, run_uplink: Start) -> None:
    """amqtt stays silent at a full CONNECT of version 5 and refuses a bare one; decision 0008."""
    with EmbeddedBroker() as broker:
        running = run_uplink(settings_for(broker.port, connect_timeout_s=0.5))
        wait_for(lambda: running.uplink.connected, "the fallback", 5)
        assert running.uplink.protocol == "3.1.1"
        running.stop()


def test_it_listens_on_loopback_only_and_leaves_quickly() -> None:
    with EmbeddedBroker() as broker:
        with socket.create_connection((broker.host, broker.port), 1) as connection:
            assert connection.getpeername()[0] == "127.0.0.1"
        began = time.monotonic()
    assert time.monotonic() - began < 1.0
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((broker.host, broker.port), 1)


def test_it_leaves_quickly_with_clients_connected() -> None:
    broker = EmbeddedBroker()
    with broker, Ears(broker.settings):
        began = time.monotonic()
        broker.stop()
        assert time.monotonic() - began < 2.0


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DeliveryError, match=f"can not listen on 127.0.0.1:{port}"):
            EmbeddedBroker(port).start()


def test_it_can_be_started_again() -> None:
    broker = EmbeddedBroker()
    for _ in range(2):
        with broker, Ears(broker.settings):
            pass
