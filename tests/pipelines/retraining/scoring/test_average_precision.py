from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipelines.retraining.scoring.average_precision import average_precision
from pipelines.retraining.scoring.predictions import Predictions
from tests.pipelines.retraining.scenes import ELSEWHERE, PAPER_AP, A, B, C, Row, paper, predictions_of


def test_an_ap_worked_out_on_paper() -> None:
    scored = average_precision(paper())
    assert scored.ap.shape == (10, 1)
    assert scored.ap[0, 0] == pytest.approx(PAPER_AP, abs=1e-6)
    # The boxes lie exactly: the strictest IoU gives the same.
    assert scored.ap[9, 0] == pytest.approx(PAPER_AP, abs=1e-6)


def test_sizes_look_at_the_labels_of_that_size_only() -> None:
    small, medium, large = average_precision(paper()).sizes[:, 0]
    assert small == 0.0  # B was missed
    # A is found first, before the wrong box.
    assert medium == pytest.approx(1.0)
    assert large == pytest.approx(1.0)


def test_the_matches_are_the_boxes_best_first() -> None:
    (matches,) = average_precision(paper()).matches
    assert matches.score.tolist() == pytest.approx([0.9, 0.8, 0.7, 0.3])
    assert matches.right.tolist() == [True, False, True, False]
    assert matches.picture.tolist() == [0, 2, 1, 2]
    assert matches.labels.tolist() == [2, 1, 0]


def shifted(box: Row, share: float) -> Row:
    """Moved to the right by a share of its width: IoU is (1 - share) / (1 + share)."""
    move = (box[2] - box[0]) * share
    return (box[0] + move, box[1], box[2] + move, box[3])


@pytest.mark.parametrize(
    ("share", "right_at"),
    [
        (0.2, 4),  # IoU .667: right at .50, .55, .60, .65
        (0.3, 1),  # IoU .538
        (0.4, 0),  # IoU .429
    ],
)
def test_stricter_ious(share: float, right_at: int) -> None:
    ap = average_precision(predictions_of([[(*A, 0)]], [[(*shifted(A, share), 0, 0.9)]])).ap[:, 0]
    assert ap.tolist() == pytest.approx([1.0] * right_at + [0.0] * (10 - right_at))


def test_a_label_is_found_once() -> None:
    (matches,) = average_precision(predictions_of([[(*A, 0)]], [[(*A, 0, 0.9), (*A, 0, 0.8)]])).matches
    assert matches.right.tolist() == [True, False]


def test_a_class_without_labels_has_no_ap() -> None:
    found = [[(*A, 0, 0.9), (*B, 1, 0.9)]]
    scored = average_precision(predictions_of([[(*A, 0)]], found, classes=("fire", "smoke")))
    assert scored.ap[0, 0] == pytest.approx(1.0)
    assert np.isnan(scored.ap[:, 1]).all()
    assert scored.matches[1].right.tolist() == [False]


@pytest.mark.parametrize("found", [[[]], [[(*ELSEWHERE, 0, 0.9)]]])
def test_nothing_found(found: list[list[Row]]) -> None:
    scored = average_precision(predictions_of([[(*C, 0)]], found))
    assert scored.ap[0, 0] == 0.0
    assert scored.matches[0].labels.tolist() == [1]


def test_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    average_precision(paper())
    assert capsys.readouterr() == ("", "")


# The spread of people's marks of COCO's 17 keypoints (https://cocodataset.org/#keypoints-eval).
SIGMAS = np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]) / 1000


def a_pose(move_px: float) -> Predictions:
    """A person of 120×120 px whose keypoints are all found so far to the right of where they are."""
    points = np.concatenate([np.random.default_rng(0).uniform(60, 180, (1, 17, 2)), np.full((1, 17, 1), 2)], axis=2)
    alone = predictions_of([[(*C, 0)]], [[(*C, 0, 0.9)]], classes=("person",))
    labels = replace(alone.labels[0], keypoints=points.astype(np.float32))
    seen = replace(alone.found[0], keypoints=(points + np.array([move_px, 0, 0])).astype(np.float32))
    return replace(alone, labels=(labels,), found=(seen,), keypoints=tuple(map(str, range(17))))


@pytest.mark.parametrize("move_px", [0.0, 4.0, 8.0, 16.0, 40.0])
def test_poses_by_object_keypoint_similarity(move_px: float) -> None:
    # The scale is the area of the outline, about .53 of the box.
    oks = np.exp(-(move_px**2) / (2 * 0.53 * 120**2 * (2 * SIGMAS) ** 2)).mean()
    ap = average_precision(a_pose(move_px), "keypoints").ap[:, 0]
    assert ap.tolist() == pytest.approx([float(oks >= iou) for iou in np.arange(0.5, 1.0, 0.05)])
    # Its box is right all the while.
    assert average_precision(a_pose(move_px)).ap[9, 0] == pytest.approx(1.0)
