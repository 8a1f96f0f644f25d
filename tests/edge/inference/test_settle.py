"""The real onnxruntime; what is faster is never asserted, only that what was chosen is what runs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from calibration.errors import ModelError
from edge.config.site import InferenceSettings
from edge.inference import Memory, Ready, remembered, settle
from edge.model_store import LoadedModel, ModelStore
from tests.edge.onnx_file import onnx_file
from tests.edge.test_model_store import WEIGHTS, write

OTHER = onnx_file(metadata={"names": "{0: 'fire', 1: 'smoke'}", "description": "the same in another precision"})
OTHER_DIGEST = hashlib.sha256(OTHER).hexdigest()
ALTERNATIVE = {"weights": "model.int8.onnx", "sha256": OTHER_DIGEST}


class Stage:
    """A model with two weights, and a memory on disk."""

    def __init__(self, folder: Path, alternative: dict[str, str] | None = ALTERNATIVE) -> None:
        self.folder = write(folder / "models", alternative=alternative)
        (self.folder / "model.int8.onnx").write_bytes(OTHER)
        self.store = ModelStore([folder / "models"])
        self.file = folder / "inference.json"

    @property
    def model(self) -> LoadedModel:
        return self.store.load("tiny")

    def settle(self, **how: Any) -> Ready:
        settings = InferenceSettings.model_validate(how)
        return settle({"tiny": self.model}, settings, self.store, Memory(self.file))["tiny"]

    def looked_up(self, **how: Any) -> Ready:
        settings = InferenceSettings.model_validate(how)
        return remembered(self.model, settings, self.store, Memory(self.file))

    def rewrite(self, **change: Any) -> None:
        content = json.loads(self.file.read_text())
        content["entries"][0] |= change
        self.file.write_text(json.dumps(content))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_the_first_start_measures_and_the_next_remembers(stage: Stage) -> None:
    first = stage.settle()
    assert "ms of processor time" in first.chosen.why
    assert first.detector.card.sha256 == first.chosen.setting.sha256
    again = stage.settle()
    assert again.chosen.setting == first.chosen.setting
    assert again.chosen.why == f"measured here: {first.chosen.why}"


def test_what_is_remembered_is_what_runs(stage: Stage) -> None:
    stage.settle()
    stage.rewrite(weights="model.int8.onnx", sha256=OTHER_DIGEST, threads=2, why="told so")
    for ready in (stage.settle(), stage.looked_up()):
        assert ready.detector.card.sha256 == OTHER_DIGEST
        assert ready.detector.card.weights == "model.int8.onnx"
        assert ready.chosen.record() == {
            "weights": "model.int8.onnx", "threads": 2, "provider": "cpu", "why": "measured here: told so",
        }  # fmt: skip


def test_a_look_without_starting_measures_nothing(stage: Stage) -> None:
    ready = stage.looked_up()
    assert ready.chosen.why == "a self-test at the next start will choose"
    assert ready.detector.card.sha256 == hashlib.sha256(WEIGHTS).hexdigest()
    assert not stage.file.exists()


def test_a_damaged_memory_is_measured_anew(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.settle()
    stage.file.write_text("{")
    assert not stage.settle().chosen.why.startswith("measured here")
    assert "measured anew" in caplog.text
    assert stage.settle().chosen.why.startswith("measured here")


def test_the_sites_threads_are_kept(stage: Stage) -> None:
    assert stage.settle(threads=3).chosen.setting.threads == 3


def test_without_anything_to_choose_nothing_is_measured(tmp_path: Path) -> None:
    stage = Stage(tmp_path, alternative=None)
    ready = stage.settle(threads=2)
    assert (ready.chosen.setting.threads, ready.chosen.why) == (2, "as the site says")
    assert not stage.file.exists()


def test_weights_beside_the_card_that_it_does_not_vouch_for_are_no_candidate(tmp_path: Path) -> None:
    stage = Stage(tmp_path, alternative=None)
    assert "model.int8.onnx" not in stage.settle().chosen.why
    stage.rewrite(weights="model.int8.onnx", sha256=OTHER_DIGEST)
    assert stage.settle().detector.card.sha256 == hashlib.sha256(WEIGHTS).hexdigest()


def test_an_alternative_with_another_digest_is_refused(stage: Stage) -> None:
    (stage.folder / "model.int8.onnx").write_bytes(OTHER + b"\0")
    with pytest.raises(
        ModelError, match=rf"model\.int8\.onnx: the weights are not those of the card: .*{OTHER_DIGEST}"
    ):
        stage.settle()
    (state,) = stage.store.list()
    assert state.fault is not None
    assert OTHER_DIGEST in state.fault


def test_a_missing_provider_is_named(stage: Stage) -> None:
    with pytest.raises(ModelError, match=r"coreml is not in this onnxruntime, which has .*cpu"):
        stage.settle(providers=["coreml"])


def test_without_a_memory_models_run_as_their_cards_say(stage: Stage) -> None:
    ready = settle({"tiny": stage.model}, InferenceSettings(), stage.store, None)["tiny"]
    assert (ready.chosen.setting.weights, ready.chosen.setting.threads) == ("model.onnx", 1)
    assert ready.chosen.why == "as its card says"
