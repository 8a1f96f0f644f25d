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
    averaging every pixel would cost a hundred times as much. Where the sizes allow it they come from one row of each
    cell, two and two beside each other: what costs is to fetch a row of a large picture from memory.
    """

    def __init__(self) -> None:
        self._pairs = np.empty((ROWS, 2, COLUMNS), np.uint16)
        self._chroma = (0, 0)
        self._rows: Cells = np.empty(0, np.intp)
        self._columns: Cells = np.empty(0, np.intp)

    def luma(self, frame: Frame) -> Plane:
        """`(90, 160)` uint8, an array of its own."""
        tall, wide = 2 * ROWS, 2 * COLUMNS
        down, down_rest = divmod(frame.height, ROWS)
        across, across_rest = divmod(frame.width, wide)
        if down_rest or across_rest or frame.y.strides[1] != 1:
            samples = np.asarray(cv2.resize(frame.y, (wide, tall), interpolation=cv2.INTER_NEAREST), np.uint8)
        else:
            pairs = frame.y[down // 2 :: down].view(np.uint16)
            self._pairs[:, 0], self._pairs[:, 1] = pairs[:, across // 4 :: across], pairs[:, across * 3 // 4 :: across]
            samples = self._pairs.view(np.uint8).reshape(tall, wide)
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
