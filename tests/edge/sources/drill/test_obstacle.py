"""An obstacle is carried in, stands still, hides what is behind it and throws a shadow."""

from __future__ import annotations

import numpy as np
import pytest

from edge.sources.drill.looks import LOOKS
from tests.edge.sources.drill.scenes import OBSTACLE, changed, drill, flat

SIZE = (384, 288)


@pytest.mark.parametrize("look", LOOKS)
def test_stands_where_it_was_put(look: str) -> None:
    below = flat(5.0, SIZE)
    y = drill({**OBSTACLE, "look": look, "at": (0.4, 0.8), "size": 0.4}).render(below).y.astype(int)
    rows, columns = np.nonzero(np.abs(y - below.y) > 20)
    assert rows.max() / SIZE[1] == pytest.approx(0.82, abs=0.05)
    assert rows.min() / SIZE[1] == pytest.approx(0.4, abs=0.05)
    assert columns.mean() / SIZE[0] == pytest.approx(0.4, abs=0.04)


@pytest.mark.parametrize("look", LOOKS)
def test_hides_what_is_behind(look: str) -> None:
    thing = drill({**OBSTACLE, "look": look, "size": 0.6})
    low, high = (thing.render(flat(5.0, SIZE, luma)).y.astype(int) for luma in (109, 111))
    middle = slice(int(0.55 * SIZE[1]), int(0.7 * SIZE[1])), slice(int(0.45 * SIZE[0]), int(0.55 * SIZE[0]))
    assert np.abs((high - low)[middle]).max() <= 3  # only its own light follows the scene's


def test_stands_still() -> None:
    thing = drill(OBSTACLE)
    one, other = (thing.render(flat(t, SIZE)).y.astype(int) for t in (5.0, 50.0))
    assert 0 < np.abs(one - other).max() < 25  # the noise of the sensor, no more
    assert np.abs(one - other)[one != 110].mean() < 4


def test_is_carried_in_and_out() -> None:
    thing = drill({**OBSTACLE, "start_s": 1, "duration_s": 3})
    contrast = [
        float(np.abs(thing.render(flat(t, SIZE)).y.astype(int) - 110).max()) for t in (0.99, 1.0, 1.2, 1.5, 4.2, 4.4)
    ]
    assert contrast[0] == contrast[5] == 0
    assert contrast[0] < contrast[1] < contrast[2] < contrast[3]
    assert contrast[4] < contrast[3]


def test_throws_a_shadow() -> None:
    below = flat(5.0, SIZE, 180)
    y = drill({**OBSTACLE, "at": (0.5, 0.6), "size": 0.4}).render(below).y.astype(int)
    under = y[int(0.605 * SIZE[1]) : int(0.625 * SIZE[1]), int(0.45 * SIZE[0]) : int(0.55 * SIZE[0])]
    assert under.mean() < 168


def test_is_dim_at_night() -> None:
    night = drill(OBSTACLE).render(flat(5.0, SIZE, 30))
    assert changed(night, flat(5.0, SIZE, 30)) > 0
    assert night.y.max() < 140
