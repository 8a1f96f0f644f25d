"""`lookout evaluate images` on four drawn pictures and a model that always says the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge.cli import app
from tests.edge.onnx_file import onnx_file
from tests.edge.test_model_store import write

# Centre x, centre y, width, height, fire, smoke of two anchors: a fire at the upper left, smoke at the lower right.
ANSWER = [16.0, 48, 16, 48, 16, 16, 16, 16, 0.9, 0, 0, 0.6]
FIRE, SMOKE = "0 .25 .25 .25 .25\n", "1 .75 .75 .25 .25\n"
LABELS = {"a_1": FIRE, "a_2": FIRE + SMOKE, "b_1": SMOKE, "c_1": ""}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "yard"
    for level, (name, lines) in enumerate(LABELS.items()):
        for part in ("images", "labels"):
            (folder / part / "night").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / "images" / "night" / f"{name}.png"), np.full((64, 64, 3), 40 * level, np.uint8))
        (folder / "labels" / "night" / f"{name}.txt").write_text(lines)
    (folder / "data.yaml").write_text("names: [fire, smoke, steam]\n")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    weights = onnx_file(output_shape=(1, 6, 2), answer=ANSWER)
    return write(tmp_path / "models", weights=weights, sha256=hashlib.sha256(weights).hexdigest())


def run(model: Path, data: Path, *more: str, split: str = "night") -> tuple[int, str, str]:
    arguments = ["evaluate", "images", "--model", str(model), "--data", str(data), "--split", split, *more]
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.stdout, result.stderr


def test_json(model: Path, data: Path) -> None:
    code, out, err = run(model, data, "--json")
    assert code == 0, err
    record = json.loads(out)
    fire = record["classes"]["fire"]
    # The same fire in all four pictures: right in two. Precision 1/2 at every recall, in COCO's order of ties.
    assert (fire["precision"], fire["recall"], fire["labels"]) == (0.5, 1.0, 2)
    assert record["pictures"] == 4
    assert record["fp_per_empty"] == 2.0
    assert record["groups"] == 3
    assert record["data"] == "yard/night"
    assert record["left_out"] == {"card": [], "data": ["steam"]}
    assert "left out, not in the card: steam" in err


def test_tables(model: Path, data: Path) -> None:
    code, out, _ = run(model, data, "--against", str(model))
    assert code == 0
    assert "tiny on yard/night: 4 pictures, 1 empty, 3 groups" in out
    assert "Against tiny: mAP50 +0.000" in out


def test_the_figures_are_kept(model: Path, data: Path) -> None:
    (model / "metrics.json").write_text('{"training": {"hours": 2}}')
    _, out, _ = run(model, data, "--json", "--write")
    kept = json.loads((model / "metrics.json").read_text())
    assert kept["training"] == {"hours": 2}
    assert kept["images"] == json.loads(out)


@pytest.mark.parametrize(
    ("split", "spoil", "words"),
    [
        ("day", None, "there is no split 'day'; the folders under images/ are night"),
        ("night", "data.yaml", "data.yaml: is missing"),
    ],
)
def test_refusals(model: Path, data: Path, split: str, spoil: str | None, words: str) -> None:
    if spoil is not None:
        (data / spoil).unlink()
    code, out, err = run(model, data, split=split)
    assert (code, out) == (2, "")
    assert words in err


def test_a_wrong_digest_is_refused(model: Path, data: Path) -> None:
    (model / "model.onnx").write_bytes(b"other")
    code, _, err = run(model, data)
    assert code == 2
    assert "expected sha256" in err
