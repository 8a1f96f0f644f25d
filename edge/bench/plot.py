"""A record as a picture: cameras of each loop, on a logarithmic scale."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calibration.errors import ModelError
from edge.bench.record import CONDITIONS, LOOPS

_WIDTH = 0.2


def draw_cameras(record: Mapping[str, Any], path: Path) -> None:
    """Bars of the cameras that each loop sustains, one group a condition. A PNG.

    Raises:
        ModelError: matplotlib is missing.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ModelError("plots need matplotlib: pip install 'lookout-agent[models]'") from error
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    for i, loop in enumerate(LOOPS):
        values = [record["cameras"][condition][loop] or 0.0 for condition in CONDITIONS]
        places = [at + (i - 1.5) * _WIDTH for at in range(len(CONDITIONS))]
        bars = axes.bar(places, values, _WIDTH, label=loop)
        axes.bar_label(bars, labels=[f"{value:.3g}" if value else "–" for value in values], fontsize=8)
    axes.set(title=f"Cameras on {record['machine']['cores']} cores", ylabel="cameras", yscale="symlog", ylim=(0, None))
    axes.set_xticks(range(len(CONDITIONS)), ["all quiet", "10 % active", "10 % active, sub-stream"])
    axes.legend(title="loop")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
