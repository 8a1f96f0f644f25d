"""Makes the pictures of a plan from their sources, ready for training."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Dataset, Picture, save_dataset
from pipelines.retraining.data.formats import yolo
from pipelines.retraining.proposals.derive import Derived, Image, Plan, render

_JPEG_QUALITY = 92

Footage = Callable[[Path, frozenset[int]], Iterable[tuple[int, Image]]]
"""From a video and the numbers of the frames wanted to those frames, BGR, in their order."""


def write_set(
    plan: Plan,
    roots: Sequence[Path],
    out: Path,
    footage: Footage,
    progress: Callable[[Sequence[Derived]], Iterable[Derived]] = iter,
) -> Dataset:
    """Write the plan's pictures in YOLO's layout, with the manifest beside them.

    Args:
        plan: what to make.
        roots: folders in which the sources lie; the first that has one is taken.
        out: gets `images/SPLIT`, `labels/SPLIT`, `data.yaml`, `card.yaml` and `index.jsonl`.
        footage: reads frames of a video.
        progress: wraps the pictures, to show how far it is.

    Returns:
        The set, its pictures below `out`.

    Raises:
        DatasetError: a source is missing, or is not the file that the plan was made with.
    """
    found = lru_cache(maxsize=None)(lambda source, sha256: _find(source, sha256, roots))
    frames = _frames(plan, found, footage)
    pictures = []
    for derived in progress(plan.pictures):
        path = found(derived.source, derived.sha256)
        source = _opened(path) if derived.frame is None else frames[derived.source, derived.frame]
        image = render(source, derived)
        if image.shape[1::-1] != derived.size:
            raise DatasetError(f"{path}: gives {image.shape[1]}×{image.shape[0]} px, the plan says {derived.size}")
        pictures.append(_written(image, derived, out, len(plan.keypoints)))
    dataset = Dataset(plan.name, plan.classes, plan.keypoints, plan.licence, plan.source, tuple(pictures))
    yolo.write(dataset, out)
    save_dataset(dataset, out, out)
    return dataset


def _frames(plan: Plan, found: Callable[[str, str], Path], footage: Footage) -> dict[tuple[str, int], Image]:
    wanted: dict[tuple[str, str], set[int]] = {}
    for derived in plan.pictures:
        if derived.frame is not None:
            wanted.setdefault((derived.source, derived.sha256), set()).add(derived.frame)
    frames: dict[tuple[str, int], Image] = {}
    for (source, sha256), numbers in wanted.items():
        path = found(source, sha256)
        frames |= {(source, number): image for number, image in footage(path, frozenset(numbers))}
        missing = sorted(numbers - {number for name, number in frames if name == source})
        if missing:
            raise DatasetError(f"{path}: has no frames {missing}")
    return frames


def _find(source: str, sha256: str, roots: Sequence[Path]) -> Path:
    places = [root / source for root in roots]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise DatasetError(f"{source}: is in none of {', '.join(map(str, roots))}")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256:
        raise DatasetError(f"{path}: sha256 is {digest[:12]}…, the plan was made with {sha256[:12]}…")
    return path


def _opened(path: Path) -> Image:
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise DatasetError(f"{path}: is no picture OpenCV can read")
    return np.asarray(image, np.uint8)


def _written(image: Image, derived: Derived, out: Path, keypoints: int) -> Picture:
    content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
    path = out / "images" / derived.split / f"{derived.name}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    width, height = derived.size
    digest = hashlib.sha256(content).hexdigest()
    return Picture(path, digest, width, height, derived.group, derived.split, derived.labels(keypoints))
