"""How often something happens that was counted for a while, and how sure one can be of it."""

from __future__ import annotations

import math
from collections.abc import Callable

CONFIDENCE = 0.95
"""With which each end of an interval holds, taken by itself; both together hold with 90 %."""

HOURS_A_DAY = 24.0


def poisson_interval(count: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of the expected number when `count` happened.

    Garwood's: at the lower end so many or more, at the upper end so few or fewer, happen with the probability
    1 - confidence (F. Garwood, Biometrika 28, 1936). For none, the upper end is -ln(1 - confidence): 3.0 at 95 %.

    Args:
        count: how many happened.
        confidence: of each end.

    Raises:
        ValueError: the count is below 0, or the confidence is no probability.
    """
    if count < 0 or not 0 < confidence < 1:
        raise ValueError(f"a count from 0 and a confidence in 0–1, found {count} and {confidence}")
    tail = 1 - confidence
    low = 0.0 if count == 0 else _expected(lambda mean: 1 - _at_most(count - 1, mean) < tail, count)
    return low, _expected(lambda mean: _at_most(count, mean) > tail, count)


def rate_interval(count: int, exposure: float, confidence: float = CONFIDENCE) -> tuple[float, float | None]:
    """The interval of a rate: `count` in `exposure` (hours, days). Without any exposure there is no upper end."""
    if exposure <= 0:
        return 0.0, None
    low, high = poisson_interval(count, confidence)
    return low / exposure, high / exposure


def exposure_needed(rate: float, confidence: float = CONFIDENCE) -> float:
    """How long nothing must happen before a rate is known to be at most `rate`, in its own unit: 3 / rate at 95 %.

    Raises:
        ValueError: the rate is not above 0.
    """
    if rate <= 0:
        raise ValueError(f"no footage can show a rate of {rate}: allowed is above 0")
    return poisson_interval(0, confidence)[1] / rate


def _at_most(count: int, mean: float) -> float:
    """Probability of `count` or fewer where `mean` are expected."""
    if mean == 0:
        return 1.0
    return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1))


def _expected(too_low: Callable[[float], bool], count: int) -> float:
    """Where `too_low` turns from true to false, by halving."""
    low, high = 0.0, count + 10 * math.sqrt(count + 1) + 20
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if too_low(middle) else (low, middle)
    return (low + high) / 2
