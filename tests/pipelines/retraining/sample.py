"""Small data sets with real picture files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from pipelines.retraining.data.dataset import Dataset, Labels, Picture

Box = tuple[int, float, float, float, float]
WIDTH, HEIGHT = 80, 60


def picture(
    folder: Path, name: str, boxes: Sequence[Box] = (), *, split: str | None = None, points: int = 0
) -> Picture:
    """A picture file of 80×60, another one for each name, and its labels; keypoints lie on the boxes' diagonals."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    pixels = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), np.uint8)
    cv2.imwrite(str(path), cv2.resize(pixels, (WIDTH, HEIGHT)))
    n = len(boxes)
    xyxy = np.array([box[1:] for box in boxes], np.float32).reshape(n, 4)
    shares = np.linspace(0.2, 0.8, points)[None, :, None]
    places = xyxy[:, None, :2] * (1 - shares) + xyxy[:, None, 2:] * shares
    keypoints = np.concatenate([np.round(places, 1), np.full((n, points, 1), 2)], axis=2).astype(np.float32)
    labels = Labels(xyxy, np.array([box[0] for box in boxes], np.int64), keypoints)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Picture(path, digest, WIDTH, HEIGHT, path.stem, split, labels)


def dataset(
    *pictures: Picture, classes: tuple[str, ...] = ("fire", "smoke"), keypoints: tuple[str, ...] = ()
) -> Dataset:
    return Dataset("sample", classes, keypoints, "CC0-1.0", "made for a test", pictures)
