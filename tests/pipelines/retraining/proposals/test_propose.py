from __future__ import annotations

import numpy as np
import pytest

from pipelines.retraining.data.dataset import Labels
from pipelines.retraining.proposals.propose import Judged, Limits, judge, merge, paint_out, rename, visibility
from pipelines.retraining.proposals.teacher import Proposals
from tests.pipelines.retraining.proposed import Box, body, labels, proposals

PERSON, CAR, TRUCK = 0, 1, 2
A: Box = (10, 10, 50, 110)
NEAR_A: Box = (12, 10, 52, 112)
B: Box = (120, 40, 180, 100)
LIMITS = Limits(0.5, 0.25)


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.5), (0.6, 0.5), (0.5, 1.0)])
def test_limits_in_order(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="expected 0 < low <= high < 1"):
        Limits(high, low)


def test_rename_takes_what_is_wanted() -> None:
    found = proposals((0, 0.9, A), (1, 0.8, B), (2, 0.7, B))
    mine = rename(found, ("person", "dog", "bus"), {"person": "person", "bus": "truck"}, ("person", "car", "truck"))
    assert mine.class_id.tolist() == [PERSON, TRUCK]
    assert mine.confidence.tolist() == pytest.approx([0.9, 0.7])


@pytest.mark.parametrize(
    ("found", "sure", "doubtful"),
    [
        # Sure, doubtful, nothing.
        (proposals((PERSON, 0.5, A)), 1, 0),
        (proposals((PERSON, 0.49, A)), 0, 1),
        (proposals((PERSON, 0.25, A)), 0, 1),
        (proposals((PERSON, 0.24, A)), 0, 0),
        # A few pixels high: sure of nothing.
        (proposals((PERSON, 0.9, (10, 10, 15, 17))), 0, 1),
        # One vehicle under two names: the surer one, and no doubt left.
        (proposals((CAR, 0.7, A), (TRUCK, 0.4, NEAR_A)), 1, 0),
        (proposals((CAR, 0.7, A), (TRUCK, 0.4, B)), 1, 1),
        (proposals(), 0, 0),
    ],
)
def test_judged_by_confidence(found: Proposals, sure: int, doubtful: int) -> None:
    verdict = judge(found, LIMITS)
    assert (len(verdict.labels), len(verdict.doubtful)) == (sure, doubtful)


@pytest.mark.parametrize(("confidence", "level"), [(0.5, 2), (0.49, 1), (0.25, 1), (0.24, 0)])
def test_visibility_from_confidence(confidence: float, level: int) -> None:
    seen = visibility(np.array([[[7, 8, confidence]]], np.float32))
    assert seen.tolist() == [[[7, 8, level] if level else [0, 0, 0]]]


HAND = ("Person", "vehicle", "machinery", "hat")
MEANINGS = ((PERSON,), (CAR, TRUCK), (), None)


@pytest.mark.parametrize(
    ("hand", "found", "expected", "doubtful"),
    [
        # The hand's box, though the teacher's is surer of itself.
        (labels((0, A)), proposals((PERSON, 0.95, NEAR_A)), [(PERSON, A)], 0),
        # What the teacher overlooks, what it half sees, and what it sees beside.
        (labels((0, A)), proposals(), [(PERSON, A)], 0),
        (labels((0, A)), proposals((PERSON, 0.3, NEAR_A)), [(PERSON, A)], 0),
        (labels((0, A)), proposals((PERSON, 0.8, B)), [(PERSON, A), (PERSON, B)], 0),
        # Which of several: the teacher says; it does not: doubtful.
        (labels((1, B)), proposals((TRUCK, 0.3, B)), [(TRUCK, B)], 0),
        (labels((1, B)), proposals((PERSON, 0.9, B)), [(PERSON, B)], 1),
        # None of ours: a half seen truck is no truck, a sure one is doubtful.
        (labels((2, B)), proposals((TRUCK, 0.4, B)), [], 0),
        (labels((2, B)), proposals((TRUCK, 0.9, B)), [], 1),
        # A class that says nothing here.
        (labels((3, A)), proposals((PERSON, 0.9, A)), [(PERSON, A)], 0),
        # Two made by hand, one proposal between: it serves once.
        (labels((0, A), (0, NEAR_A)), proposals((PERSON, 0.9, A)), [(PERSON, A), (PERSON, NEAR_A)], 0),
    ],
)
def test_the_hand_wins(hand: Labels, found: Proposals, expected: list[tuple[int, Box]], doubtful: int) -> None:
    verdict = merge(found, LIMITS, hand, MEANINGS)
    got = [(int(c), tuple(box)) for c, box in zip(verdict.labels.class_id, verdict.labels.xyxy.tolist(), strict=True)]
    assert got == expected
    assert len(verdict.doubtful) == doubtful


def test_keypoints_come_from_the_teacher_and_the_box_from_the_hand() -> None:
    points = body(*NEAR_A)[None].copy()
    points[:, :, 2] = 0.8
    verdict = merge(proposals((PERSON, 0.9, NEAR_A), points=points), LIMITS, labels((0, A), (0, B)), MEANINGS, True)
    assert verdict.labels.xyxy.tolist() == [list(A)]
    np.testing.assert_allclose(verdict.labels.keypoints[0, :, :2], points[0, :, :2])
    assert (verdict.labels.keypoints[0, :, 2] == 2).all()
    assert verdict.doubtful.tolist() == [list(B)]


def judged(sure: Labels, *doubtful: Box) -> Judged:
    return Judged(sure, np.array(doubtful, np.float32).reshape(-1, 4))


def test_paint_covers_what_is_doubtful_and_a_little_more() -> None:
    painted = paint_out(judged(labels((PERSON, A)), B), 200, 160)
    assert painted is not None
    stay, places = painted
    assert stay.xyxy.tolist() == [list(A)]
    assert places.tolist() == [[117, 37, 183, 103]]


def test_a_label_spoilt_by_paint_is_painted_out_with_its_neighbours() -> None:
    covered: Box = (10, 10, 50, 70)  # most of A
    beside: Box = (45, 20, 60, 100)  # a quarter of it lies on A
    painted = paint_out(judged(labels((PERSON, A), (PERSON, beside)), covered), 200, 160)
    assert painted is not None
    stay, places = painted
    assert stay.xyxy.tolist() == [] or stay.xyxy.tolist() == [list(beside)]
    grey = np.zeros((160, 200), bool)
    for x1, y1, x2, y2 in places:
        grey[y1:y2, x1:x2] = True
    assert grey[10:110, 10:50].all()


@pytest.mark.parametrize(("place", "stays"), [((0, 0, 80, 150), True), ((0, 0, 120, 160), False)])
def test_a_picture_mostly_grey_is_left_out(place: Box, stays: bool) -> None:
    assert (paint_out(judged(labels(), place), 200, 160) is not None) is stays


def test_paint_stays_within_the_picture() -> None:
    painted = paint_out(judged(labels(), (-5, 150, 30, 170)), 200, 160)
    assert painted is not None
    assert painted[1].tolist() == [[0, 149, 32, 160]]
