"""From loads to cameras, and spreads."""

from __future__ import annotations

import pytest

from edge.bench.estimate import Figure, Line, Load, line, mixed, percentile, ratio


def test_two_loads_tell_base_and_slope() -> None:
    found = line([Load(6, 0.22), Load(18, 0.46)])
    assert (found.base, found.each) == pytest.approx((0.10, 0.02))
    assert found.fit(2, 0.85) == pytest.approx((1.7 - 0.1) / 0.02)


def test_a_base_below_nothing_is_no_gift() -> None:
    # Through the points it would begin at -0.1 and promise more cameras than either load does.
    found = line([Load(10, 0.1), Load(20, 0.3)])
    assert found.base == 0
    assert 0.01 < found.each < 0.015


def test_one_load_goes_through_the_origin() -> None:
    assert line([Load(8, 0.4)]) == Line(0.0, pytest.approx(0.05))


def test_repeats_of_the_same_load() -> None:
    assert line([Load(8, 0.4), Load(8, 0.6)]) == Line(0.0, pytest.approx(0.0625))


def test_no_load_and_no_cost() -> None:
    with pytest.raises(ValueError, match="at least one load"):
        line([])
    assert Line(0.1, 0.0).fit(2) is None


def test_one_in_ten_active() -> None:
    # A third of the cameras, each active 30 % of the time.
    assert mixed(0.01, 0.04) == pytest.approx(0.02)


def test_ratios_pair_up() -> None:
    # The second repeat was disturbed: both costs doubled, and the ratio does not show it.
    assert ratio([3.0, 6.0, 3.3], [1.0, 2.0, 1.0]) == Figure(3.0, 3.0, pytest.approx(3.3), 3)
    for over, under in (([1.0], [1.0, 2.0]), ([1.0], [0.0])):
        with pytest.raises(ValueError, match="pairs of costs above 0"):
            ratio(over, under)
    with pytest.raises(ValueError, match="at least one repeat"):
        ratio([], [])


def test_percentiles() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.5) == pytest.approx(2.5)
    assert percentile(range(101), 0.95) == pytest.approx(95)
    assert percentile([], 0.5) is None
