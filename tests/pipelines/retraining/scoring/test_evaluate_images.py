from __future__ import annotations

import json

import pytest

from pipelines.retraining.scoring.evaluate_images import evaluate_images
from tests.pipelines.retraining.scenes import ELSEWHERE, PAPER_AP, A, B, C, paper, predictions_of
from tests.pipelines.retraining.scoring.test_average_precision import a_pose


def test_scores_worked_out_on_paper() -> None:
    scores = evaluate_images(paper())
    fire = scores.classes["fire"]
    assert scores.map50 == pytest.approx(PAPER_AP, abs=1e-6)
    assert scores.map50_95 == pytest.approx(PAPER_AP, abs=1e-6)
    # At 0.5 there are three boxes, two of them right, and three labels.
    assert (fire.precision, fire.recall) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert (fire.labels, fire.recognised) == (3, 1.0)
    # One box on the one empty picture; the weak one does not count.
    assert (scores.pictures, scores.empty, scores.fp_per_empty) == (3, 1, 1.0)
    # Only one picture shows fire at a score above that of the empty one.
    assert fire.recognised_at_5pc == 0.5


def test_the_keys_that_the_issue_names() -> None:
    record = json.loads(json.dumps(evaluate_images(paper()).record()))
    assert {"map50", "map50_95", "classes", "fp_per_empty", "pictures"} <= set(record)
    assert {"ap50", "precision", "recall"} <= set(record["classes"]["fire"])
    assert record["map50"] == round(PAPER_AP, 4)
    assert record["keypoints"] is None


def test_each_class_at_its_own_threshold() -> None:
    found = [[(*A, 0, 0.9), (*B, 1, 0.4)]]
    scores = evaluate_images(predictions_of([[(*A, 0), (*B, 1)]], found, classes=("fire", "smoke")))
    assert scores.classes["fire"].recall == 1.0
    assert (scores.classes["smoke"].recall, scores.classes["smoke"].precision) == (0.0, None)
    assert scores.classes["smoke"].ap50 == pytest.approx(1.0)


def test_without_empty_pictures_nothing_is_said_of_them() -> None:
    scores = evaluate_images(predictions_of([[(*A, 0)]], [[(*ELSEWHERE, 0, 0.9)]]))
    assert (scores.empty, scores.fp_per_empty, scores.classes["fire"].recognised_at_5pc) == (0, None, None)


def test_the_interval_is_of_groups() -> None:
    labelled, found = [[(*A, 0)], [(*C, 0)]] * 10, [[(*A, 0, 0.9)], []] * 10
    alone = evaluate_images(predictions_of(labelled, found)).interval
    clips = evaluate_images(predictions_of(labelled, found, groups=("seen", "missed") * 10)).interval
    assert alone is not None
    assert clips == pytest.approx((0.0, 1.0), abs=0.01)
    assert 0.2 < alone[0] < 0.5 < alone[1] < 0.8


def test_poses_are_scored_where_both_know_them() -> None:
    assert evaluate_images(a_pose(0.0)).keypoints == {"oks50": pytest.approx(1.0), "oks50_95": pytest.approx(1.0)}
    far = evaluate_images(a_pose(40.0)).keypoints
    assert far is not None
    assert far["oks50"] == 0.0
