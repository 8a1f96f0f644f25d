"""Drawn pictures for the tests of the line: no two seeds alike, no file of the shared data needed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.retraining.data.dataset import Dataset, Labels, Picture


def scene(seed: int, width: int = 192, height: int = 144) -> NDArray[np.uint8]:
    """A picture `(height, width, 3)` of soft light and hard-edged blocks."""
    rng = np.random.default_rng(seed)
    soft = cv2.resize(rng.integers(0, 255, (4, 5, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(12):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        across, down = (int(side) for side in rng.integers(10, 60, 2))
        colour = tuple(map(int, rng.integers(0, 255, 3)))
        cv2.rectangle(soft, (x, y), (x + across, y + down), colour, -1)
    return soft


def picture(
    folder: Path,
    name: str,
    image: NDArray[np.uint8] | int,
    boxes: Sequence[tuple[int, float, float, float, float]] = (),
    group: str | None = None,
    split: str | None = None,
) -> Picture:
    """Write one PNG, of an image or of a scene's seed, and give it its labels."""
    image = scene(image) if isinstance(image, int) else image
    path = folder / f"{name}.png"
    cv2.imwrite(str(path), image)
    labels = Labels(
        np.array([box[1:] for box in boxes], np.float32).reshape(-1, 4), np.array([box[0] for box in boxes], np.int64)
    )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Picture(path, digest, image.shape[1], image.shape[0], group or name, split, labels)


def dataset(pictures: Sequence[Picture], name: str = "drawn") -> Dataset:
    """A set of two classes."""
    return Dataset(name, ("fire", "smoke"), (), "CC0-1.0", "drawn by the tests", tuple(pictures))
