"""Scores of a model on labelled pictures."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.retraining.scoring.average_precision import MAX_DETECTIONS, SIZES, Matches, Precision, average_precision
from pipelines.retraining.scoring.bootstrap import draws, interval, over, weighted_ap50
from pipelines.retraining.scoring.predictions import Predictions

FALSE_SHARE = 0.05
"""Share of the empty pictures that may show a class when models are compared by the pictures they recognise."""

Interval = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class ClassScores:
    """One class. A figure with nothing to divide by is None.

    Attributes:
        ap50: average precision at IoU 0.5.
        ap50_95: the mean over IoU 0.5 to 0.95.
        precision: share of the boxes at the card's threshold that are right.
        recall: share of the labels that these boxes find.
        threshold: the card's.
        labels: how many.
        recognised: share of the pictures with the class in which it is seen anywhere at the card's threshold.
        recognised_at_5pc: the same at the threshold that shows the class in 5 % of the empty pictures.
        fp_per_empty: its boxes at the card's threshold per empty picture.
        interval: of `ap50`, by bootstrap over groups.
    """

    ap50: float | None
    ap50_95: float | None
    precision: float | None
    recall: float | None
    threshold: float
    labels: int
    recognised: float | None
    recognised_at_5pc: float | None
    fp_per_empty: float | None
    interval: Interval


@dataclass(frozen=True, slots=True)
class ImageScores:
    """A model on a split.

    Attributes:
        map50: mean of the classes' `ap50`.
        map50_95: mean of their `ap50_95`.
        classes: by name.
        fp_per_empty: boxes at the card's thresholds per empty picture; None without any.
        pictures: how many.
        empty: how many of them have no label at all.
        sizes: AP50 by the size of the labels' boxes (COCO's 32² and 96² px), mean over classes.
        keypoints: `oks50` and `oks50_95`, for poses; None otherwise.
        interval: of `map50`, by bootstrap over groups.
        groups: how many groups were drawn from.
        max_detections: boxes of a class that count in one picture.
        left_out: classes that only the card or only the data has.
    """

    map50: float | None
    map50_95: float | None
    classes: dict[str, ClassScores]
    fp_per_empty: float | None
    pictures: int
    empty: int
    sizes: dict[str, float | None]
    keypoints: dict[str, float | None] | None
    interval: Interval
    groups: int
    max_detections: int
    left_out: dict[str, tuple[str, ...]]

    def record(self) -> dict[str, Any]:
        """As JSON, to four decimals."""
        told: dict[str, Any] = rounded(asdict(self))
        return told


def evaluate_images(predictions: Predictions, scored: Precision | None = None) -> ImageScores:
    """Score them.

    Args:
        predictions: of the model.
        scored: their average precision, if it is known already.

    Raises:
        ModelError: pycocotools is not installed.
    """
    scored = scored or average_precision(predictions)
    weights = draws(predictions.groups)
    rounds = np.stack([over(weights, partial(weighted_ap50, matches)) for matches in scored.matches], axis=1)
    classes = {
        name: _class(predictions, scored, k, interval(rounds[:, k])) for k, name in enumerate(predictions.classes)
    }
    sizes = {name: known(_mean(scored.sizes[place])) for place, name in enumerate(SIZES)}
    return ImageScores(
        map50=known(_mean(scored.ap[0])),
        map50_95=known(_mean(scored.ap)),
        classes=classes,
        fp_per_empty=_total([each.fp_per_empty for each in classes.values()]),
        pictures=len(predictions.pictures),
        empty=int(predictions.empty.sum()),
        sizes=sizes,
        keypoints=_keypoints(predictions),
        interval=interval(mean_of_classes(rounds)),
        groups=len(set(predictions.groups)),
        max_detections=MAX_DETECTIONS,
        left_out={"card": predictions.only_card, "data": predictions.only_data},
    )


def best_in_picture(matches: Matches) -> NDArray[np.float64]:
    """The highest score of the class in each picture, right or wrong: `(pictures,)`, 0 where there is none."""
    best = np.zeros(len(matches.labels), np.float64)
    np.maximum.at(best, matches.picture, matches.score)
    return best


def mean_of_classes(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last axis of what is known; NaN where nothing is."""
    there = ~np.isnan(values)
    count = there.sum(axis=-1)
    total = np.where(there, values, 0.0).sum(axis=-1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan), np.float64)


def known(value: float) -> float | None:
    """None in place of NaN."""
    return None if math.isnan(value) else float(value)


def share(part: float, whole: float) -> float | None:
    """None where there is nothing to divide by."""
    return float(part / whole) if whole else None


def _class(predictions: Predictions, scored: Precision, k: int, bounds: Interval) -> ClassScores:
    matches, threshold = scored.matches[k], float(predictions.thresholds[k])
    shown = matches.score >= threshold
    right, labels = int((matches.right & shown).sum()), int(matches.labels.sum())
    best, has, empty = best_in_picture(matches), matches.labels > 0, predictions.empty
    on_empty = int((shown & empty[matches.picture]).sum())
    strict = np.quantile(best[empty], 1 - FALSE_SHARE) if empty.any() else np.inf
    return ClassScores(
        ap50=known(float(scored.ap[0, k])),
        ap50_95=known(_mean(scored.ap[:, k])),
        precision=share(right, int(shown.sum())),
        recall=share(right, labels),
        threshold=threshold,
        labels=labels,
        recognised=share(int((best[has] >= threshold).sum()), int(has.sum())),
        recognised_at_5pc=share(int((best[has] > strict).sum()), int(has.sum())) if empty.any() else None,
        fp_per_empty=share(on_empty, int(empty.sum())),
        interval=bounds,
    )


def _keypoints(predictions: Predictions) -> dict[str, float | None] | None:
    if not predictions.keypoints:
        return None
    ap = average_precision(predictions, "keypoints").ap
    return {"oks50": known(_mean(ap[0])), "oks50_95": known(_mean(ap))}


def _mean(values: NDArray[np.float64]) -> float:
    return float(mean_of_classes(values.ravel()))


def _total(values: list[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return sum(there) if there else None


def rounded(value: Any) -> Any:
    """The same as JSON has it: numbers to four decimals, lists for tuples and arrays, None for NaN."""
    if isinstance(value, np.ndarray):
        return rounded(value.tolist())
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return value
