"""A robot's rounds, as folders of pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from edge import cli
from tests.conftest import ROOT
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
