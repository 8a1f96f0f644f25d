from __future__ import annotations

import numpy as np
import pytest

from calibration import boxes as box_math


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1.0),  # the same
        ((0, 0, 2, 2), (1, 0, 3, 2), 1 / 3),  # half over half
        ((0, 0, 1, 1), (2, 2, 3, 3), 0.0),  # apart
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),  # nothing over nothing is not a division by zero
        ((2, 2, 0, 0), (0, 0, 2, 2), 0.0),  # inside out has no area
    ],
)
def test_iou(a: tuple[float, ...], b: tuple[float, ...], expected: float) -> None:
    found = box_math.iou(np.array([a], np.float32), np.array([b], np.float32))
    assert found.shape == (1, 1)
    assert found[0, 0] == pytest.approx(expected)


def test_iou_is_a_matrix() -> None:
    a = np.array([[0, 0, 1, 1], [0, 0, 2, 2]], np.float32)
    b = np.array([[0, 0, 1, 1], [5, 5, 6, 6], [0, 0, 2, 2]], np.float32)
    assert box_math.iou(a, b) == pytest.approx(np.array([[1, 0, 0.25], [0.25, 0, 1]]))


def test_hull_grow_and_foot() -> None:
    boxes = np.array([[0, 0, 2, 4], [1, 1, 5, 2]], np.float32)
    assert box_math.hull(boxes).tolist() == [0, 0, 5, 4]
    assert box_math.grow(boxes[:1], 0.5, 1.0).tolist() == [[-1.5, -2, 3.5, 6]]
    assert box_math.bottom_centre(boxes).tolist() == [[1, 4], [3, 2]]


def test_inside_any_and_near() -> None:
    points = np.array([[0.95, 0.95], [0.5, 0.5], [2, 2]], np.float32)
    boxes = np.array([[0, 0, 0.5, 0.5], [0.9, 0.9, 1, 1]], np.float32)
    assert box_math.inside_any(points, boxes).tolist() == [True, True, False]
    assert not box_math.near((0, 0, 1, 1), (1.2, 0, 2, 1), 0.0, 0.1)
    assert box_math.near((0, 0, 1, 1), (1.2, 0, 2, 1), 0.0, 0.3)
    assert box_math.near((0, 0, 1, 1), (1.2, 0, 2, 1), 0.5, 0.0)
