"""The small picture that the prefilter works on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.frame import Frame

ROWS, COLUMNS = 90, 160


class Shrinker:
    """Samples a frame's planes down to `(90, 160)` without touching most of its pixels.

    Four samples a cell are averaged: a quarter of the sensor's noise for a few microseconds, where
    averaging every pixel would cost a hundred times as much.
    """

    def __init__(self) -> None:
        self._size = (0, 0)
        self._rows: list[NDArray[np.intp]] = []
        self._columns: list[NDArray[np.intp]] = []
        self._chroma: tuple[NDArray[np.intp], NDArray[np.intp]] = (np.empty(0, np.intp), np.empty(0, np.intp))
        self._sum = np.empty((ROWS, COLUMNS), np.uint16)
        self.luma = np.empty((ROWS, COLUMNS), np.uint8)
        self.u = np.empty((ROWS, COLUMNS), np.uint8)
        self.v = np.empty((ROWS, COLUMNS), np.uint8)

    def shrink(self, frame: Frame) -> None:
        """Fill `luma`, `u` and `v`, each `(90, 160)` uint8; the next call overwrites them."""
        if self._size != (frame.width, frame.height):
            self._plan(frame)
        self._sum[...] = 2  # rounds the division by four
        for rows in self._rows:
            lines = frame.y[rows]
            for columns in self._columns:
                self._sum += lines[:, columns]
        self._sum >>= 2
        np.copyto(self.luma, self._sum, casting="unsafe")
        rows, columns = self._chroma
        np.take(frame.u[rows], columns, axis=1, out=self.u)
        np.take(frame.v[rows], columns, axis=1, out=self.v)

    def _plan(self, frame: Frame) -> None:
        """Which lines and columns are sampled, for this size of frame."""
        self._size = (frame.width, frame.height)
        shares = (0.25, 0.75)
        self._rows = [_positions(ROWS, frame.height, share) for share in shares]
        self._columns = [_positions(COLUMNS, frame.width, share) for share in shares]
        chroma_h, chroma_w = frame.u.shape
        self._chroma = _positions(ROWS, chroma_h, 0.5), _positions(COLUMNS, chroma_w, 0.5)


def _positions(cells: int, pixels: int, share: float) -> NDArray[np.intp]:
    """The pixel at this share of each cell."""
    where = (np.arange(cells) + share) * pixels / cells
    return np.minimum(where.astype(np.intp), pixels - 1)
