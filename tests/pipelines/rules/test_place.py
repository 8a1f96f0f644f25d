from __future__ import annotations

import numpy as np
import pytest

from calibration.polygon import Polygon
from pipelines.rules.place import Place

SQUARE = Polygon.of([[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]])
FLOOR = Polygon.of([[0.0, 0.7], [1.0, 0.7], [1.0, 1.0], [0.0, 1.0]])


def one(*box: float) -> np.ndarray:
    return np.array([box], np.float32)


@pytest.mark.parametrize(
    ("looked", "share"),
    [
        ([[0, 0, 1, 1]], 1.0),
        ([[0.4, 0.4, 0.5, 0.6]], 0.5),
        ([[0.4, 0.4, 0.5, 0.6], [0.5, 0.4, 0.6, 0.6]], 1.0),  # two halves
        ([[0, 0, 0.3, 0.3]], 0.0),
        (np.empty((0, 4)), 0.0),
    ],
)
def test_how_much_of_it_was_looked_at(looked: list[list[float]], share: float) -> None:
    assert Place(SQUARE).looked_share(np.asarray(looked, np.float32)) == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize(
    ("box", "share"),
    [
        ((0.4, 0.4, 0.6, 0.6), 1.0),
        ((0.0, 0.0, 1.0, 1.0), 1.0),  # somebody much larger than the post covers all of it
        ((0.45, 0.45, 0.55, 0.55), 1.0),  # somebody much smaller is all inside
        ((0.5, 0.4, 0.7, 0.6), 0.5),
        ((0.7, 0.7, 0.9, 0.9), 0.0),
    ],
)
def test_overlap_is_a_share_of_the_smaller(box: tuple[float, ...], share: float) -> None:
    assert Place(SQUARE).overlap(one(*box))[0] == pytest.approx(share, abs=0.06)


@pytest.mark.parametrize(
    ("box", "inside"),
    [
        ((0.45, 0.2, 0.55, 0.5), True),
        ((0.45, 0.3, 0.55, 0.7), False),  # the body hides the zone, the feet are in front of it
    ],
)
def test_where_somebody_stands(box: tuple[float, ...], inside: bool) -> None:
    assert Place(SQUARE).stands_in(one(*box))[0] == inside


def test_feet_below_the_picture_stand_on_the_floor_at_its_edge() -> None:
    assert Place(FLOOR).stands_in(one(0.4, 0.5, 0.6, 1.0))[0]


@pytest.mark.parametrize(
    ("box", "based"),
    [
        ((0.42, 0.2, 0.58, 0.58), True),
        ((0.5, 0.3, 0.8, 0.6), True),  # a third of its base is in, its foot is not
        ((0.3, 0.3, 0.7, 0.9), False),  # it stands in front and only hides the zone
    ],
)
def test_what_stands_on_it_with_its_base(box: tuple[float, ...], based: bool) -> None:
    assert Place(SQUARE).based_in(one(*box))[0] == based
