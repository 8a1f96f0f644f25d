"""Two pictures of one place, from nearly the same spot: what is new in it, and what is gone?

A robot that walks its round stops within half a metre and some degrees of where it stopped before. What stands at
different distances then moves against each other, and no one warp brings all of it together. So the earlier picture is
warped as a whole, and each small part of one picture is then looked for in the other nearby: what is found there has
only shifted.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.homography import Homography, is_sound
from pipelines.frame import Plane
from pipelines.hazards import Box

WIDTH = 640
_BLOCK, _STRIDE = 24, 12
_REACH = 38
"""How far a part may have shifted against all others, pixels of a picture of `WIDTH` columns: what stands 4.5 m away
does so against what stands 12 m away, when the camera stops 0.4 m beside its place."""

_ALIKE = 0.6
"""Parts whose normalised cross-correlation is at least this are the same thing."""

_HALVES_ALIKE = 0.8
"""The same for halves of parts, which less has to fit."""

_PLAIN = 7.0
"""Standard deviation, levels, below which a part shows nothing that could be recognised."""

_LEVELS = 28.0
"""A plain part has changed if no plain part nearby was within so many levels of it."""

_FEATURES, _FEWEST_INLIERS, _RATIO = 2500, 30, 0.78
_LEAST_OVERLAP = 0.5
_LEAST_BLOCKS = 4
_SIDE, _FEWEST_SHIFTS, _LEAST_SHIFT_PX = 3, 3, 3.0
"""Blocks beside a change, and how many of them have to be found, to tell how far near and far have shifted; less than
so far is none."""


@dataclass(frozen=True, slots=True)
class Change:
    """A part of the view that is not what it was.

    Attributes:
        box: 0–1 of the later picture.
        score: how unlike the two are there, 0–1.
    """

    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing two pictures came to.

    Attributes:
        changes: the largest first.
        fault: why they can not be compared; None where they can.
        inliers: points that agree on how one lies over the other.
        overlap: share of the later picture that the earlier one shows.
    """

    changes: tuple[Change, ...]
    fault: str | None = None
    inliers: int = 0
    overlap: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """What came of looking for the blocks of one picture in another; `(rows, columns)` each.

    Attributes:
        unlike: float32, how far each is from being found, 0–1; 0 where it is found.
        shift: float32, how far to the right it was found, pixels; NaN where it was not, or is plain.
    """

    unlike: NDArray[np.float32]
    shift: NDArray[np.float32]


def compare(before: Plane, after: Plane) -> Comparison:
    """What has changed from one picture to the other.

    Args:
        before: `(h, w)` or `(h, w, 3)` uint8.
        after: the same view later, of any size.
    """
    old, new = _grey(before), _grey(after)
    homography, inliers = _register(old, new)
    if homography is None:
        return Comparison(
            (), f"the view can not be recognised: {inliers} points agree, needed are {_FEWEST_INLIERS}", inliers
        )
    size = (new.shape[1], new.shape[0])
    warped = np.asarray(cv2.warpPerspective(old, homography, size), np.uint8)
    known = cv2.warpPerspective(np.full_like(old, 255), homography, size, flags=cv2.INTER_NEAREST)
    shown = cv2.erode(known, np.ones((5, 5), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    overlap = float(shown.mean())
    if overlap < _LEAST_OVERLAP:
        return Comparison((), f"only {overlap:.0%} of the view is that of before", inliers, overlap)
    warped = _same_light(warped, new, shown)
    here, there = _looked_for(new, warped, shown), _looked_for(warped, new, shown)
    unlike = np.where(here.unlike >= there.unlike, here.unlike, there.unlike)
    shift = np.where(np.isnan(here.shift), -there.shift, here.shift)
    return Comparison(tuple(_changes(_Blocks(unlike, shift), size)), None, inliers, overlap)


def _grey(picture: Plane) -> Plane:
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.ndim == 3 else picture
    scale = WIDTH / grey.shape[1]
    size = (WIDTH, max(_BLOCK, round(grey.shape[0] * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), np.uint8)


def _register(old: Plane, new: Plane) -> tuple[Homography | None, int]:
    """From the old picture to the new one, and how many points agree."""
    finder = cv2.ORB_create(_FEATURES, fastThreshold=7)  # type: ignore[attr-defined]
    first, second = finder.detectAndCompute(old, None), finder.detectAndCompute(new, None)
    if first[1] is None or second[1] is None or len(first[0]) < _FEWEST_INLIERS or len(second[0]) < 2:
        return None, 0
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(first[1], second[1], k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < _RATIO * pair[1].distance]
    if len(good) < _FEWEST_INLIERS:
        return None, len(good)
    here = np.array([first[0][match.queryIdx].pt for match in good], np.float32)
    there = np.array([second[0][match.trainIdx].pt for match in good], np.float32)
    homography, agree = cv2.findHomography(here, there, cv2.RANSAC, 4.0, maxIters=2000)
    inliers = int(agree.sum()) if agree is not None else 0
    if (
        homography is None
        or inliers < _FEWEST_INLIERS
        or not is_sound(np.asarray(homography, np.float64), old.shape, 0.3, 3.0)
    ):
        return None, inliers
    return np.asarray(homography, np.float64), inliers


def _same_light(old: Plane, new: Plane, shown: NDArray[np.bool_]) -> Plane:
    """The old picture in the new one's light: by middle and spread of both, which what has changed moves little."""
    low, middle, high = np.percentile(old[shown], (25, 50, 75))
    new_low, new_middle, new_high = np.percentile(new[shown], (25, 50, 75))
    gain = float(np.clip((new_high - new_low) / max(high - low, 1.0), 0.5, 2.0))
    lit = np.clip((old.astype(np.float32) - middle) * gain + new_middle, 0, 255)
    return np.asarray(lit, np.uint8)


def _looked_for(of: Plane, within: Plane, shown: NDArray[np.bool_]) -> _Blocks:
    """Each block of one picture is looked for nearby in the other."""
    tall, wide = of.shape
    rows, columns = (tall - _BLOCK) // _STRIDE + 1, (wide - _BLOCK) // _STRIDE + 1
    found = _Blocks(np.zeros((rows, columns), np.float32), np.full((rows, columns), np.nan, np.float32))
    rim = np.asarray(cv2.copyMakeBorder(within, _REACH, _REACH, _REACH, _REACH, cv2.BORDER_REFLECT_101), np.uint8)
    for row in range(rows):
        for column in range(columns):
            y, x = row * _STRIDE, column * _STRIDE
            if not shown[y : y + _BLOCK, x : x + _BLOCK].all():
                continue
            part = of[y : y + _BLOCK, x : x + _BLOCK]
            around = rim[y : y + _BLOCK + 2 * _REACH, x : x + _BLOCK + 2 * _REACH]
            found.unlike[row, column], found.shift[row, column] = _unlike(part, around)
    return found


def _unlike(part: Plane, around: Plane) -> tuple[float, float]:
    """How far a block is from being found, and how far aside it was found."""
    if part.std() < _PLAIN:
        means = cv2.boxFilter(around, cv2.CV_32F, (_BLOCK, _BLOCK), borderType=cv2.BORDER_REPLICATE)
        half = _BLOCK // 2
        nearest = float(np.abs(means[half:-half, half:-half] - part.mean()).min())
        return min(1.0, nearest / (2 * _LEVELS)) if nearest > _LEVELS else 0.0, float("nan")
    _, alike, _, (x, _) = cv2.minMaxLoc(cv2.matchTemplate(around, part, cv2.TM_CCOEFF_NORMED))
    if alike >= _ALIKE:
        return 0.0, float(x - _REACH)
    return 0.0 if _in_halves(part, around) else 1.0 - max(alike, 0.0), float("nan")


def _in_halves(part: Plane, around: Plane) -> bool:
    """Are both halves of a block found, each by itself? Then it lies across the edge of something that has shifted."""
    half = _BLOCK // 2
    cuts = ((part[:, :half], part[:, half:]), (part[:half], part[half:]))
    return any(all(_half_is_found(piece, around) for piece in pieces) for pieces in cuts)


def _half_is_found(piece: Plane, around: Plane) -> bool:
    if piece.std() < _PLAIN:
        means = cv2.boxFilter(around, cv2.CV_32F, piece.shape[::-1], borderType=cv2.BORDER_REPLICATE)
        return float(np.abs(means - piece.mean()).min()) <= _LEVELS / 2
    return float(cv2.matchTemplate(around, piece, cv2.TM_CCOEFF_NORMED).max()) >= _HALVES_ALIKE


def _uncovered_px(shift: NDArray[np.float32], y: int, x: int, h: int, w: int) -> float:
    """How much of what is behind may have come into view at a part of the picture, pixels across.

    What is near has shifted against what is far by the difference of the shifts beside and above; so much of what is
    far is seen now and was not, or the other way round.
    """
    rows, columns = slice(y, y + h), slice(x, x + w)
    left, right = shift[rows, max(0, x - _SIDE) : x], shift[rows, x + w : x + w + _SIDE]
    above = shift[max(0, y - _SIDE) : y, columns]  # below is the ground, which is near wherever something stands on it
    sides = (left, right, above)
    middles = [float(np.nanmedian(side)) for side in sides if np.count_nonzero(~np.isnan(side)) >= _FEWEST_SHIFTS]
    return max(middles) - min(middles) if len(middles) >= 2 else 0.0


def _changes(blocks: _Blocks, size: tuple[int, int]) -> list[Change]:
    unlike = blocks.unlike
    hot = (unlike > 0).astype(np.uint8)
    joined = cv2.morphologyEx(hot, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for label in range(1, len(stats)):
        these = (labels == label) & (hot > 0)
        x, y, w, h, _ = (int(v) for v in stats[label])
        across_px, uncovered_px = (w - 1) * _STRIDE + _BLOCK, _uncovered_px(blocks.shift, y, x, h, w)
        # Blocks that reach into a strip by a part are unlike as well, on both of its sides.
        strip = uncovered_px >= _LEAST_SHIFT_PX and across_px <= uncovered_px + _BLOCK + _STRIDE
        if these.sum() < _LEAST_BLOCKS or strip:
            continue
        right, low = (x + w - 1) * _STRIDE + _BLOCK, (y + h - 1) * _STRIDE + _BLOCK
        box = (x * _STRIDE / size[0], y * _STRIDE / size[1], right / size[0], low / size[1])
        found.append((int(these.sum()), Change(box, float(unlike[these].mean()))))
    return [change for _, change in sorted(found, key=lambda each: -each[0])]
