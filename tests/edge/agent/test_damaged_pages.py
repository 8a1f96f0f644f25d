"""Pages of the outbox are overwritten while the agent runs: alarms go on, and what can be read is carried over."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.edge.agent.conftest import Running, source, write_site
from tests.edge.agent.test_closed_loop import reference_platform
from tests.edge.delivery.mosquitto import Mosquitto

PAGE = 4096


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


@pytest.fixture
def platform(broker: Mosquitto) -> Iterator[Any]:
    platform = reference_platform().Platform("lookout/v1/plant/edge", answer=False)
    platform.connect("127.0.0.1", broker.port)
    yield platform
    platform.close()


def overwrite(path: Path, seed: int, share: float) -> int:
    """Write noise over some pages, the first among them where the seed says so; how many."""
    rng = random.Random(seed)
    pages = path.stat().st_size // PAGE
    hit = [page for page in range(pages) if rng.random() < share] or [rng.randrange(pages)]
    with path.open("r+b") as file:
        for page in hit:
            file.seek(page * PAGE)
            file.write(rng.randbytes(PAGE))
    return len(hit)


@pytest.mark.slow
@pytest.mark.timeout(150)
@pytest.mark.parametrize(("seed", "share"), [(1, 0.4)])
def test_alarms_go_on(
    tmp_path: Path,
    clip: Path,
    broker: Mosquitto,
    platform: Any,
    run_agent: Callable[..., Running],
    seed: int,
    share: float,
) -> None:
    late = source("late", clip, loop=True)
    for rule, seconds in zip(late["rules"], (8.0, 12.0), strict=True):
        rule["absent_s"] = seconds
    site = write_site(tmp_path, broker.port, source("early", clip, loop=True), late)
    agent = run_agent(site)
    agent.until(lambda: len(platform.incidents) == 2, "the first alarms")
    first = dict(platform.events)

    files = [agent.data / "outbox.db", agent.data / "outbox.db-wal"]
    assert sum(overwrite(path, seed, share) for path in files if path.exists() and path.stat().st_size >= PAGE)

    agent.until(lambda: len(platform.incidents) == 4, "the alarms after it", 60)
    agent.until(
        lambda: not agent.waiting() and agent.status.get("broker", {}).get("connected"), "that all has left", 60
    )
    events = list(platform.events.values())
    assert all(key in platform.events for key in first)
    opened = [event for event in events if event["data"]["phase"] == "open"]
    assert len({event["data"]["incident"] for event in opened}) == 4
    numbers = [event["data"]["number"] for event in events]
    assert len(set(numbers)) == len(numbers), "no number is given twice"

    # After a restart the two first are still what the platform holds them to be, or are told anew; nothing hangs.
    agent.end(15)
    again = run_agent(site)
    again.until(lambda: again.status.get("pid") == again.process.pid and again.state("early") == "online", "a restart")
    again.until(lambda: not again.waiting(), "that nothing is stuck")
