from __future__ import annotations

import numpy as np
import pytest

from pipelines.retraining.scoring.average_precision import Matches, average_precision
from pipelines.retraining.scoring.bootstrap import draws, interval, over, weighted_ap50
from tests.pipelines.retraining.scenes import ELSEWHERE, PAPER_AP, A, B, paper, predictions_of


def test_the_same_arithmetic_as_pycocotools() -> None:
    (matches,) = average_precision(paper()).matches
    assert weighted_ap50(matches, np.ones(3, np.int64)) == pytest.approx(PAPER_AP, abs=1e-9)


def test_the_same_as_pycocotools_on_many_boxes() -> None:
    rng = np.random.default_rng(3)
    labelled, found = [], []
    for _ in range(40):
        corners = rng.uniform(0, 120, (4, 2))
        labelled.append([(x, y, x + 40, y + 40, 0) for x, y in corners.tolist()])
        near = corners + rng.normal(0, 8, corners.shape)
        found.append([(x, y, x + 40, y + 40, 0, s) for (x, y), s in zip(near.tolist(), rng.random(4), strict=True)])
    scored = average_precision(predictions_of(labelled, found))
    assert 0.05 < scored.ap[0, 0] < 0.95
    assert weighted_ap50(scored.matches[0], np.ones(40, np.int64)) == pytest.approx(scored.ap[0, 0], abs=1e-9)


def test_a_picture_that_counts_twice_is_there_twice() -> None:
    once = predictions_of([[(*A, 0)], [(*B, 0)]], [[(*A, 0, 0.9), (*ELSEWHERE, 0, 0.8)], [(*B, 0, 0.7)]])
    labelled = [[(*A, 0)], [(*A, 0)], [(*B, 0)]]
    twice = predictions_of(
        labelled, [[(*A, 0, 0.9), (*ELSEWHERE, 0, 0.8)], [(*A, 0, 0.9), (*ELSEWHERE, 0, 0.8)], [(*B, 0, 0.7)]]
    )
    weighted = weighted_ap50(average_precision(once).matches[0], np.array([2, 1]))
    assert weighted == pytest.approx(average_precision(twice).ap[0, 0], abs=1e-6)


def test_groups_stand_and_fall_together() -> None:
    weights = draws(("a", "a", "b", "c"), rounds=200)
    assert weights.shape == (200, 4)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert (weights[:, 0] != weights[:, 2]).any()


def test_the_same_draws_every_time() -> None:
    assert (draws(("a", "b", "c")) == draws(("a", "b", "c"))).all()


def test_without_labels_there_is_nothing_to_say() -> None:
    none = np.empty(0)
    matches = Matches(none, none.astype(bool), none.astype(np.int64), np.zeros(2, np.int64))
    values = over(draws(("a", "b"), rounds=5), lambda w: weighted_ap50(matches, w))
    assert np.isnan(values).all()
    assert interval(values) is None


def test_the_interval_holds_the_middle() -> None:
    assert interval(np.arange(1001.0)) == pytest.approx((25.0, 975.0))
