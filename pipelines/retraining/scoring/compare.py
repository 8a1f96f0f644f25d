"""Two models on the same pictures: whose false positives are fewer when both find as much."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import DatasetError
from pipelines.retraining.scoring.average_precision import Matches, Precision
from pipelines.retraining.scoring.bootstrap import draws, interval, over, weighted_ap50
from pipelines.retraining.scoring.evaluate_images import (
    Interval,
    best_in_picture,
    known,
    mean_of_classes,
    rounded,
    share,
)
from pipelines.retraining.scoring.predictions import Predictions

RECALLS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


@dataclass(frozen=True, slots=True)
class EqualRecall:
    """One class where both models find as much. Pairs are the model under test and the other one.

    Attributes:
        recall: share that both find.
        threshold: the highest at which each does.
        fp_per_empty: boxes of the class from that threshold on per empty picture.
        fp_per_picture: wrong boxes from that threshold on per picture of the whole split.
    """

    recall: float
    threshold: tuple[float, float]
    fp_per_empty: tuple[float | None, float | None]
    fp_per_picture: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ClassComparison:
    """One class of two models.

    Attributes:
        ap50: how much higher the model under test is.
        interval: of it, by bootstrap over groups, both models on the same draws.
        boxes: at equal recall of the labels' boxes; the levels that both reach.
        pictures: at equal share of pictures in which the class is recognised at all.
    """

    ap50: float | None
    interval: Interval
    boxes: tuple[EqualRecall, ...]
    pictures: tuple[EqualRecall, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models; `map50` and its interval over the classes that both have."""

    model: str
    map50: float | None
    interval: Interval
    classes: dict[str, ClassComparison]

    def record(self) -> dict[str, Any]:
        """As JSON, to four decimals."""
        told: dict[str, Any] = rounded(asdict(self))
        return told


def compare(test: tuple[Predictions, Precision], other: tuple[Predictions, Precision]) -> Comparison:
    """Compare two models on the same pictures.

    Args:
        test: of the model under test.
        other: of the one it is held against.

    Raises:
        DatasetError: the pictures are not the same, or no class is in both.
    """
    if [p.sha256 for p in test[0].pictures] != [p.sha256 for p in other[0].pictures]:
        raise DatasetError("two models are compared on the same pictures only")
    names = [name for name in test[0].classes if name in other[0].classes]
    if not names:
        raise DatasetError(
            f"nothing to compare: {test[0].card.name} was scored on {', '.join(test[0].classes)}, "
            f"{other[0].card.name} on {', '.join(other[0].classes)}"
        )
    pairs = {name: (_of(test, name), _of(other, name)) for name in names}
    weights = draws(test[0].groups)
    gains = {name: _gains(pair, weights) for name, pair in pairs.items()}
    means = np.stack([rounds for _, rounds in gains.values()], axis=1)
    once = np.array([gain for gain, _ in gains.values()])
    classes = {
        name: ClassComparison(
            ap50=known(gains[name][0]),
            interval=interval(gains[name][1]),
            boxes=tuple(_levels(pair, _right, test[0].empty)),
            pictures=tuple(_levels(pair, _recognised, test[0].empty)),
        )
        for name, pair in pairs.items()
    }
    return Comparison(
        other[0].card.name, known(float(mean_of_classes(once))), interval(mean_of_classes(means)), classes
    )


Pair = tuple[Matches, Matches]


def _of(scored: tuple[Predictions, Precision], name: str) -> Matches:
    return scored[1].matches[scored[0].classes.index(name)]


def _gains(pair: Pair, weights: NDArray[np.int64]) -> tuple[float, NDArray[np.float64]]:
    """How much higher the first one's AP50 is: as it is, and in each round."""
    whole = np.ones(weights.shape[1], np.int64)
    ours, theirs = pair
    rounds = over(weights, lambda w: weighted_ap50(ours, w) - weighted_ap50(theirs, w))
    return weighted_ap50(ours, whole) - weighted_ap50(theirs, whole), rounds


def _right(matches: Matches) -> tuple[NDArray[np.float64], int]:
    """Scores of the right boxes, best first, and how many there could be."""
    return matches.score[matches.right], int(matches.labels.sum())


def _recognised(matches: Matches) -> tuple[NDArray[np.float64], int]:
    """Best scores of the pictures with the class, best first, and how many such pictures there are."""
    has = matches.labels > 0
    best = best_in_picture(matches)[has]
    return -np.sort(-best[best > 0]), int(has.sum())


def _levels(pair: Pair, hits: Any, empty: NDArray[np.bool_]) -> list[EqualRecall]:
    found, total = zip(*(hits(matches) for matches in pair), strict=True)
    rows = []
    for recall in RECALLS:
        need = int(np.ceil(recall * total[0] - 1e-9))
        if 0 < need <= min(len(scores) for scores in found):
            first, second = (float(scores[need - 1]) for scores in found)
            ours, theirs = _false(pair[0], first, empty), _false(pair[1], second, empty)
            rows.append(EqualRecall(recall, (first, second), (ours[0], theirs[0]), (ours[1], theirs[1])))
    return rows


def _false(matches: Matches, threshold: float, empty: NDArray[np.bool_]) -> tuple[float | None, float]:
    """Boxes per empty picture and wrong boxes per picture from a threshold on."""
    wrong = (matches.score >= threshold) & ~matches.right
    on_empty = int((wrong & empty[matches.picture]).sum())
    return share(on_empty, int(empty.sum())), int(wrong.sum()) / len(empty)
