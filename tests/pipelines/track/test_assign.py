"""The pairing is the optimum, checked against every possible pairing."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.track.assign import assign


def best_by_trying(cost: NDArray[np.float32]) -> tuple[int, float]:
    """Most pairs, and the least cost of so many."""
    wide = cost if cost.shape[0] <= cost.shape[1] else cost.T
    best = (0, 0.0)
    for columns in permutations(range(wide.shape[1]), wide.shape[0]):
        chosen = wide[np.arange(len(columns)), np.array(columns, int)]
        allowed = chosen[np.isfinite(chosen)]
        best = max(best, (len(allowed), -float(allowed.sum())))
    return best[0], -best[1]


@pytest.mark.parametrize("seed", range(30))
def test_it_is_the_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(10):
        cost = rng.random(rng.integers(0, 6, 2)).astype(np.float32)
        cost[rng.random(cost.shape) < 0.3] = np.inf
        rows, columns = assign(cost)
        assert len(set(rows.tolist())) == len(rows)
        assert len(set(columns.tolist())) == len(columns)
        pairs, total = best_by_trying(cost)
        assert len(rows) == pairs
        assert float(cost[rows, columns].sum()) == pytest.approx(total, abs=1e-4)


def test_greedy_would_be_wrong_here() -> None:
    # The cheapest pair of all (0, 0) would leave row 1 with a forbidden one.
    cost = np.array([[0.1, 0.2], [0.2, np.inf]], np.float32)
    rows, columns = assign(cost)
    assert rows.tolist() == [0, 1]
    assert columns.tolist() == [1, 0]
