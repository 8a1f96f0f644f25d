from __future__ import annotations

import numpy as np
import pytest

from calibration.polygon import Polygon

L_SHAPE = [[0, 0], [0.6, 0], [0.6, 0.2], [0.2, 0.2], [0.2, 0.6], [0, 0.6]]


@pytest.mark.parametrize(
    ("point", "inside"),
    [
        ((0.1, 0.1), True),  # in the corner of the L
        ((0.5, 0.1), True),  # in its long arm
        ((0.1, 0.5), True),  # in its other arm
        ((0.5, 0.5), False),  # in the notch
        ((0.9, 0.1), False),  # on a level with an edge, but outside
    ],
)
def test_contains(point: tuple[float, float], inside: bool) -> None:
    assert Polygon.of(L_SHAPE).contains(np.array([point], np.float32)).tolist() == [inside]


def test_area_and_bounds() -> None:
    shape = Polygon.of(L_SHAPE)
    assert shape.area == pytest.approx(0.2)
    assert shape.bounds == pytest.approx((0, 0, 0.6, 0.6))
    assert shape.mask(100, 100).mean() == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([[0, 0], [1, 1]], "at least 3 points, found 2"),
        ([[0, 0], [1, 0], [1.2, 1]], "from 0 to 1"),
        ([[0, 0], [0.5, 0.5], [1, 1]], "one line"),
        ([[0, 0, 0], [1, 0, 0], [1, 1, 0]], "list of .x, y. points"),
        ([[0, 0], [1, 0], [float("nan"), 1]], "from 0 to 1"),
    ],
)
def test_refuses(points: list[list[float]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Polygon.of(points)
