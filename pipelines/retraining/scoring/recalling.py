"""A detector that runs its network once a view and answers for any thresholds out of memory."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

import numpy as np
from numpy.typing import NDArray

from pipelines.detect import WHOLE, Card, Detector
from pipelines.detect.decode import merge_views
from pipelines.detect.detector import FLOOR_SHARE
from pipelines.detections import Detections
from pipelines.frame import Frame
from pipelines.retraining.scoring.predictions import lowered


class RecallingDetector(Detector):
    """Gives what a detector with the card's thresholds would give, to the last box.

    Suppression goes from the best box down, so leaving out weak boxes before or after it comes to the same.
    What is remembered is the frame of the moment: plans that run side by side over one recording share it.

    Args:
        card: what the model is.
        weights: the ONNX file's bytes.
    """

    def __init__(self, card: Card, weights: bytes) -> None:
        super().__init__(lowered(card), weights)
        self.card = card
        self._memory: dict[tuple[str, int, bytes], Detections] = {}

    def at(self, thresholds: Mapping[str, float]) -> RecallingDetector:
        """One with other thresholds, by class name, that shares network and memory."""
        twin = copy(self)
        twin.card = self.card.with_thresholds(thresholds)
        return twin

    def detect(self, frame: Frame, views: NDArray[np.float32] = WHOLE) -> Detections:
        """As `Detector.detect`."""
        floors = self.card.thresholds * np.float32(FLOOR_SHARE)
        parts = [self._recalled(frame, view) for view in views]
        return merge_views([part.pick(part.confidence >= floors[part.class_id]) for part in parts])

    def _recalled(self, frame: Frame, view: NDArray[np.float32]) -> Detections:
        key = (frame.source, frame.sequence, view.tobytes())
        if key not in self._memory:
            if any(old[:2] != key[:2] for old in self._memory):
                self._memory.clear()
            self._memory[key] = super().detect(frame, view[None])
        return self._memory[key]
