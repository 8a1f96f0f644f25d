"""Keeping frames beside the inspection: it never waits, and a real agent that is killed loses no picture it has."""

from __future__ import annotations

import hashlib
import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calibration.errors import EvidenceError
from edge.agent.harvester import MOST_WAITING, Harvester
from edge.harvest import HarvestStore
from pipelines.frame import Frame
from pipelines.harvest import Find, KeptPicture, Why
from pipelines.watch import Inspection
from tests.edge.agent.conftest import Running, source, write_site
from tests.pipelines.builders import a_scene, some_detections
from tests.pipelines.harvest.builders import a_find


class EveryFrame:
    """Finds every frame worth keeping."""

    def __init__(self, why: Why) -> None:
        self.why = why
        self.remembered: list[Find] = []
        self._number = 0

    def judge(self, inspection: Inspection) -> Find:
        self._number += 1
        return a_find(f"{self.why}-{self._number}", self.why)

    def remember(self, find: Find) -> None:
        self.remembered.append(find)


def an_inspection() -> Inspection:
    return Inspection((), (), (), np.empty((0, 4), np.float32), (a_scene(some_detections()),))


def a_harvester(data: Path, why: Why, budget: int = 10**9) -> tuple[Harvester, EveryFrame]:
    keeper = EveryFrame(why)
    return Harvester({"gate": keeper}, HarvestStore(data, budget)), keeper  # type: ignore[dict-item]


def work(harvester: Harvester) -> None:
    """Run its thread until nothing waits."""
    stop = threading.Event()
    stop.set()
    harvester.run(stop, lambda: None)


@pytest.mark.parametrize("why", [Why.UNCERTAIN, Why.INCIDENT])
def test_what_comes_faster_than_the_disk_is_dropped_and_counted(tmp_path: Path, why: Why) -> None:
    harvester, _ = a_harvester(tmp_path, why)
    for _ in range(MOST_WAITING[why is Why.INCIDENT] + 3):
        harvester.offer(an_inspection())
    assert harvester.waiting == MOST_WAITING[why is Why.INCIDENT]
    assert not list((tmp_path / "harvest").rglob("*.jpg"))  # nothing is written by who offers
    work(harvester)
    assert harvester.waiting == 0
    report = harvester.report()
    assert (report["kept"], report["dropped"], report["failed"]) == (MOST_WAITING[why is Why.INCIDENT], 3, 0)
    assert report["pictures"] == {str(why): report["kept"]}


def test_what_can_not_be_kept_is_told_and_the_next_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    harvester, _ = a_harvester(tmp_path, Why.UNCERTAIN)

    def fails(self: HarvestStore, find: Find, frame: Frame) -> KeptPicture:
        raise EvidenceError("harvest: the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(HarvestStore, "keep", fails)
        harvester.offer(an_inspection())
        harvester.offer(an_inspection())
        work(harvester)
    assert harvester.error == "harvest: the disk is full"
    assert harvester.report()["failed"] == 2
    assert [r.message for r in caplog.records] == ["picture not kept"]  # once, not at every frame
    harvester.offer(an_inspection())
    work(harvester)
    assert harvester.error is None
    assert harvester.report()["kept"] == 1


def test_the_keepers_remember_what_is_there(tmp_path: Path) -> None:
    harvester, _ = a_harvester(tmp_path, Why.UNCERTAIN)
    harvester.offer(an_inspection())
    work(harvester)
    _, keeper = a_harvester(tmp_path, Why.UNCERTAIN)
    assert [find.id for find in keeper.remembered] == ["uncertain-1"]


def pictures(data: Path) -> dict[str, dict[str, Any]]:
    """The notes of the kept pictures, each checked against its picture."""
    found = {}
    for path in (data / "harvest").rglob("*.json"):
        notes = json.loads(path.read_bytes())
        assert hashlib.sha256(path.with_suffix(".jpg").read_bytes()).hexdigest() == notes["sha256"]
        found[notes["id"]] = notes
    return found


def test_an_agent_that_is_killed_keeps_what_it_has(
    tmp_path: Path, clip: Path, run_agent: Callable[..., Running]
) -> None:
    site = write_site(tmp_path, 1, source("gate", clip, loop=True))  # no broker is needed for this
    agent = run_agent(site)
    agent.until(lambda: len(pictures(agent.data)) >= 2, "two pictures of incidents")
    agent.until(lambda: agent.status.get("details", {}).get("harvest", {}).get("kept"), "the count in the status")
    agent.end(signal.SIGKILL)
    first = pictures(agent.data)
    assert {notes["why"] for notes in first.values()} >= {"incident"}
    claims = [claim for notes in first.values() for claim in notes["claims"]]
    opened = {event["incident"] for event in agent.events() if event["phase"] == "open"}
    assert opened >= {claim["incident"] for claim in claims if claim["phase"] == "open"} != set()
    assert {(claim["kind"], claim["model"]) for claim in claims} == {("unattended_post", "ppe")}

    part = agent.data / "harvest" / next(iter((agent.data / "harvest").iterdir())).name / "half.jpg.part"
    part.write_bytes(b"half a picture")
    again = run_agent(site)
    again.until(lambda: again.status.get("pid") == again.process.pid, "its first status")
    figures = again.status["details"]["harvest"]
    assert sum(figures["pictures"].values()) >= len(first)
    assert not part.exists()
    again.end(signal.SIGTERM)
    assert set(pictures(again.data)) >= set(first)


def test_it_can_be_switched_off(tmp_path: Path, clip: Path, run_agent: Callable[..., Running]) -> None:
    site = write_site(tmp_path, 1, source("gate", clip, loop=True))
    site.write_text(site.read_text().replace("agent:\n", "agent:\n  harvest: {budget_mb: 0}\n"))
    agent = run_agent(site)
    agent.until(lambda: agent.events(), "an alarm")
    agent.until(lambda: agent.status.get("details", {}).get("workers"), "a status")
    assert "harvest" not in agent.status["details"]
    assert "harvest" not in agent.status["details"]["workers"]
    agent.end(signal.SIGTERM)
    assert not (agent.data / "harvest").exists()
