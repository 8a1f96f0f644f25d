"""The wall clock is set while the agent runs: nothing opens, closes, is lost or changes its order by that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.edge.agent.conftest import Running, source, write_site
from tests.edge.agent.test_closed_loop import reference_platform
from tests.edge.delivery.mosquitto import Mosquitto

HOUR = 3600.0
# The agent as it is, with a wall clock that a file sets: what `date --set` does to it, without root.
PROGRAM = (
    "-c",
    "import os, sys, time\n"
    "real, skew = time.time, os.environ['SKEW']\n"
    "def now():\n"
    "    with open(skew) as file: return real() + float(file.read() or 0)\n"
    "time.time = now\n"
    "from edge.cli import main; sys.argv[0] = 'lookout'; main()",
)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


@pytest.fixture
def platform(broker: Mosquitto) -> Iterator[Any]:
    platform = reference_platform().Platform("lookout/v1/plant/edge")
    platform.connect("127.0.0.1", broker.port)
    yield platform
    platform.close()


def site_file(folder: Path, port: int, clip: Path) -> Path:
    """Two posts whose alarms come at once, and two that take longer and open between the jumps."""
    early, late = source("early", clip, loop=True), source("late", clip, loop=True)
    for rule, seconds in zip(late["rules"], (9.0, 16.0), strict=True):
        rule["absent_s"] = seconds
    path = write_site(folder, port, early, late)
    content = yaml.safe_load(path.read_text())
    content["broker"] |= {"confirm": "platform", "confirm_within_s": 5}
    content["commands"] = {"accept": ["snapshot", "resend"]}
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("jumps", [(HOUR, -24 * HOUR)], ids=["an hour forward, then a day back"])
def test_a_jump_opens_closes_and_reorders_nothing(
    tmp_path: Path,
    clip: Path,
    broker: Mosquitto,
    platform: Any,
    run_agent: Callable[..., Running],
    monkeypatch: pytest.MonkeyPatch,
    jumps: tuple[float, float],
) -> None:
    skew = tmp_path / "skew"
    skew.write_text("0")
    monkeypatch.setenv("SKEW", str(skew))

    def jump(seconds: float) -> None:
        fresh = tmp_path / "skew.new"
        fresh.write_text(str(seconds))
        fresh.replace(skew)

    agent = run_agent(site_file(tmp_path, broker.port, clip), program=PROGRAM)
    began_s = time.monotonic()
    agent.until(lambda: len(platform.incidents) == 2, "the first alarms")
    jump(jumps[0])
    agent.until(lambda: len(platform.incidents) == 3, "the third alarm, after the first jump")
    third_s = time.monotonic() - began_s
    jump(jumps[1])
    agent.until(lambda: len(platform.incidents) == 4, "the fourth alarm, after the second jump")
    fourth_s = time.monotonic() - began_s
    # What takes 9 s and 16 s takes them, whatever the clock on the wall says; looks are 0.2 s apart.
    assert 5.0 < fourth_s - third_s < 10.0
    assert third_s > 9.0

    # A command of now is obeyed: it is not stale, nor from the future, by the clock as it is.
    state = platform.outcome(_command(platform, jumps[1], source="early"), 20)
    assert state["status"] == "successful", state

    agent.until(lambda: agent.status["details"]["held_in_memory"] == 0 and not agent.waiting(), "that all has left")
    events = sorted(platform.events.values(), key=lambda event: event["data"]["number"])
    numbers = [event["data"]["number"] for event in events]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {event["data"]["condition"] for event in events} == {"active"}
    assert len({event["data"]["incident"] for event in events}) == 4
    for incident in platform.incidents:
        told = [event["data"]["sequence"] for event in events if event["data"]["incident"] == incident]
        assert told == sorted(told)
    assert all(0 <= event["data"].get("delay_s", 0) < 10 for event in events)
    assert agent.status["faults"] == []
    assert all(source.get("unseen") is None for source in agent.status["sources"])
    assert agent.end(15) < 2.0


def _command(platform: Any, skew_s: float, **said: Any) -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + skew_s))
    return str(platform.command("snapshot", time=moment, **said))
