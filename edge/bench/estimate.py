"""From processor time at two loads to the cameras that fit, and what a figure's repeats say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from edge.bench.cameras import BUSY_EVERY

LIMIT = 0.85
"""Share of the cores that a loop may use and still be in time."""


@dataclass(frozen=True, slots=True)
class Load:
    """What some cameras cost.

    Attributes:
        cameras: how many.
        cpu: processor time over time, in cores.
    """

    cameras: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Line:
    """Cost of a loop: `base + cameras * each`, in cores."""

    base: float
    each: float

    def fit(self, cores: float, limit: float = LIMIT) -> float | None:
        """How many cameras fit into so many cores; None where a camera seems to cost nothing."""
        return (limit * cores - self.base) / self.each if self.each > 0 else None


def line(loads: Sequence[Load]) -> Line:
    """The line through loads by least squares; through the origin where there is but one, or else it would begin below.

    Raises:
        ValueError: there is none.
    """
    if not loads:
        raise ValueError("expected at least one load, found none")
    counts, cpus = (np.array(values, float) for values in zip(*((one.cameras, one.cpu) for one in loads), strict=True))
    if len(set(counts.tolist())) > 1:
        each, base = np.polyfit(counts, cpus, 1)
        if base >= 0:
            return Line(float(base), float(each))
    return Line(0.0, float(counts @ cpus / (counts @ counts)))


def mixed(quiet: float, busy: float) -> float:
    """Cost of a camera of which, at any moment, one in ten is active; of its two kinds, in cores."""
    return (quiet * (BUSY_EVERY - 1) + busy) / BUSY_EVERY


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with the spread of its repeats.

    Attributes:
        value: the median.
        low: the least.
        high: the largest.
        count: how many there were.
    """

    value: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        """The median of repeats.

        Raises:
            ValueError: there are none.
        """
        if not values:
            raise ValueError("expected at least one repeat, found none")
        return cls(float(median(values)), float(min(values)), float(max(values)), len(values))


def ratio(over: Sequence[float], under: Sequence[float]) -> Figure:
    """One cost over another, repeat by repeat: what disturbs both cancels out.

    Raises:
        ValueError: the repeats do not pair up, or one below the line is not above 0.
    """
    if len(over) != len(under) or any(value <= 0 for value in under):
        raise ValueError(f"expected pairs of costs above 0, found {list(over)} and {list(under)}")
    return Figure.of([a / b for a, b in zip(over, under, strict=True)])


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value that a share of all does not exceed, between two of them in proportion; None of nothing."""
    return float(np.quantile(list(values), share)) if len(values) else None
