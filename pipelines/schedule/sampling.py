"""What the prefilter lets pass, measured by looking at some of it all the same."""

from __future__ import annotations

import random
from dataclasses import dataclass

from calibration.rates import poisson_interval


@dataclass(frozen=True, slots=True)
class Samples:
    """Views that the prefilter saw nothing in and that were inspected all the same.

    Attributes:
        looks: so many.
        missed: in so many of them a rule found something to follow that it had not been following.
    """

    looks: int = 0
    missed: int = 0

    @property
    def miss_rate_at_most(self) -> float | None:
        """The upper end, with 95 %, of the share of dropped views in which there was something; None of no look."""
        if not self.looks:
            return None
        return min(1.0, poisson_interval(self.missed)[1] / self.looks)


class Sampler:
    """Draws a share of the dropped views, and counts what looking at dropped views came to.

    Looks that are due after `max_gap_s` fall on dropped views as well, and tell as much: they ask for nothing either.

    Args:
        share: of the dropped views, 0–1.
        seed: the same views are drawn with the same seed.
    """

    def __init__(self, share: float, seed: str) -> None:
        self._share = share
        self._chance = random.Random(seed)  # noqa: S311 - nothing secret
        self.samples = Samples()

    def draws(self) -> bool:
        """Is this dropped view to be inspected?"""
        return self._share > 0 and self._chance.random() < self._share

    def count(self, *, found: bool) -> None:
        """A dropped view was inspected.

        Args:
            found: a rule found something to follow.
        """
        self.samples = Samples(self.samples.looks + 1, self.samples.missed + found)
