"""Memory, threads and file handles stay as they are: `make soak HOURS=0.75` with four cameras, a short form always.

Four live sources of the demo's yard, one with a drilled fire that comes and goes; a real broker, away now and then.
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
YARD = str(ROOT / "datasets" / "demo" / "yard.mp4")


def site_file(folder: Path, port: int) -> Path:
    def camera(name: str, *items: dict[str, Any]) -> dict[str, Any]:
        return {
            "name": name, "url": YARD, "loop": True,
            "rules": [{"rule": "fire", "severity": 4, "clear_after_s": 2}, {"rule": "smoke", "severity": 3}],
            **({"drill": {"items": list(items)}} if items else {}),
        }  # fmt: skip

    fires = [
        {"kind": "fire", "at": [0.82, 0.93], "size": 0.24, "start_s": at, "duration_s": 20, "seed": 2}
        for at in range(5, int(SETTLE_S + RUN_S) + 60, 120)
    ]
    content = {
        "site": {"name": "plant"},
        "agent": {"name": "edge", "lang": "en", "data": str(folder / "data"), "status_every_s": 5},
        "broker": {"host": "127.0.0.1", "port": port, "backoff_max_s": 2.0},
        "models": [{"name": "fire-smoke"}],
        "sources": [camera("burning", *fires), *(camera(f"quiet-{k}") for k in range(3))],
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
        agent.until(lambda: agent.state("burning") == "online", "a camera online")
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
