"""The small picture that the prefilter works on."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.frame import Frame, Plane

ROWS, COLUMNS = 90, 160

Cells = NDArray[np.intp]


class Shrinker:
    """Samples a frame's planes down to `(90, 160)` without touching most of its pixels.

    Four samples a cell are averaged: a quarter of the sensor's noise for a few microseconds, where
    averaging every pixel would cost a hundred times as much.
    """

    def __init__(self) -> None:
        self._chroma = (0, 0)
        self._rows: Cells = np.empty(0, np.intp)
        self._columns: Cells = np.empty(0, np.intp)

    @staticmethod
    def luma(frame: Frame) -> Plane:
        """`(90, 160)` uint8, an array of its own."""
        tall, wide = 2 * ROWS, 2 * COLUMNS
        down, down_rest = divmod(frame.height, tall)
        across, across_rest = divmod(frame.width, wide)
        if down_rest or across_rest:
            samples = cv2.resize(frame.y, (wide, tall), interpolation=cv2.INTER_NEAREST)
        else:  # most cameras: a third faster
            samples = np.ascontiguousarray(frame.y[down // 2 :: down, across // 2 :: across])
        return np.asarray(cv2.resize(samples, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA), np.uint8)

    def chroma(self, frame: Frame) -> tuple[Plane, Plane]:
        """U and V, each `(90, 160)` uint8: one sample a cell."""
        self._plan(frame)
        every = np.ix_(self._rows, self._columns)
        return frame.u[every], frame.v[every]

    def chroma_at(self, frame: Frame, rows: Cells, columns: Cells) -> tuple[Plane, Plane]:
        """The same samples of some cells only: `(n,)` each."""
        self._plan(frame)
        where = self._rows[rows], self._columns[columns]
        return frame.u[where], frame.v[where]

    def _plan(self, frame: Frame) -> None:
        if self._chroma != frame.u.shape:
            self._chroma = tall, wide = (frame.u.shape[0], frame.u.shape[1])
            self._rows, self._columns = _middles(ROWS, tall), _middles(COLUMNS, wide)


def _middles(cells: int, pixels: int) -> Cells:
    """The pixel in the middle of each cell."""
    return ((np.arange(cells) + 0.5) * pixels / cells).astype(np.intp)
