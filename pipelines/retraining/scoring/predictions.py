"""What a model says of labelled pictures: the agent's own detector, down to hardly any confidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.errors import DatasetError
from pipelines.detect import Card, Detector
from pipelines.detect.detector import FLOOR_SHARE
from pipelines.detections import Detections
from pipelines.frame import Frame, from_bgr
from pipelines.retraining.data.dataset import Dataset, Labels, Picture

LOWEST = 0.001
"""Confidence from which boxes are kept: what Ultralytics' validation keeps, so that figures can be compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Labels and detections of the same pictures, in the classes that data and card share.

    Attributes:
        card: of the model.
        classes: the shared classes, by the card's names and in its order; every `class_id` here is an index into them.
        keypoints: names of the keypoints that both have, in the card's order; empty unless both know poses.
        pictures: path and group of each.
        labels: one entry a picture.
        found: one entry a picture, from `LOWEST` on, in pixels of the picture.
        empty: `(pictures,)` bool, nothing at all is labelled there, in no class of the data.
        only_card: classes of the card that the data does not label; left out.
        only_data: classes of the data that the card does not know; left out.
    """

    card: Card
    classes: tuple[str, ...]
    keypoints: tuple[str, ...]
    pictures: tuple[Picture, ...]
    labels: tuple[Labels, ...]
    found: tuple[Detections, ...]
    empty: NDArray[np.bool_]
    only_card: tuple[str, ...]
    only_data: tuple[str, ...]

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """The card's threshold of each shared class: `(classes,)`."""
        by_name = {each.name: each.threshold for each in self.card.classes}
        return np.array([by_name[name] for name in self.classes], np.float32)

    @property
    def groups(self) -> tuple[str, ...]:
        """The group of each picture."""
        return tuple(picture.group for picture in self.pictures)


def predict(
    card: Card, weights: bytes, dataset: Dataset, *, threads: int = 1, advance: Callable[[], object] = lambda: None
) -> Predictions:
    """Run a model over a data set.

    Args:
        card: what the model is.
        weights: the ONNX file's bytes.
        dataset: pictures with labels.
        threads: of the inference.
        advance: called after each picture.

    Raises:
        DatasetError: there are no pictures, one can not be read, no class has the same name in data and card, or both
            know poses and their keypoints differ.
        ModelError: the weights do not fit the card.
    """
    if not dataset.pictures:
        raise DatasetError(f"{dataset.name}: no pictures to score a model on")
    shared = _shared([each.name for each in card.classes], dataset)
    points = _points(card, dataset)
    detector = Detector(lowered(card), weights, threads=threads)
    of_card, of_data = np.full(len(card.classes), -1), np.full(len(dataset.classes), -1)
    for place, (ours, theirs) in enumerate(shared):
        of_card[ours], of_data[theirs] = place, place
    labels, found = [], []
    for picture in dataset.pictures:
        labels.append(_relabelled(picture.labels, of_data, points))
        seen = detector.detect(read_picture(picture.path))
        seen = seen.pick(of_card[seen.class_id] >= 0)
        found.append(replace(seen, class_id=of_card[seen.class_id]))
        advance()
    return Predictions(
        card=card,
        classes=tuple(card.classes[ours].name for ours, _ in shared),
        keypoints=card.keypoints if len(points) else (),
        pictures=dataset.pictures,
        labels=tuple(labels),
        found=tuple(found),
        empty=np.array([len(picture.labels) == 0 for picture in dataset.pictures], bool),
        only_card=tuple(each.name for place, each in enumerate(card.classes) if of_card[place] < 0),
        only_data=tuple(name for place, name in enumerate(dataset.classes) if of_data[place] < 0),
    )


def lowered(card: Card) -> Card:
    """The card with thresholds so low that its detector hands on everything from `LOWEST` on."""
    return card.with_thresholds({each.name: LOWEST / FLOOR_SHARE for each in card.classes})


def read_picture(path: Path) -> Frame:
    """A picture file as the pipeline's frame, turned upright as its EXIF data asks.

    Raises:
        DatasetError: it is gone, or not a picture.
    """
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise DatasetError(f"{path}: can not be read: {error.strerror}") from error
    picture = cv2.imdecode(content, cv2.IMREAD_COLOR) if len(content) else None
    if picture is None:
        raise DatasetError(f"{path}: is not a picture")
    return from_bgr(np.asarray(picture, np.uint8))


def _relabelled(labels: Labels, to: NDArray[np.int64], points: NDArray[np.int64]) -> Labels:
    kept = labels.pick(to[labels.class_id] >= 0)
    return Labels(kept.xyxy, to[kept.class_id], kept.keypoints[:, points])


def _points(card: Card, dataset: Dataset) -> NDArray[np.int64]:
    """Where each of the card's keypoints stands in the data; none unless both know poses."""
    if not card.keypoints or not dataset.keypoints:
        return np.empty(0, np.int64)
    if set(card.keypoints) != set(dataset.keypoints):
        raise DatasetError(
            f"{dataset.name}: keypoints are not those of model {card.name}: "
            f"the data has {', '.join(dataset.keypoints)}; the card has {', '.join(card.keypoints)}"
        )
    return np.array([dataset.keypoints.index(name) for name in card.keypoints], np.int64)


def _shared(ours: Sequence[str], dataset: Dataset) -> list[tuple[int, int]]:
    """Indices of the classes with the same name, first in the card, then in the data."""
    pairs = [(place, dataset.classes.index(name)) for place, name in enumerate(ours) if name in dataset.classes]
    if not pairs:
        raise DatasetError(
            f"{dataset.name}: no class has the same name in data and card: "
            f"the data has {', '.join(dataset.classes)}; the card has {', '.join(ours)}"
        )
    return pairs
