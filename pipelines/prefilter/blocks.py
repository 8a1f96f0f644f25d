"""Changed cells of the small picture, counted in blocks, and blocks joined to regions."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.activity import Regions
from pipelines.prefilter.small import COLUMNS, ROWS

# A block is the smallest thing that becomes a region: 10×10 cells, 1/16 of the picture's width.
BLOCK = 10
GRID = (ROWS // BLOCK, COLUMNS // BLOCK)
# Least share of a block's cells that must have changed.
BLOCK_SHARE = 0.06
HOT = BLOCK_SHARE * BLOCK * BLOCK
MOST_REGIONS = 4

_ALL = GRID[0] * GRID[1]
_NUMBER = (
    np.arange(ROWS)[:, None] // BLOCK * GRID[1] + np.arange(COLUMNS)[None] // BLOCK
).ravel()  # of the block that each cell lies in

_NONE = Regions.none()

Counts = NDArray[np.float64]


def count(cells: NDArray[np.intp], weights: NDArray[np.float64] | None = None) -> Counts:
    """How many cells, or how much weight, lies in each block: indices into the flat small picture `-> (blocks,)`."""
    return np.bincount(_NUMBER[cells], weights, _ALL).astype(np.float64)


def join(scores: Counts) -> Regions:
    """Hot blocks, joined where they touch, best first."""
    if scores.max() < HOT:
        return _NONE
    hot = (scores >= HOT).astype(np.uint8).reshape(GRID)
    number, labels, stats, _ = cv2.connectedComponentsWithStats(hot, connectivity=8)
    totals = np.bincount(labels.ravel(), weights=scores, minlength=number)[1:]
    order = np.argsort(-totals, kind="stable")[:MOST_REGIONS]
    left, top, width, height = (stats[1:, i][order].astype(np.float32) for i in range(4))
    rows, columns = GRID
    boxes = np.stack([left / columns, top / rows, (left + width) / columns, (top + height) / rows], axis=1)
    return Regions(boxes.astype(np.float32), (totals[order] / (7 * BLOCK * BLOCK)).astype(np.float32))
