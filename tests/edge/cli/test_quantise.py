from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli import app
from tests.pipelines.retraining import squares


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return squares.model_folder(tmp_path / "models" / "squares", squares.weights())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return squares.pictures(tmp_path / "data", {"train": 12, "val": 8})


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["quantise", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_float_and_int8_side_by_side(model: Path, data: Path) -> None:
    code, out, err = run("--model", model, "--data", data, "--pictures", "6", "--score", "val", "--json")
    assert code == 0, err
    record = json.loads(out)
    assert record["pictures"] == 6
    assert record["accuracy"]["float"]["map50"] == 1.0
    assert record["accuracy"]["int8"]["ap50"] == pytest.approx({"fire": 1.0, "smoke": 1.0}, abs=0.1)
    assert record["accuracy"]["pictures"] == 8
    assert (model / "model.int8.onnx").stat().st_size == record["int8_bytes"]
    assert json.loads((model / "metrics.json").read_text())["quantised"] == record


def test_card_and_float_weights_stay(model: Path, data: Path) -> None:
    before = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in model.iterdir()}
    code, out, _ = run("--model", model, "--data", data, "--pictures", "6")
    assert code == 0
    assert "times as fast" in out
    assert "ms a look" in out
    assert before.items() <= {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in model.iterdir()}.items()


def test_an_unknown_split_is_one_message(model: Path, data: Path) -> None:
    code, out, err = run("--model", model, "--data", data, "--split", "night")
    assert (code, out) == (2, "")
    assert "night" in err
    assert not (model / "model.int8.onnx").exists()
