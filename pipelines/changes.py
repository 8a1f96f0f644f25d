"""Two pictures of one place, from nearly the same spot: what is new in it, and what is gone?

A robot that walks its round stops within half a metre and some degrees of where it stopped before. What stands at
different distances then moves against each other, and no one warp brings all of it together. So the earlier picture is
warped as a whole, and each small block of one picture is then looked for nearby in the other, no farther off than what
is plainly the same has shifted. A point is as it was if any of the blocks that cover it is found: at the edge of a
thing one block may lie on the thing alone and another on what is behind it, though these have shifted against each
other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.homography import Homography, is_sound
from pipelines.frame import Plane
from pipelines.hazards import Box

WIDTH = 640
_BLOCK, _COARSE, _FINE = 24, 12, 6
"""Pixels of a block's side, and from one to the next: to learn how far things have shifted, and what has changed."""

_REACH = 38
"""How far a block may have shifted against all others, pixels of a picture of `WIDTH` columns: what stands 4.5 m away
does so against what stands 12 m away, when the camera stops 0.4 m beside its place."""

_SURE, _FEWEST_SURE, _TRIM, _SLACK_PX = 0.85, 20, 1.0, 2
"""Blocks with at least this correlation have been found beyond doubt. All but this many per cent of them at either end,
and a few pixels more, tell how far things have shifted; where there are too few, in a view that is plain but for them,
blocks are looked for as far as the reach goes."""

_ALIKE = 0.7
"""Blocks whose normalised cross-correlation is at least this show the same thing."""

_PLAIN = 7.0
"""Standard deviation, levels, below which a block shows nothing that could be recognised."""

_LEVELS = 28.0
"""A plain block has changed if no part of its size nearby was within so many levels of it."""

_LEAST_PX = 8
"""Less than this across and down is no change: the blocks around it leave so much unexplained of what is as it was."""

_UNCOVERED = 0.2
"""What is far comes into view beside what is near in a strip as wide as these have shifted against each other; blocks
that lie across the strip's sides explain all but this share of it."""

_FEATURES, _FEWEST_INLIERS, _RATIO = 2500, 30, 0.78
_LEAST_OVERLAP = 0.5


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


@dataclass(frozen=True, slots=True)
class _Shifts:
    """Between which shifts a block is looked for, pixels: to the right and down."""

    left: int = -_REACH
    right: int = _REACH
    up: int = -_REACH
    down: int = _REACH

    @property
    def back(self) -> _Shifts:
        """The same from the other picture to this one."""
        return _Shifts(-self.right, -self.left, -self.down, -self.up)


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """What came of looking for the blocks of one picture in another; `(rows, columns)` each.

    Attributes:
        alike: float32, how well each was found, up to 1; NaN for those that the other picture does not show.
        right: float32, how far to the right, pixels; NaN where it is plain.
        down: float32, how far down, the same.
    """

    alike: NDArray[np.float32]
    right: NDArray[np.float32]
    down: NDArray[np.float32]


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
    shifts = _shifts(_looked_for(new, warped, shown, _COARSE, _Shifts()))
    new_and_gone = (
        _explained(_looked_for(new, warped, shown, _FINE, shifts), new.shape),
        _explained(_looked_for(warped, new, shown, _FINE, shifts.back), new.shape),
    )
    return Comparison(tuple(_changes(new_and_gone, shifts, shown)), None, inliers, overlap)


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


def _looked_for(of: Plane, within: Plane, shown: NDArray[np.bool_], stride: int, shifts: _Shifts) -> _Blocks:
    """The blocks of one picture are looked for nearby in the other."""
    tall, wide = of.shape
    rows, columns = (tall - _BLOCK) // stride + 1, (wide - _BLOCK) // stride + 1
    found = np.full((3, rows, columns), np.nan, np.float32)
    rim = np.asarray(cv2.copyMakeBorder(within, _REACH, _REACH, _REACH, _REACH, cv2.BORDER_REFLECT_101), np.uint8)
    high, broad = shifts.down - shifts.up + _BLOCK, shifts.right - shifts.left + _BLOCK
    for row in range(rows):
        for column in range(columns):
            y, x = row * stride, column * stride
            if not shown[y : y + _BLOCK, x : x + _BLOCK].all():
                continue
            top, left = y + _REACH + shifts.up, x + _REACH + shifts.left
            alike, right, down = _found(of[y : y + _BLOCK, x : x + _BLOCK], rim[top : top + high, left : left + broad])
            found[:, row, column] = alike, right + shifts.left, down + shifts.up
    return _Blocks(*found)


def _found(block: Plane, around: Plane) -> tuple[float, float, float]:
    """How well a block is found, and where."""
    if block.std() >= _PLAIN:
        _, alike, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(around, block, cv2.TM_CCOEFF_NORMED))
        return alike, x, y
    means = cv2.boxFilter(around, cv2.CV_32F, (_BLOCK, _BLOCK), borderType=cv2.BORDER_REPLICATE)
    half = _BLOCK // 2
    inner = means[half : around.shape[0] - half + 1, half : around.shape[1] - half + 1]
    # Brighter or darker by `_LEVELS` is as much unlike as what correlates by `_ALIKE`.
    nearest = float(np.abs(inner - block.mean()).min())
    return max(0.0, 1 - (1 - _ALIKE) * nearest / _LEVELS), np.nan, np.nan


def _shifts(blocks: _Blocks) -> _Shifts:
    """How far things have shifted against the whole, by the shifts of what was found beyond doubt."""
    sure = (blocks.alike >= _SURE) & ~np.isnan(blocks.right)
    if sure.sum() < _FEWEST_SURE:
        return _Shifts()
    ends = np.percentile((blocks.right[sure], blocks.down[sure]), (_TRIM, 100 - _TRIM), axis=1)
    least = np.maximum(np.floor(ends[0]) - _SLACK_PX, -_REACH).astype(int)
    most = np.minimum(np.ceil(ends[1]) + _SLACK_PX, _REACH).astype(int)
    return _Shifts(int(least[0]), int(most[0]), int(least[1]), int(most[1]))


def _explained(blocks: _Blocks, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """How well the best of the blocks that cover each point was found: `(h, w)`, NaN where none does."""
    rows, columns = np.indices(blocks.alike.shape) * _FINE
    corners = np.full(shape, -2.0, np.float32)
    corners[rows, columns] = np.nan_to_num(blocks.alike, nan=-2.0)
    best = cv2.dilate(corners, np.ones((_BLOCK, _BLOCK), np.uint8), anchor=(_BLOCK - 1, _BLOCK - 1))
    return np.where(best < -1, np.nan, best).astype(np.float32)


def _changes(new_and_gone: Sequence[NDArray[np.float32]], shifts: _Shifts, shown: NDArray[np.bool_]) -> list[Change]:
    """Where enough is left unexplained of either picture, the largest first."""
    tall, wide = new_and_gone[0].shape
    across = max(_LEAST_PX, round(_UNCOVERED * (shifts.right - shifts.left)))
    least = np.ones((_LEAST_PX, across), np.uint8)
    unlike = [(alike < _ALIKE).astype(np.uint8) for alike in new_and_gone]
    # Beside an edge what came into view and what went out of it touch: each is a strip by itself.
    large = np.max([cv2.morphologyEx(each, cv2.MORPH_OPEN, least, borderValue=0) for each in unlike], axis=0)
    alike = np.fmin(*new_and_gone)
    # What lies on the rim alone may have come into view or left it, above all the ground at the camera's feet.
    inner = cv2.erode(shown.astype(np.uint8), np.ones((2 * _REACH + 1,) * 2, np.uint8), borderValue=0) > 0
    joined = cv2.morphologyEx(large, cv2.MORPH_CLOSE, np.ones((_BLOCK, _BLOCK), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for label in range(1, len(stats)):
        these = (labels == label) & (large > 0)
        if not inner[these].any():
            continue
        x, y, w, h, _ = (int(v) for v in stats[label])
        # A block that shows a change by a part of it is found all the same.
        left, top, right, low = max(0, x - _FINE), max(0, y - _FINE), min(wide, x + w + _FINE), min(tall, y + h + _FINE)
        box = (left / wide, top / tall, right / wide, low / tall)
        found.append((int(these.sum()), Change(box, float(1 - alike[these].clip(0, 1).mean()))))
    return [change for _, change in sorted(found, key=lambda each: -each[0])]
