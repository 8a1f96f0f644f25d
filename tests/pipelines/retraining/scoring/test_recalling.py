from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from pipelines.detect import Detector, Request
from pipelines.detect.letterbox import Placement
from pipelines.frame import Frame
from pipelines.retraining.scoring.recalling import RecallingDetector
from tests.edge.onnx_file import onnx_file
from tests.pipelines.builders import a_frame
from tests.pipelines.retraining.scenes import a_card

# Three boxes of one thing and its neighbour: overlapping, so that suppression has something to do.
BOXES = [(16, 16, 20, 20, 0.9), (18, 16, 20, 20, 0.5), (48, 40, 12, 12, 0.3), (17, 17, 20, 20, 0.12)]
ANSWER = [value for row in zip(*BOXES, strict=True) for value in row]
WEIGHTS = onnx_file(output_shape=(1, 5, len(BOXES)), answer=ANSWER)
CARD = a_card("fire", threshold=0.5)
VIEWS = np.array([[0, 0, 1, 1], [0, 0, 0.5, 1], [0.25, 0, 0.75, 1]], np.float32)


@pytest.mark.parametrize("threshold", [0.05, 0.25, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("views", [VIEWS[:1], VIEWS])
def test_gives_what_a_detector_with_these_thresholds_gives(threshold: float, views: np.ndarray) -> None:
    thresholds = {"fire": threshold}
    alone = Detector(CARD.with_thresholds(thresholds), WEIGHTS).detect(a_frame(), views)
    recalled = RecallingDetector(CARD, WEIGHTS).at(thresholds).detect(a_frame(), views)
    assert recalled.xyxy.tolist() == alone.xyxy.tolist()
    assert recalled.confidence.tolist() == alone.confidence.tolist()
    assert len(recalled) > 0


@pytest.mark.parametrize("threshold", [0.05, 0.25, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("views", [VIEWS[:1], VIEWS, VIEWS[1:] / 2])
def test_gives_the_same_of_parts_laid_out_together(threshold: float, views: np.ndarray) -> None:
    thresholds, request = {"fire": threshold}, Request(a_frame(), views)
    (alone,) = Detector(CARD.with_thresholds(thresholds), WEIGHTS).detect_together([request])
    (recalled,) = RecallingDetector(CARD, WEIGHTS).at(thresholds).detect_together([request])
    assert recalled.detections.xyxy.tolist() == alone.detections.xyxy.tolist()
    assert recalled.views.tolist() == alone.views.tolist()


def test_the_network_runs_once_a_view(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[float] = []
    run = Detector._run

    def counted(self: Detector, pieces: Sequence[tuple[Frame, Placement]]) -> object:
        runs.append(pieces[0][0].time_s)
        return run(self, pieces)

    monkeypatch.setattr(Detector, "_run", counted)
    detector = RecallingDetector(CARD, WEIGHTS)
    twins = [detector.at({"fire": threshold}) for threshold in (0.1, 0.5)]
    for frame in (a_frame(time_s=0.0), a_frame(time_s=0.2)):
        for twin in twins:
            twin.detect(frame, VIEWS)
            twin.detect(frame)
            twin.detect_together([Request(frame, VIEWS[:1])])
    assert runs == [0.0] * 4 + [0.2] * 4
    assert len(detector._memory) == 4  # of the last frame only


def test_each_has_its_own_card() -> None:
    detector = RecallingDetector(CARD, WEIGHTS)
    assert detector.at({"fire": 0.2}).card.thresholds.tolist() == pytest.approx([0.2])
    assert detector.card.thresholds.tolist() == [0.5]
