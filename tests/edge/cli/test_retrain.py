"""The whole line on the tiny drawn set."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from edge.cli import app
from edge.model_store import ModelStore
from pipelines.detect import Detector

ROOT = Path(__file__).resolve().parents[3]
TINY = ROOT / "datasets" / "tiny"


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["retrain", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def tiny(folder: Path, **changes: object) -> Path:
    """The recipe of the tiny set in another folder, with changes."""
    said = yaml.safe_load((TINY / "recipe.yaml").read_text())
    for part in (said["data"][0], said["proof"]):
        part["data"] = str(TINY)
    said["proof"]["clips"] = str(TINY / "clips.yaml")
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({**said, **changes}))
    return path


def test_it_must_be_said_what_the_candidate_is_measured_on(tmp_path: Path) -> None:
    code, out, err = run(tiny(tmp_path, proof=None))
    assert (code, out) == (2, "")
    assert "proof: is missing" in err


def test_pictures_that_leak_end_the_line_before_it_trains(tmp_path: Path) -> None:
    """The recipe trains on what it is measured on."""
    code, out, err = run(tiny(tmp_path, data=[{"data": str(TINY), "split": "val"}]), "--out", tmp_path / "run")
    assert (code, out) == (2, "")
    assert "16 training pictures are, or look like" in err


@pytest.mark.train
@pytest.mark.timeout(900)
def test_from_pictures_to_a_candidate(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra `train`")
    pytest.importorskip("ultralytics", reason="needs the extra `train`")
    began = time.monotonic()
    command = [sys.executable, "-m", "edge.cli", "retrain", str(TINY / "recipe.yaml")]
    done = subprocess.run(
        [*command, "--out", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr
    print(f"from data to a candidate in {time.monotonic() - began:.0f} s")
    candidate = tmp_path / "candidate" / "tiny-fire"
    model = ModelStore([]).load(candidate)
    Detector(model.card, model.weights)
    assert model.card.recipe is not None
    metrics = json.loads((candidate / "metrics.json").read_text())
    assert set(metrics) == {"training", "calibration", "quantised", "images", "clips"}
    assert metrics["images"]["pictures"] == 16
    assert metrics["training"]["pictures"]["train"] + metrics["training"]["pictures"]["hold"] == 44
    assert (candidate / "model.int8.onnx").is_file()
    for name in ("curves", "reliability", "precision-recall"):
        assert (candidate / "plots" / f"{name}.png").is_file()
