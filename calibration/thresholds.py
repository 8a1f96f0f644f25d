"""Which confidence is enough: thresholds that keep false alarms rare, and whether confidence means what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Trial:
    """What one threshold came to.

    Attributes:
        threshold: confidence from which a detection counted.
        false_alarms: of the whole pipeline, on the footage.
        found: events found on the footage.
        empty_share: share of the empty pictures that showed the class; None without such pictures.
        f1: on labelled pictures; None without any.
    """

    threshold: float
    false_alarms: int
    found: int
    empty_share: float | None = None
    f1: float | None = None


def choose(trials: Sequence[Trial], most_alarms: float, most_empty: float) -> Trial | None:
    """The best of the thresholds from which on false alarms stay rare.

    A threshold is good if it and every higher one keep to both limits: between two bad ones a good one is luck.
    Of the good ones it is the one that finds the most events; then the one with the best F1; then the highest, since
    the lowest that short footage allows is a guess.

    Args:
        trials: any number of thresholds, in any order.
        most_alarms: false alarms allowed on the footage.
        most_empty: share of the empty pictures that may show the class; not asked where there are none.

    Returns:
        The chosen one, or None where even the highest does not keep to the limits.
    """
    good = []
    for trial in sorted(trials, key=lambda trial: -trial.threshold):
        if trial.false_alarms > most_alarms or (trial.empty_share is not None and trial.empty_share > most_empty):
            break
        good.append(trial)
    # The first of equals is the highest.
    return max(good, key=lambda trial: (trial.found, trial.f1 or 0.0), default=None)


def best_f1(scores: NDArray[np.float64], right: NDArray[np.bool_], labels: int) -> float | None:
    """The threshold with the highest F1, for a class that raises no alarm by itself.

    Args:
        scores: `(n,)` of all boxes, best first.
        right: `(n,)` which of them are right.
        labels: how many there are to be found.

    Returns:
        None where nothing right was found.
    """
    if not right.any():
        return None
    true = np.cumsum(right)
    f1 = 2 * true / (np.arange(1, len(scores) + 1) + labels)
    return float(scores[int(f1.argmax())])


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Does a confidence of 0.7 mean right seven times in ten?

    Attributes:
        edges: `(bins + 1,)` of the bins, 0–1.
        count: `(bins,)` boxes in each.
        confidence: `(bins,)` their mean confidence; NaN in an empty bin.
        right: `(bins,)` the share of them that is right; NaN in an empty bin.
        error: the expected calibration error: the mean gap between the two, each bin weighed by its boxes.
    """

    edges: NDArray[np.float64]
    count: NDArray[np.int64]
    confidence: NDArray[np.float64]
    right: NDArray[np.float64]
    error: float


def reliability(scores: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> Reliability:
    """Hold confidence against the share that is right (M. P. Naeini et al., AAAI 2015).

    Args:
        scores: `(n,)` 0–1.
        right: `(n,)`.
        bins: of equal width.
    """
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    filled = np.maximum(count, 1)
    confidence = np.where(count > 0, np.bincount(place, scores, bins) / filled, np.nan)
    share = np.where(count > 0, np.bincount(place, right.astype(float), bins) / filled, np.nan)
    gaps = np.nan_to_num(np.abs(confidence - share)) * count
    error = float(gaps.sum() / count.sum()) if count.sum() else float("nan")
    return Reliability(edges, count.astype(np.int64), confidence, share, error)
