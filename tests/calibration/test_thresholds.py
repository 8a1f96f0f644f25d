from __future__ import annotations

import math

import numpy as np
import pytest

from calibration.thresholds import Trial, best_f1, choose, reliability

# Threshold, false alarms, events found, share of the empty pictures.
SWEEP = [
    Trial(0.1, 4, 3, 0.5),
    Trial(0.2, 1, 3, 0.2),
    Trial(0.3, 0, 2, 0.04),
    Trial(0.4, 0, 2, 0.0),
    Trial(0.5, 0, 0, 0.0),
]


@pytest.mark.parametrize(
    ("alarms", "empty", "chosen"),
    [
        (0, 0.05, 0.4),  # both limits; 0.3 would find as much, the higher is the surer
        (1, 0.05, 0.4),  # the pictures decide
        (1, 1.0, 0.2),  # the footage decides: more events are found
        (9, 1.0, 0.2),
        (0, 0.0, 0.4),
    ],
)
def test_the_best_that_keeps_to_the_limits(alarms: float, empty: float, chosen: float) -> None:
    found = choose(SWEEP, alarms, empty)
    assert found is not None
    assert found.threshold == chosen


def test_of_those_that_find_as_many_events_the_one_with_the_best_f1() -> None:
    trials = [
        Trial(t, 0, found, 0.0, f1) for t, found, f1 in ((0.1, 2, 0.3), (0.2, 2, 0.5), (0.3, 2, 0.4), (0.4, 1, 0.9))
    ]
    found = choose(trials, 0, 0.05)
    assert found is not None
    assert found.threshold == 0.2


def test_a_good_one_between_two_bad_ones_is_luck() -> None:
    lucky = [Trial(0.1, 0, 4), Trial(0.2, 1, 3), Trial(0.3, 0, 3)]
    found = choose(lucky, 0, 0.05)
    assert found is not None
    assert found.threshold == 0.3


def test_none_keeps_to_the_limits() -> None:
    assert choose([Trial(0.5, 2, 1), Trial(0.9, 1, 0)], 0, 0.05) is None
    assert choose([], 0, 0.05) is None


def test_without_empty_pictures_the_footage_decides_alone() -> None:
    found = choose([Trial(0.1, 1, 1), Trial(0.2, 0, 1)], 0, 0.0)
    assert found is not None
    assert found.threshold == 0.2


def test_best_f1_on_paper() -> None:
    # F1 after each box, 3 labels: 2·1/(1+3), 2·2/(2+3) = .8, 2·2/(3+3), 2·3/(4+3) = .857, 2·3/(5+3)
    scores, right = np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([True, True, False, True, False])
    assert best_f1(scores, right, 3) == 0.6
    assert best_f1(scores, np.zeros(5, bool), 3) is None


def test_reliability_on_paper() -> None:
    # Two boxes in 0.9–1, both right; four in 0.5–0.6, one right.
    scores = np.array([0.95, 0.91, 0.55, 0.55, 0.55, 0.55])
    right = np.array([True, True, True, False, False, False])
    found = reliability(scores, right)
    assert found.count.tolist() == [0, 0, 0, 0, 0, 4, 0, 0, 0, 2]
    assert found.confidence[[5, 9]].tolist() == pytest.approx([0.55, 0.93])
    assert found.right[[5, 9]].tolist() == [0.25, 1.0]
    assert np.isnan(found.right[0])
    assert found.error == pytest.approx((4 * 0.3 + 2 * 0.07) / 6)


def test_the_ends_belong_to_a_bin() -> None:
    assert reliability(np.array([0.0, 1.0]), np.array([False, True]), bins=2).count.tolist() == [1, 1]


def test_nothing_to_hold_against() -> None:
    assert math.isnan(reliability(np.empty(0), np.empty(0, bool)).error)
