"""What decides in the other loops whether a picture is worth a model's look: MOG2, and motion in a small luma plane.

The second follows the description of Frigate's motion detection in words (its source was not copied): the luma plane
sampled down to 100 rows, contrast stretched between percentiles, a gaussian blur, the difference to a running average,
a threshold, contours; and square regions of at least the model's input around what moves.
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.frame import Plane

Boxes = NDArray[np.float32]

_MOG2_SIZE = (320, 180)
_FOREGROUND = 255  # shadows are 127
_FOREGROUND_SHARE = 0.002

_ROWS = 100
_DARK, _BRIGHT = 4, 96  # percentiles
_CONTRAST_OVER = 50  # looks
_ALPHA, _LEARNING_ALPHA = 0.01, 0.2
_LEARNS = 10  # looks
_LEVELS = 30
_AREA = 10  # pixels of the small plane
_LIGHT_SHARE = 0.8  # of the picture: the light has changed, nothing has moved
_STAYS = 10  # looks in a row with motion before the average follows

_AIR = 1.2


class Mog2Gate:
    """OpenCV's MOG2 on a reduced grey picture."""

    def __init__(self) -> None:
        self._model = cv2.createBackgroundSubtractorMOG2(detectShadows=True)
        self._looks = 0

    def moves(self, luma: Plane) -> bool:
        """Is there foreground? Never while the background is being learnt."""
        small = cv2.resize(luma, _MOG2_SIZE, interpolation=cv2.INTER_NEAREST)
        mask = cv2.morphologyEx(self._model.apply(small), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        self._looks += 1
        share = float((mask == _FOREGROUND).mean())
        return self._looks > _LEARNS and share > _FOREGROUND_SHARE


class LumaMotion:
    """Motion in the luma plane at 100 rows."""

    def __init__(self) -> None:
        self._average: NDArray[np.float32] | None = None
        self._contrast: deque[tuple[float, float]] = deque(maxlen=_CONTRAST_OVER)
        self._looks = 0
        self._moving = 0

    def boxes(self, luma: Plane) -> Boxes:
        """Where something moves: `(n, 4)`, 0–1 of the picture."""
        small = self._sharpened(_small(luma))
        if self._average is None:
            self._average = small.astype(np.float32)
        self._looks += 1
        learning = self._looks <= _LEARNS
        found = self._contours(np.asarray(cv2.absdiff(small, cv2.convertScaleAbs(self._average)), np.uint8))
        area = float((found[:, 2] - found[:, 0]) @ (found[:, 3] - found[:, 1])) if len(found) else 0.0
        # What moves is not to become background at once; what has moved for long is.
        self._moving = self._moving + 1 if len(found) else 0
        if learning or not len(found) or self._moving >= _STAYS:
            cv2.accumulateWeighted(small, self._average, _LEARNING_ALPHA if learning else _ALPHA)
        return found[:0] if learning or area > _LIGHT_SHARE else found

    def _sharpened(self, small: Plane) -> Plane:
        low, high = np.percentile(small, [_DARK, _BRIGHT])
        self._contrast.append((float(low), float(high)))
        low, high = np.mean(self._contrast, axis=0)
        scale = 255 / max(high - low, 1.0)
        stretched = cv2.convertScaleAbs(np.clip(small, low, high) - low, alpha=scale)
        return np.asarray(cv2.GaussianBlur(stretched, (3, 3), 1.0), np.uint8)

    @staticmethod
    def _contours(difference: NDArray[np.uint8]) -> Boxes:
        _, mask = cv2.threshold(difference, _LEVELS, 255, cv2.THRESH_BINARY)
        contours, _ = cv2.findContours(
            cv2.dilate(mask, np.ones((3, 3), np.uint8)), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
        )
        rows, columns = difference.shape
        found = [cv2.boundingRect(one) for one in contours if cv2.contourArea(one) > _AREA]
        boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in found], np.float32).reshape(-1, 4)
        return np.asarray(boxes / np.array([columns, rows] * 2, np.float32), np.float32)


def regions(boxes: Boxes, width: int, height: int, side_px: int) -> Boxes:
    """Square parts of the frame around what moves, as few as hold all of it without being shrunk more than needed.

    Args:
        boxes: `(n, 4)`, 0–1.
        width: of the frame, pixels.
        height: of the frame, pixels.
        side_px: of the model's input; no region is smaller, unless the frame is.
    """
    size = np.array([width, height] * 2, np.float32)
    left = sorted((boxes * size).tolist(), key=lambda box: (box[0], box[1]))
    clusters: list[list[float]] = []
    for box in left:
        for i, cluster in enumerate(clusters):
            union = [min(cluster[0], box[0]), min(cluster[1], box[1]), max(cluster[2], box[2]), max(cluster[3], box[3])]
            if max(union[2] - union[0], union[3] - union[1]) * _AIR <= side_px:
                clusters[i] = union
                break
        else:
            clusters.append(box)
    return np.array([_square(one, width, height, side_px) for one in clusters], np.float32).reshape(-1, 4) / size


def _square(box: list[float], width: int, height: int, side_px: int) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = box
    side = max(max(x2 - x1, y2 - y1) * _AIR, side_px)
    wide, tall = min(side, width), min(side, height)
    left = min(max((x1 + x2 - wide) / 2, 0), width - wide)
    top = min(max((y1 + y2 - tall) / 2, 0), height - tall)
    return left, top, left + wide, top + tall


def _small(luma: Plane) -> Plane:
    height, width = luma.shape
    size = (round(width * _ROWS / height), _ROWS)
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_NEAREST), np.uint8)
