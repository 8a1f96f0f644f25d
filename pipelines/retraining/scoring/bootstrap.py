"""How far a figure may be off: pictures of one clip say nearly the same, so whole groups are drawn anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.retraining.scoring.average_precision import Matches

ROUNDS = 1000
LEVEL = 0.95
_RECALLS = np.linspace(0, 1, 101)  # where COCO reads the precision


def draws(groups: Sequence[str], rounds: int = ROUNDS, seed: int = 0) -> NDArray[np.int64]:
    """How often each picture counts in each round: `(rounds, pictures)`; as many groups are drawn as there are."""
    names, place = np.unique(np.asarray(groups), return_inverse=True)
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=rounds)
    weights: NDArray[np.int64] = drawn[:, place].astype(np.int64)
    return weights


def interval(values: NDArray[np.float64], level: float = LEVEL) -> tuple[float, float] | None:
    """The percentile interval of bootstrapped values `(rounds,)`; None where most rounds had nothing to score."""
    known = values[~np.isnan(values)]
    if len(known) < len(values) / 2 or not len(known):
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def over(weights: NDArray[np.int64], figure: Callable[[NDArray[np.int64]], float]) -> NDArray[np.float64]:
    """A figure of each round: `(rounds, pictures) -> (rounds,)`."""
    return np.array([figure(each) for each in weights], np.float64)


def weighted_ap50(matches: Matches, weights: NDArray[np.int64]) -> float:
    """AP50 when each picture counts `weights` `(pictures,)` times; NaN without labels.

    The same arithmetic as COCO's evaluation on the matches that it made: the figures themselves are pycocotools',
    only their intervals come from here.
    """
    labels = int((matches.labels * weights).sum())
    if labels == 0:
        return float("nan")
    # Behind the last right box nothing changes the figure.
    last = int(np.flatnonzero(matches.right)[-1]) + 1 if matches.right.any() else 0
    weight, right = weights[matches.picture[:last]], matches.right[:last]
    true = np.cumsum(weight * right).astype(float)
    precision = true / np.maximum(np.cumsum(weight), 1e-9)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(true / labels, _RECALLS, side="left")
    reached = at < last
    return float(best[at[reached]].sum() / len(_RECALLS))
