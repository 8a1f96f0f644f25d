"""How far the hash tells copies from other pictures: `python -m tests.pipelines.retraining.hash_table IMAGES…`.

Different pictures are taken to be those whose names begin differently (`indoor_…`, `metu_…`); frames of one clip share
their name up to the number.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.retraining.data.duplicates import Hashes, distances, hash_image

Grey = NDArray[np.uint8]
DISTANCES = (16, 20, 24, 26, 28, 30, 32, 36)


def _jpeg(image: Grey, rng: np.random.Generator) -> Grey:
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_GRAYSCALE)


def _crop(image: Grey, rng: np.random.Generator) -> Grey:
    height, width = image.shape
    down, across = round(0.05 * height), round(0.05 * width)
    y, x = rng.integers(down + 1), rng.integers(across + 1)
    return image[y : height - down + y, x : width - across + x]


def _noise(image: Grey, rng: np.random.Generator) -> Grey:
    noisy, lot = image.copy(), rng.random(image.shape)
    noisy[lot < 0.03], noisy[lot > 0.97] = 0, 255
    return noisy


def _turned(image: Grey, rng: np.random.Generator) -> Grey:
    height, width = image.shape
    return cv2.warpAffine(image, cv2.getRotationMatrix2D((width / 2, height / 2), 3, 1.05), (width, height))


COPIES: dict[str, Callable[[Grey, np.random.Generator], Grey]] = {
    "JPEG q30": _jpeg,
    "crop 5 %": _crop,
    "brighter": lambda image, _: cv2.add(image, 40.0),
    "darker": lambda image, _: cv2.convertScaleAbs(image, alpha=0.7),
    "mirrored": lambda image, _: np.ascontiguousarray(image[:, ::-1]),
    "6 % noise": _noise,
    "half size": lambda image, _: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "turned 3°": _turned,
}


@dataclass(frozen=True)
class Measured:
    """Distances: of each kind of copy to its picture, of different pictures, and of a clip's frames to the next."""

    copies: dict[str, NDArray[np.uint8]]
    different: NDArray[np.uint8]
    neighbours: NDArray[np.uint8]


def measure(paths: Sequence[Path], copied: int, seed: int = 0) -> Measured:
    """Hash all, and every kind of copy of some."""
    rng = np.random.default_rng(seed)
    chosen = set(rng.choice(len(paths), min(copied, len(paths)), replace=False).tolist())
    hashes, found = np.zeros((len(paths), 2), np.uint64), {name: [] for name in COPIES}
    for place, path in enumerate(paths):
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        hashes[place] = hash_image(image)
        if place in chosen:
            for name, copy in COPIES.items():
                found[name].append(_between(hash_image(copy(image, rng)), hashes[place]))
    every = np.concatenate([distances(hashes[start : start + 64], hashes) for start in range(0, len(hashes), 64)])
    source = np.array([path.name.split("_")[0] for path in paths])
    clips = [re.match(r"(.*clip\d+)_\d+$", path.stem) for path in paths]
    following = [every[i, i + 1] for i, (a, b) in enumerate(pairwise(clips)) if a and b and a[1] == b[1]]
    different = every[np.triu(source[:, None] != source[None])]
    return Measured({k: np.array(v, np.uint8) for k, v in found.items()}, different, np.array(following, np.uint8))


def _between(one: Hashes, other: Hashes) -> np.uint8:
    return distances(one[None], other[None])[0, 0]


def table(measured: Measured) -> str:
    """A line a distance: wrong pairs, and the share of each kind of copy that is found."""
    heads = ["distance", "wrong pairs", *measured.copies, "next frame"]
    lines = ["  ".join(heads)]
    for limit in DISTANCES:
        cells = [str(limit), str(int((measured.different <= limit).sum()))]
        columns = [*measured.copies.values(), measured.neighbours]
        cells += [f"{(found <= limit).mean():.3f}" if len(found) else "-" for found in columns]
        lines.append("  ".join(cell.rjust(len(head)) for cell, head in zip(cells, heads, strict=True)))
    return "\n".join(lines)


if __name__ == "__main__":
    pictures = sorted(path for folder in sys.argv[1:] for path in Path(folder).glob("*.jpg"))
    result = measure(pictures, copied=800)
    print(f"{len(pictures)} pictures, {result.different.size} pairs of different ones")
    print(table(result))
