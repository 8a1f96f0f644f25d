from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipelines.detect.decode import decode_anchors, decode_end_to_end, merge_views, suppress
from pipelines.detections import Detections
from tests.pipelines.builders import some_detections

FLOORS = np.array([0.3, 0.5], np.float32)


def test_anchors_keep_their_best_class_above_its_floor() -> None:
    output = np.array(
        [
            [10, 10, 10],  # centre x
            [20, 20, 20],
            [4, 4, 4],  # width
            [8, 8, 8],
            [0.4, 0.1, 0.2],  # class 0
            [0.1, 0.45, 0.6],  # class 1: 0.45 is below its floor
        ],
        np.float32,
    )
    found = decode_anchors(output, FLOORS)
    assert found.xyxy.tolist() == [[8, 16, 12, 24]] * 2
    assert found.class_id.tolist() == [0, 1]
    assert found.confidence == pytest.approx([0.4, 0.6])


def test_end_to_end_rows() -> None:
    output = np.array([[1, 2, 3, 4, 0.9, 1], [1, 2, 3, 4, 0.2, 0]], np.float32)
    found = decode_end_to_end(output, FLOORS)
    assert found.xyxy.tolist() == [[1, 2, 3, 4]]
    assert found.class_id.tolist() == [1]


def test_keypoints_of_anchors() -> None:
    columns = [[10, 20, 4, 8, 0.9, 0.1, 1, 2, 0.5, 3, 4, 0.6], [0, 0, 1, 1, 0.1, 0.1, 7, 7, 0.7, 7, 7, 0.7]]
    found = decode_anchors(np.array(columns, np.float32).T, FLOORS)
    assert found.class_id.tolist() == [0]
    assert found.keypoints == pytest.approx(np.array([[[1, 2, 0.5], [3, 4, 0.6]]]))


def test_keypoints_of_end_to_end_rows() -> None:
    rows = [[1, 2, 3, 4, 0.2, 1, 7, 7, 0.7], [1, 2, 3, 4, 0.9, 1, 5, 6, 0.8]]
    found = decode_end_to_end(np.array(rows, np.float32), FLOORS)
    assert found.keypoints == pytest.approx(np.array([[[5, 6, 0.8]]]))


@pytest.mark.parametrize("keypoints", [0, 2])
def test_nothing_found_has_the_shape_of_something(keypoints: int) -> None:
    assert decode_anchors(np.zeros((6 + 3 * keypoints, 9), np.float32), FLOORS).keypoints.shape == (0, keypoints, 3)
    assert decode_end_to_end(np.zeros((4, 6 + 3 * keypoints), np.float32), FLOORS).keypoints.shape == (0, keypoints, 3)


def test_keypoints_go_with_their_boxes() -> None:
    whole = with_points(some_detections((0, 0, 100, 100, 0.6, 0), (2, 0, 100, 100, 0.8, 0), (300, 0, 340, 40, 0.5, 0)))
    part = with_points(some_detections((300, 0, 341, 40, 0.7, 0)), 10)
    merged = merge_views([suppress(whole, 0.5), part, with_points(some_detections())])
    assert merged.keypoints[:, 0, 0].tolist() == [1, 10]


def with_points(found: Detections, first: int = 0) -> Detections:
    """One keypoint a box, whose x tells which it is."""
    points = np.zeros((len(found), 1, 3), np.float32)
    points[:, 0, 0] = first + np.arange(len(found))
    return replace(found, keypoints=points)


def brute_force(boxes: np.ndarray, scores: np.ndarray, classes: np.ndarray, limit: float) -> set[int]:
    """Suppression as it stands in a textbook, one pair at a time."""
    kept: list[int] = []
    for i in np.argsort(-scores):
        for j in kept:
            if classes[i] != classes[j]:
                continue
            wide = min(boxes[i][2], boxes[j][2]) - max(boxes[i][0], boxes[j][0])
            tall = min(boxes[i][3], boxes[j][3]) - max(boxes[i][1], boxes[j][1])
            shared = max(wide, 0) * max(tall, 0)
            areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (boxes[i], boxes[j])]
            if shared / (sum(areas) - shared) > limit:
                break
        else:
            kept.append(int(i))
    return set(kept)


@pytest.mark.parametrize("seed", range(5))
def test_suppression_is_the_textbooks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 60, (80, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(10, 40, (80, 2))], axis=1)
    scores, classes = (rng.permutation(80) + 1) / 100, rng.integers(0, 3, 80)
    found = some_detections(*[(*b, s, c) for b, s, c in zip(boxes, scores, classes, strict=True)])
    kept = suppress(found, 0.5)
    assert {round(s * 100) for s in kept.confidence.tolist()} == {
        round(scores[i] * 100) for i in brute_force(boxes, scores, classes, 0.5)
    }


def test_a_thing_cut_off_by_a_part_is_not_seen_twice() -> None:
    whole = some_detections((0, 0, 100, 100, 0.8, 0), (300, 0, 310, 10, 0.4, 0))
    part = some_detections((50, 0, 100, 100, 0.6, 0), (50, 0, 100, 100, 0.5, 1), (300, 0, 310, 10, 0.7, 0))
    merged = merge_views([whole, part])
    # The half of the first thing goes, that of another class stays, the small thing is better seen in the part.
    assert sorted(
        (round(s, 1), c) for s, c in zip(merged.confidence.tolist(), merged.class_id.tolist(), strict=True)
    ) == [
        (0.5, 1),
        (0.7, 0),
        (0.8, 0),
    ]


def test_two_things_in_one_view_stay_two() -> None:
    crowd = some_detections((0, 0, 100, 100, 0.8, 0), (10, 10, 40, 40, 0.7, 0))
    assert len(merge_views([crowd])) == 2
    assert len(merge_views([crowd, some_detections((500, 0, 520, 20, 0.4, 0))])) == 3
