"""What the view looks like when nothing happens, in integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FRACTION = 7  # fixed point: a level of luma is 128 steps
_ONE = 1 << _FRACTION


class Background:
    """A running average of the small luma plane.

    The average is kept in int16 fixed point: 8 bits of luma, 7 of fraction. With a shift `s`, each
    update moves it by 1/2^s of the difference; differences below 2^s steps would be lost to the
    shift, so it moves by at least one step, as a sigma-delta filter does.

    Args:
        shape: rows and columns.
        shift: 1/2^shift of the difference is taken over at each update.
    """

    def __init__(self, shape: tuple[int, int], shift: int) -> None:
        self._shift = shift
        self._mean = np.zeros(shape, np.int16)
        self._step = np.empty(shape, np.int16)
        self._sign = np.empty(shape, np.int16)
        self.difference = np.zeros(shape, np.uint8)

    def begin(self, luma: NDArray[np.uint8]) -> None:
        """Take this picture as the background."""
        np.multiply(luma, _ONE, out=self._mean, dtype=np.int16, casting="unsafe")

    def compare(self, luma: NDArray[np.uint8], offset: int = 0) -> NDArray[np.uint8]:
        """Absolute difference of `luma - offset` to the background, in levels; overwritten by the next call.

        Args:
            luma: `(rows, columns)` uint8.
            offset: levels by which the whole view got brighter; not counted as a difference.
        """
        np.right_shift(self._mean, _FRACTION, out=self._step)
        np.subtract(luma, self._step, out=self._step, dtype=np.int16, casting="unsafe")
        if offset:
            self._step -= np.int16(offset)
        np.abs(self._step, out=self._step)
        np.copyto(self.difference, self._step, casting="unsafe")
        return self.difference

    def signed(self, luma: NDArray[np.uint8]) -> NDArray[np.int16]:
        """Difference to the background in levels, signed; overwritten by the next call."""
        np.right_shift(self._mean, _FRACTION, out=self._step)
        np.subtract(luma, self._step, out=self._step, dtype=np.int16, casting="unsafe")
        return self._step

    def update(self, luma: NDArray[np.uint8]) -> None:
        """Move a little towards this picture."""
        np.multiply(luma, _ONE, out=self._step, dtype=np.int16, casting="unsafe")
        # Both lie in 0…32640, so their difference fits int16.
        np.subtract(self._step, self._mean, out=self._step)
        np.sign(self._step, out=self._sign)
        np.right_shift(self._step, self._shift, out=self._step)
        self._step += self._sign
        self._mean += self._step
