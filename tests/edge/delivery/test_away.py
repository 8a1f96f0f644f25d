"""A broker that is away for long, and one whose name nobody knows."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from edge.config.broker import BrokerSettings, Fallback
from edge.delivery.outbox import Outbox
from tests.edge.delivery.builders import put
from tests.edge.delivery.conftest import Running, settings_for, wait_for
from tests.edge.delivery.listener import Listener
from tests.edge.delivery.mosquitto import Mosquitto

Start = Callable[[BrokerSettings], Running]

EVENTS, INCIDENTS = 5_000, 250


def test_five_thousand_events_that_arose_meanwhile(tmp_path: Path, outbox: Outbox, run_uplink: Start) -> None:
    broker = Mosquitto(tmp_path / "mosquitto")
    with broker, Listener(broker.port, "event", "platform"):
        pass  # from now on the broker keeps for it what comes before it is back
    running = run_uplink(settings_for(broker.port, backoff_max_s=0.3))
    wait_for(lambda: running.uplink.last_error is not None, "that it is said")
    raised = [(f"i{k % INCIDENTS:03}", k // INCIDENTS + 1, 1 + k % 4) for k in range(EVENTS)]
    for incident, sequence, severity in raised:
        put(outbox, incident, sequence, severity)
    assert outbox.count() == EVENTS
    with broker, Listener(broker.port, "event", "platform") as listener:
        wait_for(lambda: outbox.count() == 0, "that all leave", 90)
        wait_for(lambda: len(listener.heard) >= EVENTS, "that all arrive", 60)
        heard = [message.payload.decode().split(" ")[0].split("/") for message in listener.heard]
    assert running.longest_silence_s < 2.0, "the thread goes on giving signs of life"
    arrived: defaultdict[str, list[int]] = defaultdict(list)
    for incident, sequence in heard:
        arrived[incident].append(int(sequence))
    assert len(heard) == EVENTS, "the line never broke, so nothing comes twice"
    assert {incident: sorted(found) for incident, found in arrived.items()} == {
        f"i{k:03}": list(range(1, EVENTS // INCIDENTS + 1)) for k in range(INCIDENTS)
    }
    assert all(found == sorted(found) for found in arrived.values())


def test_a_name_that_nobody_knows_is_said_and_another_broker_taken(
    mosquitto: Mosquitto, outbox: Outbox, run_uplink: Start
) -> None:
    unknown = settings_for(mosquitto.port, host="broker.invalid", backoff_max_s=0.3, connect_timeout_s=1.0)
    running = run_uplink(unknown)
    wait_for(lambda: running.uplink.last_error is not None, "that it is said", 15)
    assert "broker.invalid" in str(running.uplink.last_error)
    put(outbox, "i1")
    time.sleep(0.5)
    assert outbox.count() == 1
    assert running.stop() < 2.5
    other = unknown.model_copy(update={"fallbacks": (Fallback(host="127.0.0.1", port=mosquitto.port),)})
    run_uplink(other)
    wait_for(lambda: outbox.count() == 0, "delivery by the other", 15)
