from __future__ import annotations

import numpy as np
import pytest

from pipelines.retraining.average_precision import average_precision
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
