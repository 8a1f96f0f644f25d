"""Builders of predictions, so that scores can be worked out on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from pipelines.detect import Card, CardClass, CardInput
from pipelines.detections import Detections
from pipelines.retraining.data.dataset import Labels, Picture
from pipelines.retraining.scoring.predictions import Predictions

Row = tuple[float, ...]
"""x1, y1, x2, y2, class; a detection's score behind them."""


def a_card(
    *classes: str, threshold: float = 0.5, task: Literal["detect", "pose"] = "detect", keypoints: tuple[str, ...] = ()
) -> Card:
    """A card whose classes mean nothing to the rules."""
    return Card(
        name="tiny",
        version="1",
        task=task,
        keypoints=keypoints,
        classes=tuple(CardClass(name=name, means="none", threshold=threshold) for name in classes),
        input=CardInput(width=64, height=64),
        output="anchors",
        licence="MIT",
        training_data="none",
        sha256="0" * 64,
    )


def labels_of(*rows: Row) -> Labels:
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Labels(table[:, :4], table[:, 4].astype(np.int64))


def detections_of(*rows: Row) -> Detections:
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 5], table[:, 4].astype(np.int64))


def predictions_of(
    labelled: list[list[Row]],
    found: list[list[Row]],
    classes: tuple[str, ...] = ("fire",),
    groups: tuple[str, ...] = (),
    threshold: float = 0.5,
) -> Predictions:
    """Pictures of 200×200 px with these labels and detections; each its own group unless said."""
    labels = [labels_of(*rows) for rows in labelled]
    names = groups or tuple(f"clip{i}" for i in range(len(labels)))
    pictures = [Picture(Path(f"{i}.jpg"), f"{i:064}", 200, 200, names[i], "val", labels[i]) for i in range(len(labels))]
    return Predictions(
        card=a_card(*classes, threshold=threshold),
        classes=classes,
        keypoints=(),
        pictures=tuple(pictures),
        labels=tuple(labels),
        found=tuple(detections_of(*rows) for rows in found),
        empty=np.array([len(each) == 0 for each in labels]),
        only_card=(),
        only_data=(),
    )


A, B, C = (10.0, 10.0, 50.0, 50.0), (100.0, 100.0, 120.0, 120.0), (60.0, 60.0, 180.0, 180.0)
"""Boxes of 40, 20 and 120 px: medium, small and large to COCO."""
ELSEWHERE = (150.0, 5.0, 190.0, 45.0)


def paper() -> Predictions:
    """Three fires, one of them missed, and an empty picture. Best first, what is found is right, wrong, right.

    Precision 1 up to recall 1/3, 2/3 up to recall 2/3, 0 beyond: of COCO's 101 points 34 at 1 and 33 at 2/3.
    """
    return predictions_of(
        [[(*A, 0), (*B, 0)], [(*C, 0)], []],
        [[(*A, 0, 0.9)], [(*C, 0, 0.7)], [(*ELSEWHERE, 0, 0.8), (*ELSEWHERE, 0, 0.3)]],
    )


PAPER_AP = (34 + 33 * 2 / 3) / 101
