"""Which detection belongs to which track: the cheapest complete pairing.

Greedy pairing swaps two people who cross when looks are a second apart: the first pair takes the nearest
detection and the second is left with a wrong one. The shortest augmenting path method (Jonker and
Volgenant) finds the optimum; with one vectorised step a column, fifty by fifty takes a few milliseconds,
and so no library is needed for it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Costs more than any number of allowed pairs together, so that as many pairs as possible are made.
_FORBIDDEN = 1e6


def assign(cost: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of rows and columns with the least total cost.

    Args:
        cost: `(n, m)`; infinite where a pair is not allowed.

    Returns:
        Rows and columns of the pairs, `(k,)` each, by rising row; nothing forbidden is among them.
    """
    if cost.size == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    if cost.shape[0] > cost.shape[1]:
        columns, rows = assign(cost.T)
        order = np.argsort(rows)
        return rows[order], columns[order]
    owner = _augment(np.where(np.isfinite(cost), cost, _FORBIDDEN).astype(np.float64))
    columns = np.flatnonzero(owner >= 0)
    rows = owner[columns]
    allowed = np.isfinite(cost[rows, columns])
    order = np.argsort(rows[allowed])
    return rows[allowed][order], columns[allowed][order]


def _augment(cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give each row a column: `(n, m), n ≤ m -> (m,)`, the row that owns each column, or -1."""
    n, m = cost.shape
    row_price, column_price = np.zeros(n), np.zeros(m)
    owner = np.full(m, -1, np.int64)
    for start in range(n):
        row, column = start, -1
        shortest = np.full(m, np.inf)
        came_from = np.full(m, -1, np.int64)
        done = np.zeros(m, bool)
        path_rows: list[int] = []
        while row >= 0:
            path_rows.append(row)
            through = cost[row] - row_price[row] - column_price
            better = ~done & (through < shortest)
            shortest[better] = through[better]
            came_from[better] = column
            column = int(np.where(done, np.inf, shortest).argmin())
            step = shortest[column]
            row_price[path_rows] += step
            column_price[done] -= step
            shortest[~done] -= step
            done[column] = True
            row = int(owner[column])
        while column >= 0:
            before = int(came_from[column])
            owner[column] = owner[before] if before >= 0 else start
            column = before
    return owner
