"""One look at a view's picture for its own sake: how much can be made out in it, and where."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.frame import Frame, Plane, resized

COLUMNS, ROWS = 320, 180
"""Size of the plane that is judged; a view of another shape is stretched into it."""

_ACROSS, _DOWN = 16, 12
GRID = (_DOWN, _ACROSS)
"""Shape of the blocks in which edges are measured."""
_FEATURES = 300
_BLACK = 16.0  # of studio range; a camera with full range seems a little darker
_COLOUR = 3.0  # mean distance of U and V from grey, levels: below it the camera is in its night mode

Grid = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What is kept of a picture to compare others with.

    Attributes:
        coarse: `(12, 16)` float32, strength of the large edges in each block.
        fine: `(12, 16)` float32, of the smallest ones.
        points: `(n, 2)` float32, where features are, pixels of the plane.
        features: `(n, 32)` uint8, ORB's description of each.
        coloured: by day; at night under infrared a camera shows grey.
        light: mean luma above black, levels.
    """

    coarse: Grid
    fine: Grid
    points: NDArray[np.float32]
    features: NDArray[np.uint8]
    coloured: bool
    light: float


def planes_of(frame: Frame) -> tuple[Plane, Plane]:
    """The luma in sizes in which a look costs little: `(180, 320)` and `(360, 640)` uint8."""
    size = (2 * COLUMNS, 2 * ROWS)
    if frame.width >= 2 * size[0]:
        fine = resized(frame.y, size)  # a quarter of the time; halving evens out noise, which has features too
    else:
        fine = np.asarray(cv2.resize(frame.y, size, interpolation=cv2.INTER_AREA), np.uint8)
    return resized(fine, (COLUMNS, ROWS)), fine


def picture_of(frame: Frame, plane: Plane, finer: Plane, *, in_place: bool = False) -> Picture:
    """Measure a picture, given its two planes: 2 to 3 ms.

    Args:
        frame: the picture.
        plane: see `planes_of`.
        finer: the same.
        in_place: it is known to show the same view: no features are looked for, which are most of the work.
    """
    smooth = cv2.GaussianBlur(plane, (0, 0), 2.0)
    points, features = (np.empty((0, 2), np.float32), np.empty((0, 32), np.uint8)) if in_place else _features(plane)
    chroma = [float(np.abs(part[::8, ::8].astype(np.int16) - 128).mean()) for part in (frame.u, frame.v)]
    coarse, fine = _edges(np.asarray(smooth, np.uint8)), _edges(finer)
    light = max(float(plane.mean()) - _BLACK, 1.0)
    return Picture(coarse, fine, points, features, max(chroma) > _COLOUR, light)


def _features(plane: Plane) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    steady = cv2.GaussianBlur(plane, (0, 0), 0.8)  # noise has corners too, and other ones in each picture
    keypoints, described = cv2.ORB.create(nfeatures=_FEATURES, fastThreshold=4).detectAndCompute(steady, None)
    points = np.array([point.pt for point in keypoints], np.float32).reshape(-1, 2)
    return points, np.empty((0, 32), np.uint8) if described is None else np.asarray(described, np.uint8)


def _edges(plane: Plane) -> Grid:
    """Mean gradient of each block, levels a pixel."""
    across, down = np.zeros_like(plane), np.zeros_like(plane)
    cv2.absdiff(plane[:, 2:], plane[:, :-2], dst=across[:, 1:-1])
    cv2.absdiff(plane[2:], plane[:-2], dst=down[1:-1])
    strength = cv2.add(across, down, dtype=cv2.CV_32F)
    return np.asarray(cv2.resize(strength, (_ACROSS, _DOWN), interpolation=cv2.INTER_AREA), np.float32)
