"""Pictures of how a training went."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from calibration.errors import ModelError

SHOWN = {
    "train/box_loss": "box loss", "train/cls_loss": "class loss", "train/pose_loss": "pose loss",
    "val/box_loss": "box loss, held out", "val/cls_loss": "class loss, held out",
    "metrics/mAP50(B)": "mAP50, held out", "metrics/mAP50-95(B)": "mAP50-95, held out",
}  # fmt: skip


def read_results(results: Sequence[Path]) -> dict[str, list[float]]:
    """The columns of several stages' `results.csv`, behind one another; a column that a stage lacks is NaN there.

    An epoch that was interrupted and done again stands twice in the file, and counts as it was done last.
    """
    rows = [row for path in results if path.is_file() for row in _rows(path)]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name, float("nan")) for row in rows] for name in names}


def draw_curves(results: Sequence[Path], path: Path) -> None:
    """Losses and accuracy by epoch, as a PNG.

    Raises:
        ModelError: matplotlib is missing.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ModelError("drawing needs matplotlib: pip install 'lookout-agent[models]'") from error
    columns = read_results(results)
    figure = Figure(figsize=(9, 4), layout="constrained")
    losses, accuracy = figure.subplots(1, 2)
    for name, words in SHOWN.items():
        if name in columns:
            axes = accuracy if name.startswith("metrics") else losses
            style = "--" if name.startswith("val") else "-"
            axes.plot(range(1, len(columns[name]) + 1), columns[name], style, label=words)
    for axes, title in ((losses, "Losses"), (accuracy, "Accuracy")):
        axes.set(title=title, xlabel="epoch")
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def _rows(path: Path) -> list[dict[str, float]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{name.strip(): float(value) for name, value in row.items() if value} for row in csv.DictReader(file)]
    return list({row["epoch"]: row for row in rows}.values())
