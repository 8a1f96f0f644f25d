"""Exporting a checkpoint, where the training extra is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.errors import ModelError
from pipelines.retraining.training.export import export_model

CARD = {
    "version": "0.0.1",
    "task": "detect",
    "input": {"width": 64, "height": 64},
    "licence": "AGPL-3.0-or-later",
    "training_data": "none",
    "classes": {"fire": {"means": "fire", "threshold": 0.3}, "smoke": {"means": "smoke", "threshold": 0.3}},
}


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ultralytics", None)
    with pytest.raises(ModelError, match=r"pip install 'lookout-agent\[train\]'"):
        export_model(tmp_path / "x.pt", tmp_path / "model", CARD)


@pytest.mark.filterwarnings("default")
def test_a_pose_checkpoint_becomes_one_that_sees_poses(shared: Path, tmp_path: Path) -> None:
    pytest.importorskip("ultralytics", reason="needs the extra `train`")
    from edge.model_store import ModelStore
    from pipelines.detect import Detector

    card = {**CARD, "task": "pose", "classes": {"person": {"means": "person", "threshold": 0.3}}}
    export_model(shared / "data" / "weights" / "yolo11n-pose.pt", tmp_path / "tiny-pose", card)
    model = ModelStore([tmp_path]).load("tiny-pose")
    assert Detector(model.card, model.weights).card.sees == ("person", "pose")


@pytest.mark.filterwarnings("default")
def test_a_checkpoint_becomes_a_model_folder(shared: Path, tmp_path: Path) -> None:
    pytest.importorskip("ultralytics", reason="needs the extra `train`")
    from edge.model_store import ModelStore
    from pipelines.detect import Detector

    weights = shared / "data" / "weights" / "fire-smoke-start.pt"
    export_model(weights, tmp_path / "tiny-fire", CARD)
    model = ModelStore([tmp_path]).load("tiny-fire")
    assert Detector(model.card, model.weights).card.name == "tiny-fire"
    with pytest.raises(ModelError, match=r"card names the classes \['fire'\], the checkpoint has"):
        export_model(weights, tmp_path / "other", {**CARD, "classes": {"fire": CARD["classes"]["fire"]}})  # type: ignore[index]
