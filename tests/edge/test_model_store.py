from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from calibration.errors import ModelError
from edge.model_store import ModelStore
from pipelines.detect import Detector
from pipelines.frame import from_bgr
from tests.edge.onnx_file import onnx_file

WEIGHTS = onnx_file(
    metadata={"names": "{0: 'fire', 1: 'smoke'}", "imgsz": "[64, 64]", "task": "detect", "stride": "32"}
)


def write(folder: Path, name: str = "tiny", weights: bytes = WEIGHTS, **parts: Any) -> Path:
    """A model folder; a part that is None is left out of its card."""
    card = {
        "name": name,
        "version": "2",
        "task": "detect",
        "classes": [{"name": n, "means": n, "threshold": 0.5} for n in ("fire", "smoke")],
        "input": {"width": 64, "height": 64},
        "output": "anchors",
        "licence": "MIT",
        "training_data": "none",
        "sha256": hashlib.sha256(weights).hexdigest(),
        **parts,
    }
    (folder / name).mkdir(parents=True)
    card = {key: value for key, value in card.items() if value is not None}
    (folder / name / "card.yaml").write_text(yaml.safe_dump(card, sort_keys=False))
    (folder / name / "model.onnx").write_bytes(weights)
    return folder / name


def test_what_is_loaded_runs(tmp_path: Path) -> None:
    folder = write(tmp_path)
    model = ModelStore([tmp_path]).load("tiny")
    assert (model.weights, model.folder, model.card.version) == (WEIGHTS, folder, "2")
    picture = from_bgr(np.zeros((48, 64, 3), np.uint8))
    assert len(Detector(model.card, model.weights).detect(picture)) == 0


@pytest.mark.parametrize("how", ["name", "path", "text"])
def test_a_model_is_named_or_pointed_at(how: str, tmp_path: Path) -> None:
    folder = write(tmp_path)
    store = ModelStore([tmp_path] if how == "name" else [])
    ways: dict[str, str | Path] = {"name": "tiny", "path": folder, "text": str(folder)}
    asked = ways[how]
    assert store.card(asked).name == "tiny"


def test_the_first_folder_wins(tmp_path: Path) -> None:
    write(tmp_path / "mine", version="mine")
    write(tmp_path / "installed", version="installed")
    store = ModelStore([tmp_path / "mine", tmp_path / "installed", tmp_path / "missing"])
    assert store.card("tiny").version == "mine"
    assert [state.name for state in store.list()] == ["tiny"]


def test_a_silent_card_is_filled_from_the_weights(tmp_path: Path) -> None:
    write(tmp_path, classes=None, input=None, output=None, task=None)
    card = ModelStore([tmp_path]).card("tiny")
    assert card.meanings == ("fire", "smoke")
    assert (card.input.width, card.input.height, card.output) == (64, 64, "anchors")


def test_a_whole_card_needs_no_look_at_the_weights(tmp_path: Path) -> None:
    (write(tmp_path) / "model.onnx").write_bytes(b"not even ONNX")
    assert ModelStore([tmp_path]).card("tiny").name == "tiny"


def test_other_weights_are_refused_with_both_digests(tmp_path: Path) -> None:
    folder = write(tmp_path)
    changed = WEIGHTS + b"\0"
    (folder / "model.onnx").write_bytes(changed)
    with pytest.raises(ModelError) as caught:
        ModelStore([tmp_path]).load("tiny")
    assert f"expected sha256 {hashlib.sha256(WEIGHTS).hexdigest()}" in str(caught.value)
    assert f"found {hashlib.sha256(changed).hexdigest()}" in str(caught.value)


def _lose_card(folder: Path) -> None:
    (folder / "card.yaml").unlink()


def _lose_weights(folder: Path) -> None:
    (folder / "model.onnx").unlink()


def _spoil_card(folder: Path) -> None:
    (folder / "card.yaml").write_text("name: [")


def _empty_card(folder: Path) -> None:
    (folder / "card.yaml").write_text("")


def _silence_card(folder: Path) -> None:
    (folder / "card.yaml").write_text("name: tiny\n")
    (folder / "model.onnx").write_bytes(b"no ONNX")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_lose_card, r"card\.yaml: can not be read"),
        (_lose_weights, r"model\.onnx: can not be read"),
        (_spoil_card, "not valid YAML"),
        (_empty_card, "expected a mapping"),
        (_silence_card, "onnxruntime can not load it"),
    ],
)
def test_a_spoilt_folder_is_listed_with_what_is_wrong(spoil: Any, said: str, tmp_path: Path) -> None:
    write(tmp_path, "good")
    spoil(write(tmp_path))
    good, spoilt = ModelStore([tmp_path]).list()
    assert (good.name, good.fault, good.card is not None) == ("good", None, True)
    assert spoilt.fault is not None
    with pytest.raises(ModelError, match=said):
        ModelStore([tmp_path]).load("tiny")


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    write(tmp_path, "a")
    write(tmp_path, "b")
    (tmp_path / "notes").mkdir()  # no model
    with pytest.raises(ModelError, match=r"no model 'c' in .*, there are: a, b$"):
        ModelStore([tmp_path]).load("c")


def test_the_installed_models_are_whole() -> None:
    states = ModelStore.installed().list()
    assert {"fire-smoke", "ppe"} <= {state.name for state in states}
    assert [state.fault for state in states] == [None] * len(states)


def test_a_site_may_change_thresholds(tmp_path: Path) -> None:
    write(tmp_path)
    card = ModelStore([tmp_path]).card("tiny").with_thresholds({"smoke": 0.8})
    assert [c.threshold for c in card.classes] == [0.5, 0.8]
