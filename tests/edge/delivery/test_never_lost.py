"""Two hundred alarms, a broker stopped and started five times, an agent killed three times: all arrive, in order.

The truth is this test's own list of what it raised. An alarm stands in it before the agent hears of it; one that
the agent had not confirmed when it was killed is raised again with the same id, as the pipelines would.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest

from edge.delivery.reading import read_waiting
from tests.edge.delivery.builders import TOPICS
from tests.edge.delivery.conftest import wait_for
from tests.edge.delivery.listener import Heard, Listener, retained
from tests.edge.delivery.mosquitto import Mosquitto

INCIDENTS, EVENTS = 20, 10
STOPS = (15, 55, 95, 130, 170)  # the broker goes before this alarm …
AWAY_FOR = 12  # … and comes back so many alarms later
KILLS = (40, 100, 176)  # the agent is killed while this alarm is being handed over; twice the broker is away then


class Agent:
    """The agent's process."""

    def __init__(self, outbox: Path, port: int, *more: str) -> None:
        command = [sys.executable, "-m", "tests.edge.delivery.agent", str(outbox), str(port), *more]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(self, raised: dict[str, object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(raised) + "\n")
        self._process.stdin.flush()

    def confirmed(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def kill(self) -> str:
        """SIGKILL; what it had confirmed and we had not read."""
        self._process.kill()
        confirmed, _ = self._process.communicate()
        assert self._process.returncode == -9
        return confirmed


def alarms() -> list[dict[str, object]]:
    """The alarms in the order in which they are raised: all incidents grow at the same time."""
    return [
        {
            "incident": f"incident-{number:02}",
            "sequence": sequence,
            "severity": 1 + (number + sequence) % 4,
            "last": sequence == EVENTS,
        }
        for sequence in range(1, EVENTS + 1)
        for number in range(INCIDENTS)
    ]


def key(raised: dict[str, object]) -> str:
    return f"{raised['incident']}/{raised['sequence']}"


def raise_all(truth: list[str], broker: Mosquitto, outbox: Path) -> None:
    agent = Agent(outbox, broker.port)
    for place, raised in enumerate(alarms()):
        if place in STOPS:
            broker.stop()
        if place - AWAY_FOR in STOPS:
            broker.start()
        truth.append(key(raised))
        agent.say(raised)
        if place in KILLS:
            time.sleep(0.002 * KILLS.index(place))  # before, while and after it is stored
            confirmed = agent.kill()
            agent = Agent(outbox, broker.port)
            if confirmed:
                continue
            agent.say(raised)
        assert agent.confirmed().split() == ["stored", raised["incident"], str(raised["sequence"])]
    wait_for(lambda: read_waiting(outbox) == [], "an empty outbox", 20)
    agent.kill()


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_nothing_is_lost(tmp_path: Path) -> None:
    truth: list[str] = []
    broker = Mosquitto(tmp_path / "mosquitto")
    with broker, Listener(broker.port, TOPICS.event, client_id="platform") as platform:
        raise_all(truth, broker, tmp_path / "outbox.sqlite")
        wait_for(lambda: len({event["id"] for event in parsed(platform.heard)}) >= len(truth), "the last event", 20)
        still_active = retained(broker.port, f"{TOPICS.base}/active/#")
    heard = parsed(platform.heard)
    assert len(truth) == 200
    assert {event["id"] for event in heard} == set(truth)
    assert_one_content_each(heard)
    assert_in_order(heard)
    # QoS 1 repeats what was under way when a connection broke, and nothing else.
    assert len(heard) - len(truth) <= (len(STOPS) + len(KILLS)) * 2 * INCIDENTS
    assert still_active == {}


def parsed(heard: list[Heard]) -> list[dict[str, object]]:
    return [json.loads(message.payload) | {"dup": message.dup} for message in heard]


def assert_one_content_each(heard: list[dict[str, object]]) -> None:
    """A repeated event is the same event: same number, same content; and no number was given to two."""
    contents: dict[object, object] = {}
    for event in heard:
        assert contents.setdefault(event["id"], event["data"]) == event["data"]
    numbers = [data["number"] for data in contents.values() if isinstance(data, dict)]
    assert len(set(numbers)) == len(numbers)


def assert_in_order(heard: list[dict[str, object]]) -> None:
    """What the agent publishes never goes backwards within an incident; the broker's own repeats are marked."""
    last: dict[str, int] = defaultdict(int)
    for event in heard:
        incident, sequence = str(event["id"]).split("/")
        if not event["dup"]:
            assert int(sequence) >= last[incident]
        assert int(sequence) <= last[incident] + 1  # and none is skipped
        last[incident] = max(last[incident], int(sequence))
