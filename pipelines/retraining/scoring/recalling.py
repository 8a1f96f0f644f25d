"""A detector that runs its network once a view and answers for any thresholds out of memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipelines.detect import WHOLE, Card, Detector, Request, Seen
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
        self._memory: dict[tuple[str, int, str, bytes], Seen] = {}

    def at(self, thresholds: Mapping[str, float]) -> RecallingDetector:
        """One with other thresholds, by class name, that shares network and memory."""
        twin = copy(self)
        twin.card = self.card.with_thresholds(thresholds)
        return twin

    def detect(self, frame: Frame, views: NDArray[np.float32] = WHOLE) -> Detections:
        """As `Detector.detect`."""
        parts = [self._recalled(frame, ("alone", view.tobytes()), partial(self._alone, frame, view)) for view in views]
        return merge_views([self._at_threshold(part.detections) for part in parts])

    def detect_together(self, requests: Sequence[Request]) -> list[Seen]:
        """As `Detector.detect_together`, but parts of different requests share no run: each is remembered by itself."""
        seen = [
            self._recalled(one.frame, ("together", one.views.tobytes()), partial(self._laid_out, one))
            for one in requests
        ]
        return [replace(one, detections=self._at_threshold(one.detections)) for one in seen]

    def _alone(self, frame: Frame, view: NDArray[np.float32]) -> Seen:
        return Seen(super().detect(frame, view[None]), view[None])

    def _laid_out(self, request: Request) -> Seen:
        return super().detect_together([request])[0]

    def _at_threshold(self, found: Detections) -> Detections:
        floors = self.card.thresholds * np.float32(FLOOR_SHARE)
        return found.pick(found.confidence >= floors[found.class_id])

    def _recalled(self, frame: Frame, what: tuple[str, bytes], look: Callable[[], Seen]) -> Seen:
        key = (frame.source, frame.sequence, *what)
        if key not in self._memory:
            if any(old[:2] != key[:2] for old in self._memory):
                self._memory.clear()
            self._memory[key] = look()
        return self._memory[key]
