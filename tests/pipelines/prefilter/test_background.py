from __future__ import annotations

import numpy as np
import pytest

from pipelines.prefilter.background import FastBackground, SlowBackground

EMPTY = np.full((90, 160), 100, np.uint8)


def test_the_fast_one_follows_within_seconds() -> None:
    background = FastBackground(EMPTY)
    for _ in range(8):
        background.update(EMPTY + 80)
    assert 145 < background.shown.mean() < 165
    for _ in range(32):
        background.update(EMPTY + 80)
    assert (background.shown >= 178).all()


def test_who_stood_there_when_it_began_is_outvoted() -> None:
    somebody = EMPTY.copy()
    somebody[20:80, 60:90] = 20
    background = SlowBackground(somebody, 0.0)
    for second in range(1, 30):
        background.update(somebody if second < 5 else EMPTY, float(second))
    assert (background.shown == EMPTY).all()


@pytest.mark.parametrize("passes_s", [12.0, 60.0, 600.0])
def test_who_passes_leaves_nothing_behind(passes_s: float) -> None:
    somebody = EMPTY.copy()
    somebody[20:80, 60:90] = 20
    background = SlowBackground(EMPTY, 0.0)
    for second in range(1, 1200):
        background.update(somebody if 0 <= second - passes_s < 3 else EMPTY, float(second))
        assert second < 3 or (background.shown == EMPTY).all()


def test_what_comes_to_stay_is_known_after_minutes_and_not_before() -> None:
    background = SlowBackground(EMPTY, 0.0)
    car = EMPTY + 90
    known_s = None
    for second in range(1, 3000):
        background.update(EMPTY if second < 1500 else car, float(second))
        if known_s is None and (background.shown == car).all():
            known_s = second - 1500
    assert known_s is not None
    assert 300 < known_s < 900


def test_an_even_number_has_a_median_of_its_own_values() -> None:
    background = SlowBackground(EMPTY, 0.0)
    background.update(EMPTY + 40, 2.0)
    assert (background.shown == EMPTY).all()


def test_another_light_changes_all_that_it_keeps() -> None:
    rng = np.random.default_rng(1)
    view = np.kron(rng.integers(40, 160, (9, 16)), np.ones((10, 10))).astype(np.uint8)
    dimmed = (view * 0.5).astype(np.uint8)
    fast, slow = FastBackground(view), SlowBackground(view, 0.0)
    for second in (2.0, 4.0, 6.0):
        slow.update(view, second)
    for one in (fast, slow):
        one.relight(dimmed)
        assert np.abs(one.shown.astype(int) - dimmed).max() <= 2
    slow.update(dimmed, 8.0)
    assert np.abs(slow.shown.astype(int) - dimmed).max() <= 2
