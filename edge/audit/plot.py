"""Delays of the prefilter as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from calibration.errors import ModelError
from edge.audit.prefilter import Outcome


def draw_delays(outcomes: Sequence[Outcome], path: Path) -> None:
    """Delay over the time that a plume takes to grow, a line for each opacity; what was missed stands on top. A PNG.

    Raises:
        ModelError: matplotlib is missing.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ModelError("plots need matplotlib: pip install 'lookout-agent[models]'") from error
    smoke = [one for one in outcomes if one.opacity and one.weather == "calm"]
    longest = max((one.delay_s for one in smoke if one.delay_s is not None), default=1.0)
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    for opacity in sorted({one.opacity for one in smoke}):
        line = [one for one in smoke if one.opacity == opacity]
        found = [one for one in line if one.delay_s is not None]
        points = axes.scatter(
            [one.growth_s for one in found],
            [one.delay_s or 0.0 for one in found],
            label=f"hides {opacity:.0%}",
            alpha=0.7,
        )
        missed = [one.growth_s for one in line if one.delay_s is None]
        axes.scatter(missed, [longest * 1.1] * len(missed), marker="x", color=points.get_facecolor()[:1])
    axes.set(
        title="Prefilter: how late it points at smoke (× never)", xlabel="seconds to grow", ylabel="seconds late",
        xscale="log",
    )  # fmt: skip
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
