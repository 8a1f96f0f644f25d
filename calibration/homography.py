"""Where one picture lies in another."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Homography = NDArray[np.float64]
"""`(3, 3)`, pixels of one picture to pixels of another."""


def corners(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Of a picture of `(rows, columns)`: `(4, 1, 2)` float32, from the left and the top."""
    tall, wide = shape[:2]
    return np.array([[[0, 0]], [[wide, 0]], [[wide, tall]], [[0, tall]]], np.float32)


def moved_corners(homography: Homography, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Where they lie in the other picture: `(4, 1, 2)` float32."""
    return np.asarray(cv2.perspectiveTransform(corners(shape), homography), np.float32)


def is_sound(homography: Homography, shape: tuple[int, ...], least: float, most: float) -> bool:
    """It turns, shifts and tilts the picture, and does not fold it; its area changes by no more than these shares."""
    moved = moved_corners(homography, shape)
    return bool(cv2.isContourConvex(moved)) and least < cv2.contourArea(moved) / (shape[0] * shape[1]) < most
