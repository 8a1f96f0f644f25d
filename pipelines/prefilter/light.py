"""A view under another light: the sun behind a cloud, a lamp that is switched, an iris that closes on a white car."""

from __future__ import annotations

import cv2
import numpy as np

from pipelines.frame import Plane

# So much of the contrast may come or go; beyond it is another picture and not another light.
_LEAST_GAIN, _MOST_GAIN = 0.25, 4.0
_TURNS = 2
_NEAR = 2.5  # times the median residual: what is further off has changed and does not tell of the light
_FLAT = 4.0  # variance, levels squared: nothing to read a gain off


def relit(background: Plane, luma: Plane) -> Plane:
    """The background as it would look under the light of a picture, so that what has changed besides stands out.

    A gain and an offset for the whole view, by least squares, trimmed of what changed (P. Rousseeuw, "Least Median of
    Squares Regression", 1984, of which this is a cheap cousin).

    Args:
        background: `(rows, columns)` uint8.
        luma: the same of the picture.

    Returns:
        `(rows, columns)` uint8.
    """
    before, now = (plane[::4, ::4].ravel().astype(np.float32) for plane in (background, luma))
    shift = now - before
    gain, offset = 1.0, float(np.partition(shift, len(shift) // 2)[len(shift) // 2])
    for _ in range(_TURNS):
        apart = np.abs(now - gain * before - offset)
        near = apart <= max(_NEAR * float(np.partition(apart, len(apart) // 2)[len(apart) // 2]), 1.0)
        x, y = before[near], now[near]
        middle, level = float(x.mean()), float(y.mean())
        variance = float(np.square(x - middle).mean())
        if variance < _FLAT:
            break
        gain = min(max(float(((x - middle) * (y - level)).mean()) / variance, _LEAST_GAIN), _MOST_GAIN)
        offset = level - gain * middle
    # A table of all levels: a look-up a cell.
    table = np.clip(np.rint(gain * np.arange(256, dtype=np.float32) + offset), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(background, table), np.uint8)
