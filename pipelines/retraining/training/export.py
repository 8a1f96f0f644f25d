"""From trained weights to a model folder. Imports ultralytics inside the function only."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from calibration.errors import ModelError
from pipelines.detect.metadata import keypoint_names


def export_model(weights: Path, folder: Path, card: Mapping[str, Any]) -> Path:
    """Write `folder/model.onnx` and `folder/card.yaml`.

    Args:
        weights: an Ultralytics checkpoint for detection or poses (`.pt`).
        folder: the model folder to write; its name becomes the model's name.
        card: every field of the card but `name`, `weights`, `sha256` and `output`; `classes` maps
            each of the checkpoint's class names to `{means, threshold}`. A pose's `keypoints` may be left out:
            the checkpoint's names, or COCO's where it has 17 without names.

    Returns:
        The card's path.

    Raises:
        ModelError: ultralytics is missing, or the card's classes are not the checkpoint's.
    """
    try:
        from ultralytics import YOLO
    except ImportError as error:
        raise ModelError("exporting needs ultralytics: pip install 'lookout-agent[train]'") from error
    size = card["input"]
    with tempfile.TemporaryDirectory() as scratch:
        local = Path(scratch) / weights.name
        shutil.copyfile(weights, local)
        model = YOLO(str(local))
        names = [str(model.names[i]) for i in sorted(model.names)]
        classes = card["classes"]
        if set(classes) != set(names):
            raise ModelError(
                f"{weights}: the card names the classes {sorted(classes)}, the checkpoint has {sorted(names)}"
            )
        exported = Path(
            model.export(format="onnx", imgsz=[size["height"], size["width"]], simplify=True, dynamic=False, opset=17)
        )
        folder.mkdir(parents=True, exist_ok=True)
        _without_origin(exported, folder / "model.onnx")
    digest = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    filled = {
        "name": folder.name,
        **{k: v for k, v in card.items() if k != "classes"},
        **_keypoints(model, card),
        "classes": [{"name": n, **classes[n]} for n in names],
        "output": "anchors",
        "weights": "model.onnx",
        "sha256": digest,
    }
    path = folder / "card.yaml"
    path.write_text(yaml.safe_dump(filled, sort_keys=False, allow_unicode=True, width=100), encoding="utf-8")
    return path


def _without_origin(exported: Path, target: Path) -> None:
    """Copy it without Ultralytics' description: that names a folder of the machine that trained."""
    import onnx

    model = onnx.load(str(exported))
    kept = [(each.key, each.value) for each in model.metadata_props if each.key != "description"]
    onnx.helper.set_model_props(model, dict(kept))
    onnx.save(model, str(target))


def _keypoints(model: Any, card: Mapping[str, Any]) -> dict[str, list[str]]:
    """What the card lacks of a pose."""
    if card.get("task") != "pose" or card.get("keypoints"):
        return {}
    said = {"kpt_shape": list(model.model.kpt_shape), "kpt_names": getattr(model.model, "kpt_names", None)}
    return {"keypoints": keypoint_names({name: str(value) for name, value in said.items()})}
