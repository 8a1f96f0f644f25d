"""From a finished training to a candidate: the model folder that is measured, calibrated and released."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.retraining.training import recipe as recipes
from pipelines.retraining.training.curves import draw_curves, read_results
from pipelines.retraining.training.export import export_model
from pipelines.retraining.training.recipe import Recipe
from pipelines.retraining.training.train import Trained

METRICS = "metrics.json"
FIRST_VERSION = "0.1.0"
USUAL_THRESHOLD = 0.25


def make_candidate(recipe: Recipe, trained: Trained, folder: Path) -> Path:
    """Write the model folder `folder`: weights, card, `metrics.json` with how it was trained, curves.

    Returns:
        The card's path.

    Raises:
        ModelError: ultralytics or matplotlib is missing, or the checkpoint has other classes than the recipe.
    """
    shutil.rmtree(folder, ignore_errors=True)
    draft = recipe.card
    classes = {
        name: {"means": draft.means[name], "threshold": draft.threshold.get(name, USUAL_THRESHOLD)}
        for name in recipe.classes
    }
    card: dict[str, Any] = {
        "version": FIRST_VERSION,
        "task": recipe.task,
        "made_for": list(draft.made_for),
        "licence": draft.licence,
        "base": Path(recipe.base).name,
        "recipe": recipes.digest(recipe),
        "training_data": draft.training_data,
        "input": {"width": draft.size, "height": draft.size, "colour": "rgb", "layout": "nchw"},
        "nms_iou": draft.nms_iou,
        **({"doubles": draft.doubles} if draft.doubles != "suppressed" else {}),
        "classes": classes,
    }
    path = export_model(trained.weights, folder, card)
    draw_curves(trained.results, folder / "plots" / "curves.png")
    write_metrics(folder, "training", _told(trained))
    return path


def write_metrics(folder: Path, part: str, figures: Mapping[str, Any]) -> None:
    """Put one part (`training`, `images`, `clips`, …) into the folder's `metrics.json`, beside the others."""
    path = folder / METRICS
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    text = json.dumps({**known, part: figures}, ensure_ascii=False, indent=2)
    new = path.with_suffix(".new")
    new.write_text(text + "\n", encoding="utf-8")
    new.replace(path)


def _told(trained: Trained) -> dict[str, Any]:
    columns = read_results(trained.results)
    accuracy = columns.get("metrics/mAP50(B)", [])
    return {
        "hours": round(trained.hours, 2),
        "epochs": len(accuracy),
        "pictures": trained.staged.pictures,
        "empty": trained.staged.empty,
        "boxes": trained.staged.boxes,
        "withheld": trained.staged.withheld,
        "held_out_map50": [round(value, 4) for value in accuracy],
    }
