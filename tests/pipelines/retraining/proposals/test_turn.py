from __future__ import annotations

import numpy as np
import pytest

from calibration.skeleton import COCO_KEYPOINTS
from pipelines.retraining.proposals.derive import Derived
from pipelines.retraining.proposals.turn import turned, whole_bodies
from tests.pipelines.retraining.proposed import derived, standing

NOSE, ANKLE = COCO_KEYPOINTS.index("nose"), COCO_KEYPOINTS.index("left_ankle")


def without(picture: Derived, *names: str) -> Derived:
    labels = picture.labels(17)
    for name in names:
        labels.keypoints[:, COCO_KEYPOINTS.index(name)] = 0
    return picture.with_labels(labels)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (standing(), [0]),
        (standing(boxes=[(80, 30, 120, 130), (10, 30, 50, 130)]), [0, 1]),
        # Too small; legs not to be seen; no trunk.
        (standing(boxes=[(80, 30, 100, 90)]), []),
        (without(standing(), "left_knee", "right_knee", "left_ankle", "right_ankle"), []),
        (without(standing(), "left_hip", "right_hip"), []),
        # One hip hidden, one leg to be seen.
        (without(standing(), "left_hip", "left_knee", "left_ankle", "right_ankle"), [0]),
        (derived(), []),
    ],
)
def test_who_is_worth_turning(picture: Derived, expected: list[int]) -> None:
    assert whole_bodies(picture).tolist() == expected


def test_the_seed_decides() -> None:
    pictures = [standing("one"), standing("two")]
    assert turned(pictures, 5, 7) == turned(pictures, 5, 7)
    assert turned(pictures, 5, 7) != turned(pictures, 5, 8)


@pytest.mark.parametrize(("count", "made"), [(1, 1), (2, 2), (5, 5), (6, 6), (50, 6)])
def test_each_person_once_before_any_twice_and_three_times_at_most(count: int, made: int) -> None:
    found = turned([standing("one"), standing("two")], count, 1)
    assert len(found) == made == len({one.name for one in found})
    if count == 2:
        assert {one.source for one in found} == {"one.png", "two.png"}


def test_nobody_to_turn() -> None:
    assert turned([derived()], 5, 1) == ()


def test_group_split_and_source_stay() -> None:
    (one,) = turned([standing("one", group="yard", split="hold", grey=[(0, 0, 5, 5)])], 1, 1)
    assert (one.group, one.split, one.source, one.grey) == ("yard", "hold", "one.png", ((0, 0, 5, 5),))


def test_most_lie_and_all_are_in_view() -> None:
    found = turned([standing(str(i)) for i in range(100)], 300, 3)
    assert len(found) == 300
    lying = 0
    for one in found:
        labels = one.labels(17)
        width, height = one.size
        assert (labels.xyxy >= 0).all()
        assert (labels.xyxy <= np.array([width, height, width, height])).all()
        points = labels.keypoints[0]
        if points[NOSE, 2] and points[ANKLE, 2]:
            across, down = np.abs(points[NOSE, :2] - points[ANKLE, :2])
            lying += int(across > down)
    assert 0.55 < lying / len(found) < 0.9
