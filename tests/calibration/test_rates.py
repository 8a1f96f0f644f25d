from __future__ import annotations

import math

import pytest

from calibration.rates import exposure_needed, poisson_interval, rate_interval


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        # Half of the 5 % and 95 % points of chi-squared with 2n and 2n + 2 degrees of freedom, from printed tables.
        (0, 0.0, 5.991 / 2),
        (1, 0.1026 / 2, 9.488 / 2),
        (2, 0.7107 / 2, 12.592 / 2),
        (5, 3.940 / 2, 21.026 / 2),
        (10, 10.851 / 2, 33.924 / 2),
    ],
)
def test_the_tables_of_chi_squared(count: int, low: float, high: float) -> None:
    assert poisson_interval(count) == pytest.approx((low, high), abs=1e-3)


def test_three_over_the_hours() -> None:
    low, high = rate_interval(0, 0.5)
    assert (low, high) == (0.0, pytest.approx(-math.log(0.05) / 0.5))
    assert high == pytest.approx(3 / 0.5, rel=2e-3)


def test_many() -> None:
    low, high = poisson_interval(400)
    assert low < 400 - 1.5 * 20
    assert 400 + 1.5 * 20 < high < 400 + 2 * 20


def test_without_footage_nothing_is_bounded() -> None:
    assert rate_interval(0, 0.0) == (0.0, None)


def test_how_much_footage_it_takes() -> None:
    days = exposure_needed(1.0)
    assert days == pytest.approx(3.0, abs=0.01)
    assert rate_interval(0, days)[1] == pytest.approx(1.0)


@pytest.mark.parametrize(("count", "confidence"), [(-1, 0.95), (1, 1.0), (1, 0.0)])
def test_what_is_no_count_or_probability(count: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="a count from 0 and a confidence in 0–1"):
        poisson_interval(count, confidence)


def test_no_footage_shows_a_rate_of_zero() -> None:
    with pytest.raises(ValueError, match="allowed is above 0"):
        exposure_needed(0.0)
