"""`lookout calibrate thresholds` on two seconds of the bundled yard and on drawn pictures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge.cli import app
from edge.model_store import ModelStore
from tests.edge.cli.test_inspect import cut


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["calibrate", "thresholds", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def model(root: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(root / "models" / "fire-smoke", tmp_path / "fire-smoke"))


@pytest.fixture
def clips(root: Path, tmp_path: Path) -> Path:
    cut(root / "datasets" / "demo" / "yard.mp4", tmp_path / "yard.mp4", 20)
    (tmp_path / "clips.yaml").write_text("yard:\n")
    return tmp_path / "clips.yaml"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "yard"
    for name, level, line in (("a", 40, "0 .5 .5 .5 .5\n"), ("b", 90, ""), ("c", 140, "")):
        for part in ("images", "labels"):
            (folder / part / "hold").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / "images" / "hold" / f"{name}.png"), np.full((64, 64, 3), level, np.uint8))
        (folder / "labels" / "hold" / f"{name}.txt").write_text(line)
    (folder / "data.yaml").write_text("names: [fire, smoke]\n")
    return folder


def test_thresholds_go_into_the_card_with_their_source(model: Path, clips: Path, data: Path) -> None:
    before = ModelStore([]).card(model)
    arguments = ("--model", model, "--clips", clips, "--data", data, "--split", "hold", "--alarms-per-day", "2")
    code, out, err = run(*arguments, "--json", "--write")
    assert code == 0, err
    record = json.loads(out)
    fire = record["classes"]["fire"]
    assert record["hours_needed"] == pytest.approx(36, abs=0.1)
    assert fire["false_per_day"][1] > 1000
    card = ModelStore([]).card(model)
    assert card.classes[0].threshold == fire["threshold"]
    assert card.classes[0].threshold_source == fire["source"]
    assert "empty pictures of yard/hold" in fire["source"]
    assert card.model_copy(update={"classes": before.classes}) == before
    assert json.loads((model / "metrics.json").read_text())["calibration"] == record
    assert {path.name for path in (model / "plots").iterdir()} >= {"reliability.png", "precision-recall.png"}


def test_without_write_nothing_is_touched(model: Path, clips: Path) -> None:
    before = {path: path.read_bytes() for path in model.rglob("*") if path.is_file()}
    code, out, _ = run("--model", model, "--clips", clips, "--alarms-per-day", "1")
    assert code == 0
    assert "takes 71.9 quiet hours without any" in " ".join(out.split())
    assert {path: path.read_bytes() for path in model.rglob("*") if path.is_file()} == before


def test_no_clips(model: Path, tmp_path: Path) -> None:
    code, out, err = run("--model", model, "--clips", tmp_path / "clips.yaml", "--alarms-per-day", "1")
    assert (code, out) == (2, "")
    assert "clips.yaml: can not be read" in err


def test_without_footage_the_pictures_decide(model: Path, data: Path) -> None:
    code, out, err = run("--model", model, "--data", data, "--split", "hold", "--json")
    assert code == 0, err
    record = json.loads(out)
    assert record["quiet_hours"] == 0
    assert record["classes"]["fire"]["hazards"] == []
    assert {name: one["source"] for name, one in record["classes"].items()} == {
        "fire": "1 labelled in yard/hold; shown in 0 of the 2 pictures without it",  # too few for a best F1
        "smoke": "0 labelled in yard/hold; shown in 0 of the 3 pictures without it",
    }


def test_something_must_be_there_to_choose_by(model: Path) -> None:
    code, out, err = run("--model", model)
    assert (code, out) == (2, "")
    assert "--clips FILE or --data DIR" in err
