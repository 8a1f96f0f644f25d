"""Close-ups: square parts of training pictures, enlarged as the agent enlarges what its prefilter points at.

A model that has seen whole pictures only takes an enlarged part for something else: fire as seen from a step away is
soft, fills the view, and has no house around it. Empty pictures are enlarged as often and as far, or enlarging itself
would come to mean fire.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Labels, Picture

# A part is so many times as wide as the box it is about.
_AROUND = 1.4, 4.0
# Fewer pixels a side hold nothing to learn.
_LEAST_PX = 72
# A larger part, as a share of the picture's shorter side, differs too little from the whole.
_LARGEST = 0.7
# A box of which less than this is left says nothing about its class.
_LEAST_LEFT = 0.25
_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 95]


def write_close_ups(
    pictures: Sequence[Picture], folder: Path, side_px: int, share: float, about: Sequence[int], seed: int
) -> list[Picture]:
    """Write enlarged parts of some of these pictures.

    Args:
        pictures: training pictures in place.
        folder: where to; made if need be.
        side_px: of the close-ups.
        share: so many of the pictures that show one of `about`, and of those that show nothing, are enlarged.
        about: classes worth enlarging.
        seed: the same one gives the same parts.

    Returns:
        The close-ups, of the same group and split as what they were made from; labels cut to what is in view.

    Raises:
        DatasetError: a picture can not be read, or a close-up not be written.
    """
    random = np.random.default_rng(seed)
    shown = [(p, np.flatnonzero(np.isin(p.labels.class_id, np.array(about)))) for p in pictures]
    with_box = [(p, boxes) for p, boxes in shown if len(boxes)]
    empty = [p for p in pictures if len(p.labels) == 0]
    parts = [(p, _around(p, p.labels.xyxy[random.choice(boxes)], random)) for p, boxes in with_box]
    sides = [float(part[2] - part[0]) for _, part in parts if part is not None]
    if sides:
        parts += [(p, _anywhere(p, float(random.choice(sides)), random)) for p in empty]
    fit = [(p, part) for p, part in parts if part is not None]
    count = round(share * (len(with_box) + len(empty)))
    chosen = [fit[i] for i in sorted(random.permutation(len(fit))[:count])]
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(picture, part, folder, side_px) for picture, part in chosen]


def _around(picture: Picture, box: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.int64] | None:
    """A part around a box, which lies anywhere in it; None if it would be most of the picture."""
    x1, y1, x2, y2 = box.astype(np.float64)
    longest = max(x2 - x1, y2 - y1)
    largest = _LARGEST * min(picture.width, picture.height)
    side = max(longest * random.uniform(*_AROUND), _LEAST_PX)
    if longest * _AROUND[0] > largest or largest < _LEAST_PX:
        return None
    side = min(side, largest)
    slack = np.maximum(side - np.array([x2 - x1, y2 - y1]), 0)
    corner = np.array([x1, y1]) - random.uniform(0, 1, 2) * slack
    return _placed(corner, side, picture)


def _anywhere(picture: Picture, side: float, random: np.random.Generator) -> NDArray[np.int64] | None:
    side = min(side, _LARGEST * min(picture.width, picture.height))
    if side < _LEAST_PX:
        return None
    return _placed(random.uniform(0, 1, 2) * np.array([picture.width - side, picture.height - side]), side, picture)


def _placed(corner: NDArray[np.float64], side: float, picture: Picture) -> NDArray[np.int64]:
    """Whole pixels, inside the picture: `(4,)`."""
    whole = int(side)
    x, y = np.clip(corner.astype(np.int64), 0, [picture.width - whole, picture.height - whole])
    return np.array([x, y, x + whole, y + whole], np.int64)


def _write(picture: Picture, part: NDArray[np.int64], folder: Path, side_px: int) -> Picture:
    pixels = cv2.imread(str(picture.path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise DatasetError(f"{picture.path}: is no picture that can be read")
    x1, y1, x2, y2 = part.tolist()
    near = cv2.resize(pixels[y1:y2, x1:x2], (side_px, side_px), interpolation=cv2.INTER_LINEAR)
    path = folder / f"{picture.path.stem}_near.jpg"
    if not cv2.imwrite(str(path), near, _QUALITY):
        raise DatasetError(f"{path}: can not be written")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    labels = _cut(picture.labels, part, side_px / (x2 - x1))
    return replace(picture, path=path, sha256=digest, width=side_px, height=side_px, labels=labels)


def _cut(labels: Labels, part: NDArray[np.int64], zoom: float) -> Labels:
    """Labels of what is left in view, in the close-up's pixels."""
    low, high = np.tile(part[:2], 2), np.tile(part[2:], 2)
    cut = np.clip(labels.xyxy, low, high)
    area = np.prod(labels.xyxy[:, 2:] - labels.xyxy[:, :2], axis=1)
    left = np.prod(cut[:, 2:] - cut[:, :2], axis=1) >= _LEAST_LEFT * np.maximum(area, 1e-6)
    kept = labels.pick(left)
    points = kept.keypoints.copy()
    if points.size:
        points[..., :2] = (points[..., :2] - part[:2]) * zoom
        outside = ((points[..., :2] < 0) | (points[..., :2] > (part[2] - part[0]) * zoom)).any(axis=2)
        points[outside] = 0
    return Labels(((cut[left] - low) * zoom).astype(np.float32), kept.class_id, points)
