from __future__ import annotations

import time
from typing import Any

import pytest

from edge.checkup import check_broker
from edge.config import Site
from edge.delivery.broker import EmbeddedBroker
from tests.edge.checkup.conftest import PASSWORD, USER
from tests.edge.config.builders import site
from tests.edge.delivery.mosquitto import Mosquitto


def at(port: int, **parts: Any) -> Site:
    broker = {"host": "127.0.0.1", "port": port, "connect_timeout_s": 0.5, **parts}
    return Site.model_validate(site(broker=broker))


@pytest.mark.parametrize(("asked", "spoken"), [("auto", "5"), ("5", "5"), ("3.1.1", "3.1.1")])
def test_the_version_spoken_is_reported(asked: str, spoken: str, locked_broker: Mosquitto) -> None:
    result = check_broker(at(locked_broker.port, username=USER, password=PASSWORD, protocol=asked), 10)
    assert (result.ok, result.text) == (True, f"MQTT {spoken}, no TLS, as user {USER}")
    assert "lookout-plant-agent-check" in locked_broker.log()  # a running agent's connection is not taken over


def test_a_broker_without_version_5_is_spoken_to_in_3_1_1() -> None:
    with EmbeddedBroker() as broker:
        result = check_broker(at(broker.port, protocol="auto"), 20)
    assert result.ok, result.text
    assert result.text == "MQTT 3.1.1, no TLS, without a user"


@pytest.mark.parametrize("parts", [{"username": USER, "password": "wrong"}, {}])
def test_a_refusal_is_told(parts: dict[str, str], locked_broker: Mosquitto) -> None:
    result = check_broker(at(locked_broker.port, **parts), 10)
    assert not result.ok
    assert "refused the connection: Not authorized" in result.text
    assert "wrong" not in result.text


def test_nobody_listens(closed_port: int) -> None:
    result = check_broker(at(closed_port), 10)
    assert (result.ok, result.name) == (False, f"127.0.0.1:{closed_port}")
    assert "can not be reached" in result.text


def test_a_silent_server_is_left_in_time(silent_port: int) -> None:
    began = time.monotonic()
    result = check_broker(at(silent_port, connect_timeout_s=60), 1)
    assert time.monotonic() - began < 4
    assert not result.ok
