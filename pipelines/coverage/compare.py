"""Is a picture one of the same view, as sharp and as open as the reference?"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.coverage.picture import COLUMNS, Grid, Picture

# A block has something to be seen in it when its large edges are so strong.
_DETAIL = 1.2
# Of the blocks that had something: so many must have lost nearly all of it for the lens to be covered.
_COVERED_SHARE, _LOST = 0.7, 0.3
# Strength of the small edges as a share of what it was: a lens out of focus loses them and keeps large ones.
_BLUR = 0.42
_LEAST_BLOCKS = 12
# Features: a match is so many of 256 bits apart at most; it stands still when it moved less than a share of the width.
_BITS, _STILL = 64, 0.02
_LEAST_FEATURES = 40
_SAME_SHARE, _SAME_LEAST = 0.12, 10
_MOVED_LEAST = 12  # features that agree on one movement


@dataclass(frozen=True, slots=True)
class Compared:
    """What became of a view.

    Attributes:
        covered: what was to be seen is hidden.
        defocused: it is there, and blurred.
        moved: it is elsewhere in the picture, or another place is shown.
        same: it was recognised in its place.
    """

    covered: bool
    defocused: bool
    moved: bool
    same: bool


def compare(now: Picture, reference: Picture, *, in_place: bool = False) -> Compared:
    """Compare a picture with the reference of its view, both by day or both by night.

    Args:
        now: the picture.
        reference: what it ought to show.
        in_place: it is known to show the same view; features are not asked.
    """
    detailed = reference.coarse > _DETAIL
    if detailed.sum() < _LEAST_BLOCKS:
        return Compared(covered=False, defocused=False, moved=False, same=True)  # a blank wall: nothing can be said
    dimmed = min(1.0, now.light / reference.light)  # half the light leaves half the contrast
    lost = now.coarse[detailed] < _LOST * dimmed * reference.coarse[detailed]
    still, together = (0, 0) if in_place else _features(now, reference)
    enough = len(reference.points) >= _LEAST_FEATURES
    same = in_place or still >= max(_SAME_LEAST, _SAME_SHARE * len(reference.points))
    covered = bool(lost.mean() > _COVERED_SHARE)
    sharpness = np.median(now.fine[detailed] / np.maximum(reference.fine[detailed], 0.1)) / dimmed
    defocused = not covered and bool(sharpness < _BLUR)
    moved = enough and not (same or covered or defocused) and (together >= _MOVED_LEAST or _elsewhere(now, reference))
    return Compared(covered, defocused, moved, same)


def _elsewhere(now: Picture, reference: Picture) -> bool:
    """Full of things, and none of them where they were: the edges lie differently too."""
    if len(now.points) < _LEAST_FEATURES:
        return False
    both = np.corrcoef(now.coarse.ravel(), reference.coarse.ravel())[0, 1]
    return bool(both < 0.3)


def _features(now: Picture, reference: Picture) -> tuple[int, int]:
    """How many features of the reference are in their place, and how many agree that all has moved alike."""
    if len(now.points) < 4 or len(reference.points) < 4:
        return 0, 0
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(reference.features, now.features)
    near = [(match.queryIdx, match.trainIdx) for match in matches if match.distance <= _BITS]
    if not near:
        return 0, 0
    old, new = (np.array(side) for side in zip(*near, strict=True))
    was, is_at = reference.points[old], now.points[new]
    step = np.hypot(*(is_at - was).T)
    still = int((step < _STILL * COLUMNS).sum())
    if len(near) < _MOVED_LEAST:
        return still, 0
    movement, inliers = cv2.estimateAffinePartial2D(was, is_at, ransacReprojThreshold=3.0)
    if movement is None or np.hypot(*_shift(movement)) < _STILL * COLUMNS:
        return still, 0
    return still, int(inliers.sum())


def _shift(movement: Grid) -> Grid:
    """Where the middle of the picture went."""
    middle = np.array([COLUMNS / 2, COLUMNS * 9 / 32, 1.0])
    return np.asarray(movement @ middle - middle[:2], np.float32)
