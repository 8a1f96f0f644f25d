"""Do two small pictures show the same thing, whatever the light?"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.float32]
Mask = NDArray[np.bool_]

_WINDOW = 2.0  # standard deviation of the window, in cells
_ALIKE = 0.6  # correlation above which two windows show the same thing
_NOISES = 3.0  # structure must exceed this many standard deviations of the noise
_CONTRAST = 0.035  # and this share of the local brightness: less is a shadow's soft edge or a stain drying
_EMPTIER = 0.6  # with this share of the outlines that used to be there, something has been taken away
_LEAST_NOISE = 1.0
_MAD_TO_SIGMA = 1.4826
_BRIGHT, _DARK = 232.0, 6.0  # beyond these a camera may have clipped what was there


def blur(grid: Grid) -> Grid:
    """Mean over the window around each cell."""
    return np.asarray(cv2.GaussianBlur(grid, (0, 0), _WINDOW), np.float32)


def differs(known: Grid, now: Grid, noise: float) -> Mask:
    """Where the structure of two grids differs: `(rows, columns)` each.

    Each window of one is fitted to the other with a gain and an offset of its own, so light that changes
    as a whole, or gradually from place to place, leaves nothing over. What the fit leaves over must
    stand out from the sensor's noise and from the local brightness, in either direction: something has
    appeared, or something has vanished behind something plain.

    Args:
        known: what used to be there, 0–255.
        now: what is there now.
        noise: standard deviation of a cell of `now` by the sensor's noise.
    """
    mean_known, mean_now = blur(known), blur(now)
    var_known = np.maximum(blur(known * known) - mean_known**2, 0)
    var_now = np.maximum(blur(now * now) - mean_now**2, 0)
    shared = np.maximum(blur(known * now) - mean_known * mean_now, 0)
    tiny = np.float32(1e-3)
    alike = shared**2 / ((var_known + tiny) * (var_now + tiny))
    gain = gain_of(known, now)
    left_over = np.maximum(var_now, var_known * gain**2) * (1 - alike)
    floor = (_NOISES * noise) ** 2 + (_CONTRAST * mean_now) ** 2
    clipped = (mean_now > _BRIGHT) & (mean_known * gain > _BRIGHT) | (mean_now < _DARK) & (mean_known * gain < _DARK)
    changed: Mask = (alike < _ALIKE**2) & (left_over > floor) & ~clipped
    return changed


def textured(grid: Grid, noise: float) -> Mask:
    """Where a grid has structure that `differs` could miss or find: `(rows, columns)`."""
    mean = blur(grid)
    enough: Mask = blur(grid * grid) - mean**2 > (_NOISES * noise) ** 2 + (_CONTRAST * mean) ** 2
    return enough


def gain_of(known: Grid, now: Grid) -> float:
    """How much brighter `now` is as a whole; the median leaves out whatever is new."""
    return float(np.median(blur(now) / (blur(known) + 1)))


def noise_between(a: Grid, b: Grid) -> float:
    """Standard deviation of the sensor's noise in a cell, from two looks at the same scene.

    The median leaves out what moved, taking away the local mean leaves out what the light did. Video
    codecs hide noise in still parts and let it return with each keyframe: there is always some.
    """
    difference = b - a
    fine = np.abs(difference - blur(difference))
    return max(float(np.median(fine)) * _MAD_TO_SIGMA / 2**0.5, _LEAST_NOISE)


def solid(cells: Mask, thinnest: int = 7) -> Mask:
    """Patches without holes, and without what is thinner than `thinnest` cells: lines are edges of shadows."""
    raw = cells.astype(np.uint8)
    closed = cv2.morphologyEx(raw, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(raw), outlines, -1, 1, cv2.FILLED)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thinnest, thinnest))
    return cv2.morphologyEx(filled, cv2.MORPH_OPEN, kernel).astype(bool)


def emptied(known: Grid, now: Grid, cells: Mask) -> bool:
    """Has something been taken away from these cells, rather than put there?

    What stands somewhere has an outline. When the outlines along the edge of a changed patch are those of
    the picture that used to be, and stood out there from what is around, that picture showed a thing, and
    now there is floor. Without the second condition a plain box in front of clutter would be taken for floor.

    Args:
        known: what used to be there.
        now: what is there now, at the same brightness.
        cells: the changed patch.
    """
    patch = cells.astype(np.uint8)
    square = np.ones((3, 3), np.uint8)
    edge = (cv2.dilate(patch, square) - cv2.erode(patch, square, iterations=6)).astype(bool)
    around = (cv2.dilate(patch, square, iterations=14) - cv2.dilate(patch, square, iterations=4)).astype(bool)
    if not around.any():
        return False
    slope = _slope(now)
    before = float(_slope(known)[edge].mean())
    after = float(max(slope[edge].mean(), slope[around].mean()))
    return after + 0.5 < _EMPTIER * (before + 0.5)


def _slope(grid: Grid) -> Grid:
    smooth = cv2.GaussianBlur(grid, (0, 0), 1.0)
    along, down = (cv2.Sobel(smooth, cv2.CV_32F, x, 1 - x, scale=1 / 8) for x in (1, 0))
    return np.asarray(cv2.magnitude(along, down), np.float32)
