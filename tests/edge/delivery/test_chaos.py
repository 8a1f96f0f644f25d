"""Random SIGKILLs under load: nothing is lost, the sequences are whole, repeats are the same to the byte.

`make chaos` is the long form, with a thousand; `make chaos KILLS=20` is what `make test` includes. The truth is this
test's own schedule of what it raised, never the agent's outbox. The platform confirms each event with some delay and
forgets some of its answers; the broker is stopped at random as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.delivery.outbox import Outbox
from edge.delivery.reading import read_waiting
from tests.edge.delivery.builders import TOPICS
from tests.edge.delivery.conftest import wait_for
from tests.edge.delivery.listener import retained
from tests.edge.delivery.mosquitto import Mosquitto
from tests.edge.delivery.test_never_lost import Agent, key

KILLS = int(os.environ.get("CHAOS_KILLS", "20"))
SEED = int(os.environ.get("CHAOS_SEED", "7"))
WINDOW, FORGOTTEN = 20, 0.05


class Platform:
    """Keeps every payload that arrives, answers late, and sometimes not at all."""

    def __init__(self, port: int, chance: random.Random) -> None:
        self.payloads: dict[str, list[bytes]] = defaultdict(list)
        self.connects = 0
        self._chance = chance
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="platform", clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._connected
        self._client.on_message = self._heard
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: mqtt.Client, *_: object) -> None:
        self.connects += 1
        client.subscribe(TOPICS.event, qos=1)

    def _heard(self, _: mqtt.Client, __: object, message: mqtt.MQTTMessage) -> None:
        event = json.loads(message.payload)
        self.payloads[event["id"]].append(bytes(message.payload))
        if self._chance.random() > FORGOTTEN:
            answer = json.dumps({"id": event["id"], "result": 0})
            threading.Timer(self._chance.random() * 0.05, self._client.publish, (TOPICS.ack, answer, 1)).start()


class Schedule:
    """What is raised: many incidents at a time, each with a life of six events."""

    def __init__(self, chance: random.Random) -> None:
        self.raised: list[str] = []
        self._chance = chance
        self._open: dict[str, int] = {}
        self._count = 0

    def next(self) -> dict[str, Any]:
        if not self._open or (len(self._open) < 12 and self._chance.random() < 0.3):
            self._count += 1
            self._open[f"incident-{self._count:05}"] = 0
        incident = self._chance.choice(list(self._open))
        self._open[incident] += 1
        sequence = self._open[incident]
        if sequence == 6:
            del self._open[incident]
        said = {
            "incident": incident, "sequence": sequence, "severity": self._chance.randint(1, 4), "last": sequence == 6,
        }  # fmt: skip
        self.raised.append(key(said))
        return said

    def ending(self) -> list[dict[str, Any]]:
        """What is still to be raised so that each life has an end."""
        left = []
        while self._open:
            self._chance = random.Random(len(left))
            incident = next(iter(self._open))
            self._open[incident] += 1
            sequence = self._open[incident]
            left.append({"incident": incident, "sequence": sequence, "severity": 2, "last": sequence == 6})
            self.raised.append(key(left[-1]))
            if sequence == 6:
                del self._open[incident]
        return left


@pytest.mark.slow
@pytest.mark.timeout(60 + KILLS * 6)
def test_random_kills(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    schedule, outbox = Schedule(chance), tmp_path / "outbox.db"
    broker = Mosquitto(tmp_path / "mosquitto")
    broker.start()
    platform = Platform(broker.port, random.Random(SEED + 1))
    agent, starts, away_until = Agent(outbox, broker.port, "1"), 1, None
    for kill in range(KILLS):
        for _ in range(chance.randint(3, 25)):
            said = schedule.next()
            agent.say(said)
            assert agent.confirmed().split() == ["stored", said["incident"], str(said["sequence"])]
        if away_until is not None and kill >= away_until:
            broker.start()
            away_until = None
        elif away_until is None and chance.random() < 0.1:
            broker.stop()
            away_until = kill + chance.randint(1, 3)
        said = schedule.next()
        agent.say(said)
        time.sleep(chance.random() * 0.03)  # before, while and after it is stored, sent and answered
        confirmed = agent.kill()
        agent, starts = Agent(outbox, broker.port, "1"), starts + 1
        if not confirmed:  # the pipelines would find the hazard again, and raise it under the same id
            agent.say(said)
            assert agent.confirmed()
    if away_until is not None:
        broker.start()
    for said in schedule.ending():
        agent.say(said)
        assert agent.confirmed()
    wait_for(lambda: len(platform.payloads) >= len(set(schedule.raised)), "the last event", 60)
    wait_for(lambda: read_waiting(outbox) == [], "an empty outbox", 60)
    agent.kill()
    still_active = retained(broker.port, f"{TOPICS.base}/active/#")
    platform.close()
    broker.stop()
    judge(schedule, platform, starts, still_active, outbox)


def judge(schedule: Schedule, platform: Platform, starts: int, still_active: dict[str, bytes], outbox: Path) -> None:
    heard = platform.payloads
    assert set(heard) == set(schedule.raised)  # nothing is lost, and nothing was never raised
    assert all(len(set(payloads)) == 1 for payloads in heard.values())  # byte for byte
    assert still_active == {}
    repeats = sum(len(payloads) - 1 for payloads in heard.values())
    forgotten = FORGOTTEN * 3 * len(heard)  # what the platform did not answer is sent again, on purpose
    assert repeats <= WINDOW * (starts + platform.connects) + forgotten
    whole = sorted((json.loads(payloads[0])["data"] for payloads in heard.values()), key=lambda data: data["number"])
    numbers = [data["number"] for data in whole]
    assert numbers == list(range(1, len(numbers) + 1))
    digests = {json.loads(payloads[0])["data"]["number"]: payloads[0] for payloads in heard.values()}
    for data in whole[1:]:  # the chain holds over every kill
        before = data["previous"]
        assert before["sha256"] == hashlib.sha256(digests[before["number"]]).hexdigest()
    with Outbox(outbox) as opened:
        assert opened.numbers().highest == len(numbers)
    print(f"\n{len(numbers)} events, {starts - 1} kills, {repeats} repeats: nothing lost, the chain is whole")
