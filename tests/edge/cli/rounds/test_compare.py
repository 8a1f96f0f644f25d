"""A robot's rounds, as folders of pictures."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from edge import cli
from edge.config.broker import BrokerSettings
from edge.config.drill import DrillSettings
from edge.delivery.subscriber import ReceivedCoverage, ReceivedEvent, ReceivedEvidence, Subscriber
from edge.sources.drill import Drill
from pipelines.frame import from_bgr
from tests.conftest import ROOT
from tests.edge.delivery.mosquitto import Mosquitto
from tests.pipelines.test_changes import Picture, picture, seen_anew, with_a_crate


def rounds(*words: object) -> Result:
    return CliRunner().invoke(cli.app, ["rounds", *map(str, words)])


@pytest.fixture(scope="module")
def view() -> Picture:
    return picture(ROOT / "datasets" / "demo" / "yard.mp4")


def keep(path: Path, found: Picture) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), found)


@pytest.fixture(scope="module")
def walked(view: Picture, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Yesterday and today; somebody walks past in one picture of two, and a crate stays in both."""
    rng = np.random.default_rng(4)
    before, after = (tmp_path_factory.mktemp(name) for name in ("yesterday", "today"))
    for name in ("gate", "exit", "tank", "roof", "stairs"):
        keep(before / f"{name}.jpg", seen_anew(view, rng, 0.0))
    keep(after / "gate.jpg", seen_anew(view, rng, 0.015))
    for number in (1, 2):
        keep(after / "exit" / f"{number}.jpg", seen_anew(with_a_crate(view), rng, 0.015))
    keep(after / "tank" / "1.jpg", seen_anew(with_a_crate(view), rng, 0.015))
    keep(after / "tank" / "2.jpg", seen_anew(view, rng, 0.015))
    keep(after / "roof.jpg", np.zeros_like(view))
    keep(after / "cellar.jpg", view)
    (after / "notes.txt").write_text("no picture")
    return before, after


def records(folder: Path) -> dict[str, dict[str, Any]]:
    lines = (folder / "round.jsonl").read_text().splitlines()
    return {line["waypoint"]: line for line in map(json.loads, lines)}


def test_what_is_new_and_stays_and_what_was_not_looked_at(walked: tuple[Path, Path], tmp_path: Path) -> None:
    before, after = walked
    done = rounds(after, "--before", before, "--out", tmp_path, "--lang", "en")
    assert done.exit_code == 1
    found = records(tmp_path)
    assert {name: record["finding"] for name, record in found.items()} == {
        "gate": "same", "exit": "changed", "tank": "same", "roof": "unrecognised", "stairs": "skipped", "cellar": "new",
    }  # fmt: skip
    assert found["exit"]["type"] == "changed_scene"
    (change,) = found["exit"]["changes"]
    assert change["box"][0] < 0.62 < change["box"][2]
    assert {name for name, record in found.items() if record["type"] == "uncovered"} == {"roof", "stairs", "cellar"}
    text = (tmp_path / "report.html").read_text()
    assert text.index("exit: changed") < text.index("stairs: skipped") < text.index("gate: unchanged")
    assert text.count("<img") == 6  # exit and roof twice, stairs and cellar once
    assert "http" not in text


def test_a_round_like_the_last_one_ends_well(walked: tuple[Path, Path], tmp_path: Path) -> None:
    before, _ = walked
    done = rounds(before, "--before", before, "--out", tmp_path)
    assert done.exit_code == 0
    assert "无变化: 5" in (tmp_path / "report.html").read_text()


def test_what_is_no_round(walked: tuple[Path, Path], tmp_path: Path) -> None:
    before, _ = walked
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder, words in ((empty, "holds no picture; expected WAYPOINT.jpg"), (tmp_path / "none", "can not be read")):
        done = rounds(folder, "--before", before)
        assert done.exit_code == 2
        assert words in done.output
    broken = tmp_path / "broken"
    keep(broken / "gate.jpg", np.zeros((10, 10, 3), np.uint8))
    (broken / "gate.jpg").write_bytes(b"no picture")
    assert rounds(broken, "--before", broken, "--out", tmp_path / "out").exit_code == 1
    assert records(tmp_path / "out")["gate"]["reason"] == "gate.jpg can not be read"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


def test_changes_and_waypoints_not_seen_go_to_the_platform_and_clear_when_they_are_over(
    walked: tuple[Path, Path], tmp_path: Path, broker: Mosquitto
) -> None:
    before, after = walked
    mission = tmp_path / "mission.yaml"
    mission.write_text(f"deliver: {{site: plant, agent: dog, broker: {{host: 127.0.0.1, port: {broker.port}}}}}\n")
    received: list[object] = []
    subscriber = Subscriber(BrokerSettings(host="127.0.0.1", port=broker.port), received.append, site="plant")
    with subscriber:
        for this in (after, after, before):
            done = rounds(this, "--before", before, "--mission", mission, "--out", tmp_path / "out", "--lang", "en")
            assert f"3 events to 127.0.0.1:{broker.port}" in done.stdout
            assert "wait" not in done.stdout
        time.sleep(0.5)
    scenes = [each.event.data for each in received if isinstance(each, ReceivedEvent)]
    assert [(data.source, str(data.phase)) for data in scenes] == [
        ("exit", "open"), ("exit", "update"), ("exit", "cleared"),
    ]  # fmt: skip
    assert {data.incident for data in scenes} == {scenes[0].incident}
    assert str(scenes[0].hazard.kind) == "changed_scene"
    assert {file.name for file in scenes[0].evidence} == {"open-full.jpg", "open-annotated.jpg", "open-1-pair.jpg"}
    pictures = [each for each in received if isinstance(each, ReceivedEvidence)]
    assert len(pictures) >= 3
    views = [each.event.data for each in received if isinstance(each, ReceivedCoverage)]
    assert [(data.source, str(data.fault.kind), data.phase) for data in views] == [
        ("roof", "moved", "open"), ("stairs", "uninspected", "open"),
        ("roof", "moved", "update"), ("stairs", "uninspected", "update"),
        ("roof", "moved", "cleared"), ("stairs", "uninspected", "cleared"),
    ]  # fmt: skip


def test_what_the_broker_does_not_take_waits_for_the_next_round(
    walked: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Mosquitto
) -> None:
    monkeypatch.setattr("edge.cli.rounds.compare._DELIVERS_S", 1.0)
    before, after = walked
    mission = tmp_path / "mission.yaml"
    mission.write_text(f"deliver: {{broker: {{host: 127.0.0.1, port: {broker.port}}}}}\n")
    broker.stop()
    done = rounds(after, "--before", before, "--mission", mission, "--out", tmp_path / "out")
    assert "messages wait in" in done.stdout
    broker.start()
    monkeypatch.setattr("edge.cli.rounds.compare._DELIVERS_S", 20.0)
    done = rounds(after, "--before", before, "--mission", mission, "--out", tmp_path / "out")
    assert "wait" not in done.stdout


def test_what_burns_at_a_waypoint_is_in_the_same_report(view: Picture, tmp_path: Path) -> None:
    item = {"kind": "fire", "at": [0.5, 0.7], "size": 0.4, "grow_s": 1, "seed": 3, "start_s": 0}
    drill = Drill(DrillSettings.model_validate({"items": [item]}))
    drill.render(from_bgr(view))
    burning = [drill.render(from_bgr(view, time_s=4.0 + each)).bgr() for each in (0.0, 0.3)]
    for round_name in ("before", "after"):
        keep(tmp_path / round_name / "gate.jpg", view)
    keep(tmp_path / "before" / "tank.jpg", view)
    for number, each in enumerate(burning):
        keep(tmp_path / "after" / "tank" / f"{number}.jpg", each)
    done = rounds(
        tmp_path / "after",
        "--before",
        tmp_path / "before",
        "--model",
        "fire-smoke",
        "--lang",
        "en",
        "--out",
        tmp_path / "out",
    )
    assert done.exit_code == 1
    found = records(tmp_path / "out")
    assert [each["kind"] for each in found["tank"]["hazards"]][:1] == ["fire"]
    assert found["gate"]["hazards"] == []
    assert 'class="hazard">Fire' in (tmp_path / "out" / "report.html").read_text()


def test_a_mission_that_delivers_nowhere_is_refused(walked: tuple[Path, Path], tmp_path: Path) -> None:
    mission = tmp_path / "mission.yaml"
    mission.write_text("name: night round\n")
    done = rounds(walked[1], "--before", walked[0], "--mission", mission)
    assert done.exit_code == 2
    assert "`deliver` does" in done.stderr
