"""Several brokers in order, a will that waits, and nobody who listens: real brokers all."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.config.broker import BrokerSettings
from edge.delivery import brokers
from edge.delivery.broker import EmbeddedBroker
from edge.delivery.outbox import Outbox
from edge.delivery.uplink import Uplink
from tests.edge.delivery.builders import TOPICS, put
from tests.edge.delivery.conftest import Running, settings_for, wait_for
from tests.edge.delivery.listener import Listener, retained
from tests.edge.delivery.mosquitto import Mosquitto, free_port
from tests.edge.delivery.network import Relay, hang_up, say_nothing, server

Start = Callable[[BrokerSettings], Running]


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "second") as broker:
        yield broker


def settings(first: int, *others: int, **more: object) -> BrokerSettings:
    return settings_for(first, fallbacks=[{"host": "127.0.0.1", "port": port} for port in others], **more)


def test_the_next_broker_is_tried_at_once(second: Mosquitto, outbox: Outbox, run_uplink: Start) -> None:
    put(outbox, "a")
    with Listener(second.port, "event") as listener:
        began = time.monotonic()
        running = run_uplink(settings(free_port(), free_port(), second.port, backoff_max_s=30))
        wait_for(lambda: listener.heard, "the event", 10)
        assert time.monotonic() - began < 3
    assert running.uplink.broker == f"127.0.0.1:{second.port}"


def test_the_first_is_taken_back_and_nothing_is_lost(
    tmp_path: Path, mosquitto: Mosquitto, second: Mosquitto, outbox: Outbox, run_uplink: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(brokers, "RETURN_S", 0.3)
    mosquitto.stop()
    running = run_uplink(settings(mosquitto.port, second.port))
    raised = []
    with Listener(second.port, "event") as on_second:
        for number in range(30):
            put(outbox, f"i{number:02}")
            raised.append(f"i{number:02}/1")
        wait_for(lambda: len(on_second.heard) == 30, "the first thirty")
        mosquitto.start()
        with Listener(mosquitto.port, "event") as on_first:
            wait_for(
                lambda: running.uplink.broker.endswith(str(mosquitto.port)) and running.uplink.connected, "it back"
            )
            for number in range(30, 60):
                put(outbox, f"i{number:02}")
                raised.append(f"i{number:02}/1")
            wait_for(lambda: outbox.count() == 0, "an empty outbox")
            heard = [message.payload.decode().split(" ")[0] for message in [*on_second.heard, *on_first.heard]]
    assert sorted(set(heard)) == sorted(raised)
    assert len(heard) - len(raised) <= 20  # the window, once


def test_a_fallback_takes_over_what_it_does_not_say() -> None:
    first = BrokerSettings.model_validate(
        {"host": "a", "username": "u", "password": "p", "tls": {}, "fallbacks": [{"host": "b", "username": "v"}]}
    )
    other = first.instead(first.fallbacks[0])
    assert (other.host, other.username, other.effective_port, other.fallbacks) == ("b", "v", 8883, ())
    assert other.password is not None
    assert other.password.get_secret_value() == "p"


def test_nobody_is_listening_is_known_and_ends(mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start) -> None:
    running = run_uplink(settings_for(mosquitto.port))
    put(outbox, "a")
    wait_for(lambda: running.uplink.unheard, "the broker's word")
    with Listener(mosquitto.port, "event"):
        put(outbox, "b")
        wait_for(lambda: not running.uplink.unheard, "a listener")


def test_a_short_break_is_not_told_as_offline(mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start) -> None:
    with Relay(mosquitto.port) as relay, Listener(mosquitto.port, TOPICS.status) as listener:
        running = run_uplink(settings_for(relay.port, will_delay_s=2))
        wait_for(lambda: listener.heard, "its birth")
        relay.cut()
        wait_for(lambda: running.uplink.session and len(listener.heard) >= 2, "its second birth")
        time.sleep(3)
    assert {json.loads(heard.payload)["status"] for heard in listener.heard} == {"online"}


def test_a_long_break_is(mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start) -> None:
    with Relay(mosquitto.port) as relay:
        running = run_uplink(settings_for(relay.port, will_delay_s=1))
        wait_for(lambda: TOPICS.status in retained(mosquitto.port, TOPICS.status), "its birth")
        relay.freeze()
        running.stop()
    wait_for(lambda: b'"lost"' in retained(mosquitto.port, TOPICS.status)[TOPICS.status], "the will", 10)


def test_what_the_platform_says_meanwhile_is_heard_after_a_break(
    mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start
) -> None:
    heard: list[bytes] = []
    topic = f"{TOPICS.base}/ack"

    def start() -> tuple[threading.Event, threading.Thread]:
        uplink = Uplink(settings_for(mosquitto.port), outbox, TOPICS, ears={topic: lambda _, said: heard.append(said)})
        stop = threading.Event()
        thread = threading.Thread(target=uplink.run, args=(stop, lambda: None))
        thread.start()
        wait_for(lambda: uplink.connected, "connection")
        time.sleep(0.3)
        return stop, thread

    stop, thread = start()
    stop.set()
    thread.join()
    with Listener(mosquitto.port, "nothing") as platform:
        platform._client.publish(topic, b"while you were away", qos=1).wait_for_publish(5)
    stop, thread = start()
    wait_for(lambda: heard == [b"while you were away"], "the answer")
    stop.set()
    thread.join()


def refuse(connection: socket.socket) -> None:
    """A broker that is up and lets nobody in: "not authorised"."""
    connection.recv(4096)
    connection.sendall(bytes([0x20, 3, 0, 0x87, 0]))
    connection.close()


@pytest.mark.parametrize("first", [say_nothing, hang_up, refuse], ids=["hangs", "hangs up", "refuses"])
def test_a_first_broker_that_is_up_but_lets_nobody_in_does_not_draw_the_agent_away(
    second: Mosquitto, outbox: Outbox, run_uplink: Start, monkeypatch: pytest.MonkeyPatch,
    first: Callable[[socket.socket], None],
) -> None:  # fmt: skip
    monkeypatch.setattr(brokers, "RETURN_S", 0.2)
    with server(first) as port:
        running = run_uplink(settings(port, second.port, connect_timeout_s=0.5))
        wait_for(lambda: running.uplink.connected, "the second")
        session = running.uplink.session
        time.sleep(3)  # it is looked for several times
        assert (running.uplink.connected, running.uplink.session) == (True, session)
        running.stop()


def test_one_cut_line_is_no_broken_broker(
    mosquitto: Mosquitto, second: Mosquitto, outbox: Outbox, run_uplink: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brokers, "STEADY_S", 0.3)
    with Relay(mosquitto.port) as relay:
        running = run_uplink(settings(relay.port, second.port))
        wait_for(lambda: running.uplink.connected, "the first")
        time.sleep(0.5)
        session = running.uplink.session
        relay.cut()
        wait_for(lambda: running.uplink.connected and running.uplink.session > session, "it again")
        assert running.uplink.broker.endswith(str(relay.port))


def test_a_line_that_breaks_at_once_each_time_is_left(
    mosquitto: Mosquitto, second: Mosquitto, outbox: Outbox, run_uplink: Start
) -> None:
    with Relay(mosquitto.port) as relay:
        running = run_uplink(settings(relay.port, second.port))
        wait_for(lambda: running.uplink.connected, "the first")
        relay.cut()  # before it has served for long
        wait_for(lambda: running.uplink.connected and running.uplink.broker.endswith(str(second.port)), "the second")


def test_a_fallback_that_speaks_3_1_1_does_not_hold_the_first_to_it(
    tmp_path: Path, mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brokers, "RETURN_S", 0.3)
    mosquitto.stop()
    with EmbeddedBroker() as old:
        running = run_uplink(settings(mosquitto.port, old.port))
        wait_for(lambda: running.uplink.connected and running.uplink.protocol == "3.1.1", "the fallback", 20)
        mosquitto.start()
        wait_for(lambda: running.uplink.connected and running.uplink.broker.endswith(str(mosquitto.port)), "the first")
        assert running.uplink.protocol == "5"
        running.stop()
