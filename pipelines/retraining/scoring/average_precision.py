"""Average precision by pycocotools, and which boxes it took for right."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import ModelError
from pipelines.retraining.scoring.predictions import Predictions

MAX_DETECTIONS = 300
"""Boxes of a class that count in one picture, as in Ultralytics' validation; COCO's own 100 would be fewer."""

SIZES = {"small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
"""COCO's ranges of a box's area, in pixels of the picture as it is stored."""

_EVERY_SIZE = (0.0, 1e10)
_IOU_50 = np.array([0.5])

# A person's outline fills about this share of the box; the scale of OKS is the outline's area (Ultralytics does so).
_OUTLINE_SHARE = 0.53


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """The boxes of one class in all pictures, best first, matched with the labels at IoU 0.5.

    Attributes:
        score: `(n,)` float64.
        right: `(n,)` bool, it was matched with a label that no better box had.
        picture: `(n,)` int64, index of its picture.
        labels: `(pictures,)` int64, labels of the class in each picture.
    """

    score: NDArray[np.float64]
    right: NDArray[np.bool_]
    picture: NDArray[np.int64]
    labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Precision:
    """What COCO's evaluation came to.

    Attributes:
        ap: `(10, classes)` average precision by IoU 0.5 to 0.95 and class; NaN where nothing is labelled.
        sizes: `(3, classes)` average precision at IoU 0.5 by size of the label (`SIZES`) and class.
        matches: one a class.
    """

    ap: NDArray[np.float64]
    sizes: NDArray[np.float64]
    matches: tuple[Matches, ...]


def average_precision(predictions: Predictions, kind: str = "bbox") -> Precision:
    """Score boxes (`bbox`) or, by object keypoint similarity, poses (`keypoints`).

    Raises:
        ModelError: pycocotools is not installed.
    """
    labels, found = _labels(predictions, kind), _found(predictions, kind)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints as it goes
        truth, seen = _coco(predictions, labels), _coco(predictions, found)
        every = _evaluated(predictions, truth, seen, kind)
        # The strict IoUs are not asked for by size: COCO's matching runs in Python, once for each of them.
        by_size = _evaluated(predictions, truth, seen, kind, tuple(SIZES.values()), _IOU_50)
    matches = tuple(_matches(every.evalImgs, k, predictions) for k in range(len(predictions.classes)))
    return Precision(_ap(every)[:, :, 0], _ap(by_size)[0].T, matches)


def _evaluated(
    predictions: Predictions,
    truth: Any,
    seen: Any,
    kind: str,
    sizes: Sequence[tuple[float, float]] = (_EVERY_SIZE,),
    ious: NDArray[np.float64] | None = None,
) -> Any:
    from pycocotools.cocoeval import COCOeval

    evaluation = COCOeval(truth, seen, kind)
    settings = evaluation.params
    settings.imgIds = list(range(len(predictions.pictures)))
    settings.catIds = list(range(len(predictions.classes)))
    settings.maxDets = [MAX_DETECTIONS]
    settings.areaRng, settings.areaRngLbl = [list(size) for size in sizes], [str(size) for size in sizes]
    if ious is not None:
        settings.iouThrs = ious
    if kind == "keypoints" and len(predictions.keypoints) != len(settings.kpt_oks_sigmas):
        # The spread of people's marks is known for COCO's 17 only; Ultralytics takes 1 / k for others.
        settings.kpt_oks_sigmas = np.full(len(predictions.keypoints), 1 / len(predictions.keypoints))
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation


def _ap(evaluation: Any) -> NDArray[np.float64]:
    """`(IoU, class, size)`; COCO writes -1 where nothing is labelled."""
    precision = evaluation.eval["precision"][..., 0]  # (IoU, recall, class, size)
    return np.where((precision < 0).any(axis=1), np.nan, precision.mean(axis=1))


def _matches(judged: Sequence[dict[str, Any] | None], class_id: int, predictions: Predictions) -> Matches:
    """Of one class: COCO keeps its results by class, then picture."""
    count = len(predictions.pictures)
    first = class_id * count
    scores: list[NDArray[np.float64]] = [np.empty(0)]
    right: list[NDArray[np.bool_]] = [np.empty(0, bool)]
    pictures: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    labels = np.zeros(count, np.int64)
    for picture, one in enumerate(judged[first : first + count]):
        if one is not None:
            scores.append(np.array(one["dtScores"], np.float64))
            right.append(np.array(one["dtMatches"][0] > 0, bool))
            pictures.append(np.full(len(scores[-1]), picture, np.int64))
            labels[picture] = len(one["gtIds"])
    every = np.concatenate(scores)
    order = np.argsort(-every, kind="stable")
    return Matches(every[order], np.concatenate(right)[order], np.concatenate(pictures)[order], labels)


def _coco(predictions: Predictions, marks: list[dict[str, Any]]) -> Any:
    try:
        from pycocotools.coco import COCO
    except ImportError as error:
        raise ModelError("scoring needs pycocotools: pip install 'lookout-agent[models]'") from error
    made = COCO()
    made.dataset = {
        "images": [{"id": place} for place in range(len(predictions.pictures))],
        "categories": [{"id": place} for place in range(len(predictions.classes))],
        "annotations": marks,
    }
    made.createIndex()
    return made


def _labels(predictions: Predictions, kind: str) -> list[dict[str, Any]]:
    marks: list[dict[str, Any]] = []
    for picture, labels in enumerate(predictions.labels):
        for place in range(len(labels)):
            mark = _mark(len(marks), picture, int(labels.class_id[place]), labels.xyxy[place])
            if kind == "keypoints":
                points = labels.keypoints[place].astype(np.float64)
                mark |= {"keypoints": points.ravel().tolist(), "num_keypoints": int((points[:, 2] > 0).sum())}
                mark["area"] *= _OUTLINE_SHARE
            marks.append(mark)
    return marks


def _found(predictions: Predictions, kind: str) -> list[dict[str, Any]]:
    marks: list[dict[str, Any]] = []
    for picture, found in enumerate(predictions.found):
        for place in range(len(found)):
            mark = _mark(len(marks), picture, int(found.class_id[place]), found.xyxy[place])
            if kind == "keypoints":
                mark["keypoints"] = found.keypoints[place].astype(np.float64).ravel().tolist()
            marks.append({**mark, "score": float(found.confidence[place])})
    return marks


def _mark(number: int, picture: int, class_id: int, xyxy: NDArray[np.float32]) -> dict[str, Any]:
    """A box as COCO writes it; ids begin at 1, since it takes 0 for «not matched»."""
    x1, y1, x2, y2 = (float(edge) for edge in xyxy)
    wide, tall = x2 - x1, y2 - y1
    box = [x1, y1, wide, tall]
    return {
        "id": number + 1, "image_id": picture, "category_id": class_id, "bbox": box, "area": wide * tall, "iscrowd": 0
    }  # fmt: skip
