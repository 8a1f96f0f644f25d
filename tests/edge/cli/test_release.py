"""`lookout release` from end to end, with a real detector of squares, real pictures, a real key."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from edge.cli import app
from edge.cli.keys._files import write_pair
from edge.model_store import ModelStore
from edge.trust import Trust
from pipelines.detect.signature import key_id
from tests.pipelines.retraining import squares

KEY = Ed25519PrivateKey.generate()
GOOD = squares.weights()
BLIND = squares.weights(at=(0.5, 3.0))  # sees no smoke
JUMPY = squares.weights(at=(-0.1, 0.5))  # sees fire in every cell
WHOLE = {"base": "start.pt", "recipe": "0123abcd"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return squares.pictures(tmp_path_factory.mktemp("data") / "squares", {"train": 8, "val": 8})


@pytest.fixture
def key(tmp_path: Path) -> Path:
    write_pair(tmp_path / "ours.pem", KEY)
    return tmp_path / "ours.pem"


class Line:
    """A place to release from and to."""

    def __init__(self, folder: Path, data: Path, key: Path) -> None:
        self.folder, self.data, self.key = folder, data, key
        self.models = folder / "models"
        self.candidate = folder / "run" / "candidate" / "squares"

    def offer(self, weights: bytes = GOOD, **parts: Any) -> None:
        shutil.rmtree(self.candidate, ignore_errors=True)
        squares.model_folder(self.candidate, weights, **{**WHOLE, **parts})

    def release(self, *more: str) -> tuple[int, str, str]:
        arguments = ["--candidate", self.candidate, "--name", "squares", "--data", self.data, "--split", "val"]
        arguments += ["--key", self.key, "--models", self.models, *more]
        result = CliRunner().invoke(app, ["release", *map(str, arguments)])
        assert not isinstance(result.exception, AssertionError | TypeError | KeyError), result.exception
        return result.exit_code, result.stdout, result.stderr

    @property
    def released(self) -> Path:
        return self.models / "squares"

    def card(self) -> dict[str, Any]:
        card: dict[str, Any] = yaml.safe_load((self.released / "card.yaml").read_text())
        return card


@pytest.fixture
def line(tmp_path: Path, data: Path, key: Path) -> Line:
    made = Line(tmp_path, data, key)
    made.offer()
    return made


def test_a_first_release_is_whole_signed_and_runs(line: Line) -> None:
    code, out, err = line.release("--notes", "The first that sees green.")
    assert code == 0, out + err
    store = ModelStore([line.models], Trust({key_id(KEY.public_key()): KEY.public_key()}, required=True))
    model = store.load("squares")
    assert (model.card.version, model.weights, model.signed.key) == ("1.0.0", GOOD, key_id(KEY.public_key()))
    names = {path.name for path in line.released.iterdir()}
    assert names == {"card.yaml", "card.yaml.sig", "model.onnx", "metrics.json", "README.md"}
    assert not [path for path in line.models.iterdir() if path.name.startswith(".")]
    page = (line.released / "README.md").read_text()
    assert page.startswith("# squares 1.0.0\n")
    assert "The first that sees green." in page
    assert "This is the first release." in page
    assert "- **smoke** from 0.5: made by hand" in page


def test_the_cards_figures_are_those_that_its_command_prints(line: Line) -> None:
    assert line.release()[0] == 0
    figures = line.card()["metrics"]
    words = figures["command"].split()
    assert words[:5] == ["lookout", "evaluate", "images", "--model", "models/squares"]
    words[4] = str(line.released)
    printed = json.loads(CliRunner().invoke(app, [*words[1:], "--json"]).stdout)
    assert figures["map50"] == printed["map50"] == 1.0
    assert figures["fp_per_empty"] == printed["fp_per_empty"]
    assert figures["recall"] == {name: one["recall"] for name, one in printed["classes"].items()}
    metrics = json.loads((line.released / "metrics.json").read_text())
    assert metrics["images"]["classes"] == printed["classes"]


def test_int8_is_taken_if_it_is_faster_and_as_good(line: Line) -> None:
    assert (
        CliRunner().invoke(app, ["quantise", "--model", str(line.candidate), "--data", str(line.data)]).exit_code == 0
    )
    metrics = json.loads((line.candidate / "metrics.json").read_text())
    for speedup, taken in ((0.9, "model.onnx"), (1.4, "model.int8.onnx")):
        metrics["quantised"]["speedup"] = speedup  # what a machine measured is not what is tested here
        (line.candidate / "metrics.json").write_text(json.dumps(metrics))
        code, out, err = line.release()
        assert code == 0, out + err
        card = line.card()
        assert card["weights"] == taken
        assert card["sha256"] == hashlib.sha256((line.released / taken).read_bytes()).hexdigest()
        assert (line.released / "model.onnx").read_bytes() == GOOD
        assert (line.released / "model.int8.onnx").exists() == (taken != "model.onnx")
        # Where both are released the card vouches for both: another machine may run the float one.
        digest = hashlib.sha256((line.released / "model.onnx").read_bytes()).hexdigest()
        other = {"weights": "model.onnx", "sha256": digest}
        assert card.get("alternative") == (None if taken == "model.onnx" else other)
        assert ("INT8 is left out: speed: 0.9 times" in err) == (taken == "model.onnx")
    assert line.card()["version"] == "1.1.0"


def test_int8_that_is_worse_is_left_out(line: Line) -> None:
    (line.candidate / "model.int8.onnx").write_bytes(BLIND)
    quantised = {"speedup": 2.0, "int8_bytes": 1, "float_bytes": 2}
    (line.candidate / "metrics.json").write_text(json.dumps({"quantised": quantised}))
    code, _, err = line.release()
    assert code == 0
    assert "INT8 is left out: smoke: AP50" in err
    assert line.card()["weights"] == "model.onnx"
    assert not (line.released / "model.int8.onnx").exists()


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (BLIND, "smoke: AP50 0.000, squares 1.0.0 has 1.000; allowed: 0.02 less"),
        (JUMPY, "fire: 16.000 false positives per empty picture at its threshold of 0.5, squares 1.0.0 has 0.000"),
    ],
)
def test_what_is_worse_is_refused_and_what_was_released_stays(weights: bytes, said: str, line: Line) -> None:
    assert line.release()[0] == 0
    before = {path.name: path.read_bytes() for path in line.released.iterdir()}
    line.offer(weights)
    code, out, _ = line.release()
    assert code == 1
    assert said in out
    assert {path.name: path.read_bytes() for path in line.released.iterdir()} == before


def test_all_reasons_at_once(line: Line) -> None:
    assert line.release()[0] == 0
    line.offer(BLIND, base=None, licence="", training_data="x")
    code, out, _ = line.release("--trained-on", str(line.data), "--trained-on", str(line.data))
    assert code == 1
    assert out.startswith("squares: not released, 3 reasons\n")
    assert "card: licence is missing" in out
    assert "card: base is missing" in out
    assert "smoke: AP50" in out


def test_a_margin_is_a_margin(line: Line) -> None:
    assert line.release()[0] == 0
    line.offer(BLIND)
    assert line.release("--margin", "1")[0] == 0


def test_a_picture_that_was_trained_on_is_a_leak(line: Line, tmp_path: Path) -> None:
    staged = line.folder / "run" / "data"  # where a training leaves what it was trained on
    shutil.copytree(line.data, staged)
    shutil.rmtree(staged / "images" / "val")
    shutil.rmtree(staged / "labels" / "val")
    assert line.release()[0] == 0
    first = next((line.data / "images" / "val").iterdir())
    (staged / "images" / "train" / "0001_linked.png").symlink_to(first)
    (staged / "labels" / "train" / "0001_linked.txt").write_text("")
    line.offer()
    code, out, _ = line.release()
    assert code == 1
    assert "leakage: 1 found between training and measuring" in out
    assert first.name in out
    assert "0001_linked.png" in out


def test_versions(line: Line) -> None:
    assert line.release("--version", "1.0.0")[0] == 0
    code, _, err = line.release("--version", "1.0.0")
    assert code == 2
    assert "version 1.0.0: 1.0.0 is released, allowed: a higher one" in err
    assert line.release()[0] == 0
    assert line.card()["version"] == "1.0.1", "the same weights"
    line.offer(squares.weights(slope=13.0))
    assert line.release()[0] == 0
    assert line.card()["version"] == "1.1.0"
    assert "Against 1.0.1, on the same pictures" in (line.released / "README.md").read_text()


def test_what_people_keep_in_the_folder_stays(line: Line) -> None:
    line.released.mkdir(parents=True)
    (line.released / "recipe.yaml").write_text("name: squares\n")
    (line.released / "clips.yaml").write_text("yard: {}\n")
    (line.released / "model.old.onnx").write_bytes(b"of an earlier release")
    assert line.release()[0] == 0
    assert (line.released / "recipe.yaml").read_text() == "name: squares\n"
    assert (line.released / "clips.yaml").read_text() == "yard: {}\n"
    assert not (line.released / "model.old.onnx").exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda line: line.key.unlink(), "ours.pem: can not be read"),
        (lambda line: line.key.write_text("hello"), "is not a private key in PEM"),
        (lambda line: (line.candidate / "model.onnx").write_bytes(b"other"), "expected sha256"),
    ],
)
def test_what_can_not_even_be_tried(spoil: Any, said: str, line: Line) -> None:
    spoil(line)
    code, _, err = line.release()
    assert code == 2
    assert said in err
    assert not line.models.exists()
