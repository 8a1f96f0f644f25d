"""Pictures of how far a confidence can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from calibration.errors import ModelError
from calibration.thresholds import Reliability
from pipelines.retraining.scoring.average_precision import Matches


def draw_reliability(by_class: Mapping[str, Reliability], path: Path) -> None:
    """Share of boxes that are right over their confidence, a point's area by its boxes; as a PNG.

    Raises:
        ModelError: matplotlib is missing.
    """
    figure, axes = _canvas()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="as it should be")
    for name, one in by_class.items():
        filled = one.count > 0
        line = axes.plot(one.confidence[filled], one.right[filled], label=f"{name}, error {one.error:.2f}")[0]
        sizes = 12 + 200 * one.count[filled] / max(int(one.count.max()), 1)
        axes.scatter(one.confidence[filled], one.right[filled], s=sizes, color=line.get_color(), alpha=0.5)
    axes.set(title="Reliability", xlabel="confidence", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1))
    _save(figure, axes, path)


def draw_precision_recall(by_class: Mapping[str, tuple[Matches, float]], path: Path) -> None:
    """Precision over recall at IoU 0.5, with a dot at each class's threshold; as a PNG.

    Args:
        by_class: the boxes and the threshold of each class.
        path: where to.

    Raises:
        ModelError: matplotlib is missing.
    """
    figure, axes = _canvas()
    for name, (matches, threshold) in by_class.items():
        labels, true = int(matches.labels.sum()), np.cumsum(matches.right)
        if not labels or not len(true):
            continue
        recall, precision = true / labels, true / np.arange(1, len(true) + 1)
        line = axes.plot(recall, precision, label=f"{name}, at {threshold:.2f}")[0]
        shown = int((matches.score >= threshold).sum())
        if shown:
            axes.plot(recall[shown - 1], precision[shown - 1], "o", color=line.get_color())
    axes.set(title="Precision and recall, IoU 0.5", xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    _save(figure, axes, path)


def _canvas() -> tuple[Any, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ModelError("drawing needs matplotlib: pip install 'lookout-agent[models]'") from error
    figure = Figure(figsize=(6, 5), layout="constrained")
    return figure, figure.subplots()


def _save(figure: Any, axes: Any, path: Path) -> None:
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
