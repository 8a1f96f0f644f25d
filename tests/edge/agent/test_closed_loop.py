"""The life of incidents, from detection to verified close and to reopening, as a platform sees it.

The real agent, a real broker, the reference platform of `examples/`, and drilled fires on a real clip.
"""

from __future__ import annotations

import importlib.util
import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from pipelines.harvest.verdicts import Verdict, parse_verdicts
from tests.conftest import ROOT
from tests.edge.agent.conftest import Running
from tests.edge.delivery.listener import retained
from tests.edge.delivery.mosquitto import Mosquitto

BASE = "lookout/v1/plant/edge"
# As the agent is, but for how long a fire has to be gone: half a minute, which no test should wait for.
QUICK = (
    "-c",
    "import sys; from pipelines.hazards import HazardKind as K; from pipelines.incidents import verification as v;"
    "v.NEEDS_S[K.FIRE] = 3.0; from edge.cli import main; sys.argv[0] = 'lookout'; main()",
)


def reference_platform() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_platform", ROOT / "examples" / "platform.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def site_file(folder: Path, port: int, **broker: Any) -> Path:
    """Two cameras: on one a fire that goes out, on the other one that goes on."""

    def camera(name: str, **fire: Any) -> dict[str, Any]:
        return {
            "name": name, "url": str(ROOT / "datasets" / "demo" / "yard.mp4"), "loop": True,
            "rules": [{"rule": "fire", "severity": 4, "clear_after_s": 2}],
            "drill": {"items": [{"kind": "fire", "at": [0.82, 0.93], "size": 0.24, "grow_s": 2, "seed": 2, **fire}]},
        }  # fmt: skip

    content = {
        "site": {"name": "plant"},
        "agent": {
            "name": "edge", "lang": "en", "data": str(folder / "data"), "status_every_s": 1,
            "evidence": {"before_s": 1, "after_s": 1},
        },
        "broker": {"host": "127.0.0.1", "port": port, "backoff_max_s": 0.5, "confirm": "platform", **broker},
        "handling": "required",
        "models": [{"name": "fire-smoke"}],
        "sources": [camera("goes-out", start_s=2, duration_s=8), camera("goes-on", start_s=2)],
    }  # fmt: skip
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


@pytest.fixture
def platform(broker: Mosquitto) -> Iterator[Any]:
    platform = reference_platform().Platform(BASE)
    platform.connect("127.0.0.1", broker.port)
    yield platform
    platform.close()


def incident_of(platform: Any, source: str) -> str:
    found = platform.wait(
        lambda: next((key for key, data in platform.incidents.items() if data["source"] == source), None), 60
    )
    assert found, f"no alarm of {source}"
    return str(found)


def becomes(platform: Any, incident: str, seconds: float = 60.0, **wanted: str) -> dict[str, Any]:
    def there() -> dict[str, Any] | None:
        data = platform.incidents[incident]
        return data if all(data[key] == value for key, value in wanted.items()) else None

    data = platform.wait(there, seconds)
    assert data, f"{wanted} did not come, it is {platform.incidents[incident]}"
    return dict(data)


def history(platform: Any, incident: str) -> list[tuple[str, str]]:
    return [
        (event["data"]["phase"], event["data"]["handling"])
        for event in platform.events.values()
        if event["data"]["incident"] == incident and event["data"]["phase"] != "update"
    ]


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_two_lives(tmp_path: Path, broker: Mosquitto, platform: Any, run_agent: Callable[..., Running]) -> None:
    site = site_file(tmp_path, broker.port)
    agent = run_agent(site, program=QUICK)
    out, on = incident_of(platform, "goes-out"), incident_of(platform, "goes-on")

    # Somebody takes care of the first, by a time that has passed; it goes out, and stays open all the same.
    told = platform.command(
        "acknowledge", incident=out, by="grid 7", responsible="Plating Ltd.", deadline="2026-01-01T00:00:00Z"
    )
    assert platform.outcome(told)["result"] == {"incident": out, "handling": "acknowledged"}
    late = platform.wait(lambda: platform.incidents[out].get("overdue") and platform.incidents[out])
    assert (late["responsible"], late["handling"]) == ("Plating Ltd.", "acknowledged")
    becomes(platform, out, condition="cleared")
    assert f"{BASE}/active/{out}" in retained(broker.port, f"{BASE}/active/#")

    # It is killed, and goes on where it was: nothing is asked twice of the platform, nothing is forgotten.
    agent.end(signal.SIGKILL)
    seen_before = len(platform.events)
    agent = run_agent(site, program=QUICK)

    becomes(platform, out, condition="active", handling="acknowledged")  # the drill begins anew with the process
    becomes(platform, out, condition="cleared")

    # They say that both are gone. One is, and one is not.
    for incident in (out, on):
        assert platform.outcome(platform.command("rectified", incident=incident, by="Plating Ltd."))["status"] == (
            "successful"
        )
    closed = becomes(platform, out, handling="closed")
    reopened = becomes(platform, on, handling="reopened")
    assert (closed["condition"], reopened["condition"]) == ("cleared", "active")
    assert len(platform.events) > seen_before
    for data in (closed, reopened):
        names = {proof["name"] for proof in data["evidence"]}
        assert {"open-full.jpg", f"handling-{data['sequence']}-pair.jpg"} <= names
        pair = next(proof["topic"] for proof in data["evidence"] if proof["name"].endswith("-pair.jpg"))
        assert platform.wait(lambda pair=pair: platform.pictures.get(pair)), "the pair did not arrive"
    assert history(platform, out)[-3:] == [
        ("handling", "rectified"), ("handling", "verifying"), ("handling", "closed"),
    ]  # fmt: skip
    assert list(retained(broker.port, f"{BASE}/active/#")) == [f"{BASE}/active/{on}"]

    # The other is called a false alarm: that is its end too, and the harvest learns of both.
    assert platform.outcome(platform.command("false_alarm", incident=on, by="Wang"))["status"] == "successful"
    refused = platform.outcome(platform.command("rectified", incident=on))
    assert (refused["status"], refused["reason"]) == (
        "refused", "rectified: the incident is false_alarm, allowed when it is: open, acknowledged, reopened, "
        "cannot_verify",
    )  # fmt: skip
    agent.until(lambda: not retained(broker.port, f"{BASE}/active/#"), "no active incident")
    verdicts = parse_verdicts((tmp_path / "data" / "verdicts.jsonl").read_text())
    assert dict(verdicts.of) == {out: Verdict.TRUE_ALARM, on: Verdict.FALSE_ALARM}
    assert platform.status == "online"
    assert agent.end(signal.SIGTERM) < 2.0
    assert platform.wait(lambda: platform.status == "offline")
    assert_whole(platform)


def assert_whole(platform: Any) -> None:
    """No number is missing, and each event names the one before it."""
    numbers = sorted(event["data"]["number"] for event in platform.events.values())
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_what_a_platform_may_ask_for(
    tmp_path: Path, broker: Mosquitto, platform: Any, run_agent: Callable[..., Running]
) -> None:
    platform.answer = False
    agent = run_agent(site_file(tmp_path, broker.port, confirm_within_s=1), program=QUICK)
    on = incident_of(platform, "goes-on")

    snapshot = platform.outcome(platform.command("snapshot", source="goes-on"))["result"]
    picture = platform.wait(lambda: platform.pictures.get(snapshot["topic"]))
    assert picture[:2] == b"\xff\xd8"
    clip = platform.outcome(platform.command("clip", source="goes-on", seconds=3))["result"]
    assert len(platform.wait(lambda: platform.pictures.get(clip["topic"]))) == clip["bytes"]
    said = platform.outcome(platform.command("snapshot", source="attic"))
    assert (said["status"], said["reason"]) == ("refused", "source 'attic' is unknown, allowed: goes-out, goes-on")
    said = platform.outcome(platform.command("acknowledge", incident="nothing"))
    assert said["reason"] == "incident 'nothing' is not known here, or is over"

    # Nobody answers on `ack`: what the broker has is sent again, and the heartbeat says so.
    def heartbeat() -> dict[str, Any]:
        status: dict[str, Any] = json.loads(retained(broker.port, f"{BASE}/status")[f"{BASE}/status"])
        return dict(status["heartbeat"])

    agent.until(lambda: heartbeat()["unconfirmed"] > 0 and heartbeat()["lowest_waiting"] == 1, "waiting for an answer")
    platform.answer = True
    agent.until(lambda: heartbeat()["unconfirmed"] == 0 and "lowest_waiting" not in heartbeat(), "all answered")

    first = next(event for event in platform.events.values() if event["data"]["incident"] == on)
    platform.events.clear()
    sent = platform.outcome(platform.command("resend", since=1))["result"]
    assert sent["events"] >= 2
    again = platform.wait(lambda: platform.events.get(first["id"]))
    assert again == first
