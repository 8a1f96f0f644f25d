"""Loop A's detector: Ultralytics' own `predict`, wrapped so that the same tracker and rules follow it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import ModelError
from edge.model_store import LoadedModel
from pipelines.detect import WHOLE, Detector, Request, Seen
from pipelines.detect.detector import FLOOR_SHARE
from pipelines.detections import Detections
from pipelines.frame import Frame


def load_predict(model: LoadedModel, weights: str | None = None) -> Callable[[NDArray[np.uint8]], Any]:
    """`YOLO(weights).predict` with the card's input size and thresholds; takes a picture `(h, w, 3)` uint8 BGR.

    Args:
        model: the model.
        weights: another file of its folder than the card's.

    Raises:
        ModelError: ultralytics is not installed, or can not load the file.
    """
    # It would install packages, and write its settings into the home folder.
    os.environ.setdefault("YOLO_AUTOINSTALL", "False")
    os.environ.setdefault("YOLO_VERBOSE", "False")
    try:
        from ultralytics import YOLO
    except ImportError as error:
        raise ModelError("ultralytics is not installed: pip install 'lookout-agent[train]'") from error
    path: Path = model.folder / (weights or model.card.weights)
    spec = model.card.input
    floor = float(model.card.thresholds.min() * FLOOR_SHARE)
    yolo = YOLO(str(path), task=model.card.task)

    def predict(picture: NDArray[np.uint8]) -> Any:
        return yolo.predict(
            picture, imgsz=(spec.height, spec.width), conf=floor, iou=model.card.nms_iou, device="cpu", verbose=False
        )[0]

    try:
        predict(np.zeros((spec.height, spec.width, 3), np.uint8))
    except Exception as error:  # ultralytics raises whatever its backends do
        raise ModelError(f"ultralytics can not run {path.name}: {error}") from error
    return predict


class PredictDetector(Detector):
    """Looks at whole frames with `predict`, and at what a rule wants to see closer."""

    def __init__(self, model: LoadedModel) -> None:
        super().__init__(model.card, model.weights)
        self._predict = load_predict(model)
        self.picture: NDArray[np.uint8] | None = None  # the frame in colour, as the decoder converts it

    def detect(self, frame: Frame, views: NDArray[np.float32] = WHOLE) -> Detections:
        """As `Detector.detect`; of several views the first alone, which is the whole frame."""
        x1, y1, x2, y2 = (round(float(v)) for v in views[0] * np.array([frame.width, frame.height] * 2, np.float32))
        picture = (frame.bgr() if self.picture is None else self.picture)[y1:y2, x1:x2]
        data = np.asarray(self._predict(np.ascontiguousarray(picture)).boxes.data.cpu().numpy(), np.float32)
        class_id = data[:, 5].astype(np.int64)
        keep = data[:, 4] >= self.card.thresholds[class_id] * FLOOR_SHARE
        corner = np.array([x1, y1, x1, y1], np.float32)
        return Detections(data[keep, :4] + corner, data[keep, 4], class_id[keep])

    def detect_together(self, requests: Sequence[Request]) -> list[Seen]:
        """As `Detector.detect_together`, one frame after another."""
        return [Seen(self.detect(one.frame, one.views), one.views[:1]) for one in requests]
