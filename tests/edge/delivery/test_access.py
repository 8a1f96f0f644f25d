"""The broker's list of who may say and hear what, as `examples/mosquitto` has it, against a real mosquitto."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.config.broker import BrokerSettings
from edge.delivery.contract import CoverageReport, utc
from edge.delivery.dispatch import Dispatch
from edge.delivery.outbox import Outbox
from edge.delivery.topics import Topics
from edge.delivery.uplink import Uplink
from tests.conftest import ROOT
from tests.edge.delivery.builders import make_event, make_evidence
from tests.edge.delivery.conftest import settings_for, wait_for
from tests.edge.delivery.mosquitto import Mosquitto, find

TOPICS = Topics("plant-1", "edge-1")
AGENT, PLATFORM, SCREEN, NEIGHBOUR = "plant-1-edge-1", "platform", "screen", "plant-1-edge-2"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    words = tmp_path / "passwords"
    words.touch(mode=0o600)
    for user in (AGENT, PLATFORM, SCREEN, NEIGHBOUR):
        subprocess.run(
            [find("mosquitto_passwd"), "-b", str(words), user, f"of-{user}"], check=True, capture_output=True
        )
    shared = tmp_path / "lookout.acl"
    listed = (ROOT / "examples" / "mosquitto" / "lookout.acl").read_text()
    block = listed[listed.index(f"user {AGENT}") : listed.index("# The platform")]
    shared.write_text(listed + "\n" + block.replace("edge-1", "edge-2"))  # the neighbour has a block of its own
    shared.chmod(0o600)
    lines = (f"password_file {words}", f"acl_file {shared}")
    with Mosquitto(tmp_path / "mosquitto", *lines, anonymous=False) as broker:
        yield broker


class Client:
    """Somebody with a user name: what it hears, and whether it is let say something."""

    def __init__(self, port: int, user: str, topic: str = "lookout/v1/#") -> None:
        self.heard: dict[str, bytes] = {}
        self._there = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.username_pw_set(user, f"of-{user}")
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.on_subscribe = lambda *_: self._there.set()
        self._client.on_message = lambda _, __, message: self.heard.update({message.topic: bytes(message.payload)})
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._there.wait(5)

    def say(self, topic: str, payload: bytes = b"{}", retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def client(broker: Mosquitto) -> Iterator[Callable[..., Client]]:
    made: list[Client] = []

    def make(user: str, topic: str = "lookout/v1/#") -> Client:
        made.append(Client(broker.port, user, topic))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_an_agent_and_its_platform_can_do_all_that_they_have_to(
    broker: Mosquitto, client: Callable[..., Client], outbox: Outbox, tmp_path: Path
) -> None:
    platform, screen = client(PLATFORM), client(SCREEN)
    commands: list[str] = []
    answers: list[str] = []
    ears = {
        TOPICS.ack: lambda topic, _: answers.append(topic),
        f"{TOPICS.base}/cmd/+/+": lambda topic, _: commands.append(topic),
    }
    settings: BrokerSettings = settings_for(broker.port, username=AGENT, password=f"of-{AGENT}", part_kb=16)
    uplink = Uplink(settings, outbox, TOPICS, ears=ears)
    stop = threading.Event()
    thread = threading.Thread(target=uplink.run, args=(stop, lambda: None))
    thread.start()
    try:
        picture = make_evidence(tmp_path, content=b"\xff\xd8" + bytes(40_000))
        Dispatch(outbox, TOPICS, part_bytes=16 * 1024).send(make_event(), evidence=[picture])
        uplink.publish_coverage(CoverageReport(time=utc(time.time()), views=()))
        wait_for(lambda: outbox.count() == 0 and uplink.connected, "delivery")
        platform.say(TOPICS.ack)
        platform.say(TOPICS.command("mute", "1"), retain=True)
        wait_for(lambda: answers and commands, "what the platform says")
        for heard in (platform.heard, screen.heard):
            wait_for(lambda heard=heard: TOPICS.coverage in heard, "coverage")
            kinds = {topic.removeprefix(f"{TOPICS.base}/").split("/")[0] for topic in heard}
            assert {"event", "active", "status", "evidence", "coverage"} <= kinds
        assert uplink.last_error is None
    finally:
        stop.set()
        thread.join()
    wait_for(lambda: json.loads(platform.heard[TOPICS.status])["status"] == "offline", "the farewell")


@pytest.mark.parametrize("user", [NEIGHBOUR, SCREEN])
@pytest.mark.parametrize(
    "topic",
    [
        TOPICS.event,
        TOPICS.status,
        TOPICS.active("i"),
        TOPICS.command("mute", "1"),
        TOPICS.ack,
    ],
)
def test_nobody_else_is_believed(broker: Mosquitto, client: Callable[..., Client], user: str, topic: str) -> None:
    platform, other = client(PLATFORM), client(user)
    other.say(topic, b"a lie")
    platform.say(TOPICS.ack, b"the truth")  # so that there is something to wait for
    wait_for(lambda: TOPICS.ack in platform.heard, "what comes after it")
    time.sleep(0.1)
    assert b"a lie" not in platform.heard.values()


def test_a_neighbour_hears_nothing_and_the_platform_can_not_play_an_agent(
    broker: Mosquitto, client: Callable[..., Client]
) -> None:
    platform, neighbour, screen = client(PLATFORM), client(NEIGHBOUR), client(SCREEN)
    platform.say(TOPICS.command("mute", "1"))
    wait_for(lambda: TOPICS.command("mute", "1") in screen.heard, "that it is said")
    platform.say(TOPICS.event, b"a lie")
    time.sleep(0.2)
    assert TOPICS.event not in screen.heard
    assert neighbour.heard == {}


def test_without_a_password_nobody_is_let_in(broker: Mosquitto, outbox: Outbox) -> None:
    uplink = Uplink(settings_for(broker.port), outbox, TOPICS)
    stop = threading.Event()
    thread = threading.Thread(target=uplink.run, args=(stop, lambda: None))
    thread.start()
    wait_for(lambda: uplink.last_error is not None, "the refusal")
    stop.set()
    thread.join()
    assert not uplink.session or not uplink.connected
    assert "not authori" in str(uplink.last_error).lower() or "refuse" in str(uplink.last_error).lower()
