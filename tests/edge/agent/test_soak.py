"""Memory, threads and file handles stay as they are: `make soak HOURS=0.75` with four cameras, a short form always.

Four live sources of the demo's yard, where somebody walks onto the lawn twice a minute: incidents, pictures, clips; a
real broker, away now and then.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.edge.agent.conftest import Running
from tests.edge.delivery.mosquitto import Mosquitto

HOURS = float(os.environ.get("SOAK_HOURS", "0"))
SETTLE_S, RUN_S = (300.0, HOURS * 3600) if HOURS else (5.0, 10.0)
LAWN = [[0.02, 0.56], [0.30, 0.545], [0.52, 0.68], [0.60, 0.80], [0.60, 0.99], [0.02, 0.99]]
YARD = str(ROOT / "datasets" / "demo" / "yard.mp4")


def site_file(folder: Path, port: int) -> Path:
    def camera(name: str) -> dict[str, Any]:
        return {
            "name": name, "url": YARD, "loop": True, "zones": [{"name": "lawn", "polygon": LAWN}],
            "rules": [{"rule": "restricted_zone", "zone": "lawn", "dwell_s": 1, "clear_after_s": 2}],
        }  # fmt: skip

    content = {
        "site": {"name": "plant"},
        "agent": {"name": "edge", "lang": "en", "data": str(folder / "data"), "status_every_s": 5},
        "broker": {"host": "127.0.0.1", "port": port, "backoff_max_s": 2.0},
        "models": [{"name": "people-vehicles"}],
        "sources": [camera(f"yard-{k}") for k in range(4)],
    }
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def figures(pid: int) -> tuple[float, int, int]:
    """Resident megabytes, threads, file handles."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    handles = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"]), handles


@pytest.mark.slow
@pytest.mark.timeout(SETTLE_S + RUN_S + 120)
def test_nothing_grows(tmp_path: Path, run_agent: Callable[..., Running]) -> None:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        agent = run_agent(site_file(tmp_path, broker.port))
        agent.until(lambda: agent.state("yard-0") == "online", "a camera online")
        time.sleep(SETTLE_S)
        began, seen = time.monotonic(), []
        while time.monotonic() - began < RUN_S:
            time.sleep(min(10.0, RUN_S / 4))
            assert agent.process.poll() is None, agent.text[-2000:]
            seen.append(figures(agent.process.pid))
            if HOURS and len(seen) % 60 == 0:
                broker.stop()
                time.sleep(20)
                broker.start()
        head, tail = seen[: max(1, len(seen) // 5)], seen[-max(1, len(seen) // 5) :]
        told = [
            f"{what} {sum(each[k] for each in head) / len(head):.1f} -> {sum(each[k] for each in tail) / len(tail):.1f}"
            for k, what in enumerate(("MB", "threads", "handles"))
        ]
        print(f"\n{RUN_S / 60:.0f} min, four cameras:", ", ".join(told))
        first, last = (max(each[0] for each in part) for part in (head, tail))
        # The short form ends before the rings of packets are full.
        assert last < first * 1.15 + (20 if HOURS else 200)
        assert max(each[1] for each in tail) <= max(each[1] for each in head) + 2
        assert max(each[2] for each in tail) <= max(each[2] for each in head) + 10
        assert agent.end(signal.SIGTERM) < 2.5
