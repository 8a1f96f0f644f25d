"""Shows a teacher the pictures of data sets and frames of footage, and keeps what it saw with what hands labelled."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Dataset, Picture
from pipelines.retraining.data.duplicates import hash_pictures, near_pairs
from pipelines.retraining.data.groups import inseparable
from pipelines.retraining.proposals.derive import Image
from pipelines.retraining.proposals.distil import Seen
from pipelines.retraining.proposals.propose import rename
from pipelines.retraining.proposals.teacher import Proposals, Teacher

KEPT = ("val", "test")
"""Splits that a data set keeps for the last score: nothing in them, and nothing near them, is trained on."""


@dataclass(frozen=True, slots=True)
class Footage:
    """Frames of a video: their numbers from 0, and a function that hands them out, BGR."""

    path: Path
    numbers: tuple[int, ...]
    read: Callable[[Path, frozenset[int]], Iterable[tuple[int, Image]]]


@dataclass(frozen=True, slots=True)
class Eye:
    """What looks at the pictures.

    Attributes:
        teacher: proposes the labels.
        wanted: its name of a class -> the set's.
        classes: the set's.
        hand: names of classes made by hand -> what they are in this set: no name, one, or several.
        witness: a second teacher for the same classes; what it alone is sure of is doubtful.
        sure: confidence from which the witness is believed.
    """

    teacher: Teacher
    wanted: Mapping[str, str]
    classes: tuple[str, ...]
    hand: Mapping[str, tuple[str, ...]]
    witness: Teacher | None = None
    sure: float = 0.4

    def at(self, image: Image) -> tuple[Proposals, NDArray[np.float32] | None]:
        """What the teacher proposes in one picture, and what the witness saw in it."""
        found = rename(self.teacher.look(image), self.teacher.classes, self.wanted, self.classes)
        if self.witness is None:
            return found, None
        also = rename(self.witness.look(image), self.witness.classes, self.wanted, self.classes)
        return found, also.xyxy[also.confidence >= self.sure]

    def meanings(self, classes: Sequence[str]) -> tuple[tuple[int, ...] | None, ...]:
        """Of each class made by hand, as `propose.merge` takes them."""
        return tuple(
            tuple(self.classes.index(mine) for mine in self.hand[name]) if name in self.hand else None
            for name in classes
        )


def kept_together(datasets: Sequence[Dataset]) -> tuple[tuple[Dataset, ...], int]:
    """The same sets, near-duplicates of one group across all of them; and how many were left out.

    What is of one group with a picture of a kept split, but not of that split, is left out.
    """
    pictures = [picture for dataset in datasets for picture in dataset.pictures]
    together = inseparable(pictures, near_pairs(hash_pictures(pictures)))
    kept = {first for picture, first in zip(pictures, together.tolist(), strict=True) if picture.split in KEPT}
    place, left_out, result = 0, 0, []
    for dataset in datasets:
        chosen: list[Picture] = []
        for picture in dataset.pictures:
            first = int(together[place])
            place += 1
            if picture.split not in KEPT and first in kept:
                left_out += 1
                continue
            chosen.append(replace(picture, group=pictures[first].group))
        result.append(replace(dataset, pictures=tuple(chosen)))
    return tuple(result), left_out


def see(dataset: Dataset, roots: Sequence[Path], eye: Eye) -> Iterator[Seen]:
    """What the teacher sees in each picture of a data set.

    Raises:
        DatasetError: a picture lies below none of the roots, or can not be read.
    """
    meanings = eye.meanings(dataset.classes)
    for picture in dataset.pictures:
        image = cv2.imdecode(np.fromfile(picture.path, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise DatasetError(f"{picture.path}: is no picture OpenCV can read")
        found, witnessed = eye.at(np.asarray(image, np.uint8))
        source = below(picture.path, roots)
        yield Seen(
            name=f"{dataset.name}_{picture.path.stem}",
            source=source,
            frame=None,
            sha256=picture.sha256,
            size=(picture.width, picture.height),
            group=picture.group,
            split="val" if picture.split in KEPT else None,
            found=found,
            hand=picture.labels if any(means is not None for means in meanings) else None,
            meanings=meanings,
            witnessed=witnessed,
        )


def see_footage(footage: Footage, roots: Sequence[Path], eye: Eye) -> Iterator[Seen]:
    """What the teacher sees in frames of a video, all of one group: there to train on."""
    with footage.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    name = footage.path.stem
    for number, image in footage.read(footage.path, frozenset(footage.numbers)):
        found, witnessed = eye.at(image)
        size = (image.shape[1], image.shape[0])
        yield Seen(
            f"{name}_{number:04d}", below(footage.path, roots), number, digest, size, name, None, found,
            witnessed=witnessed,
        )  # fmt: skip


def below(path: Path, roots: Sequence[Path]) -> str:
    """The path relative to the first root that it lies below.

    Raises:
        DatasetError: it lies below none.
    """
    whole = path.resolve()
    for root in roots:
        if whole.is_relative_to(root.resolve()):
            return whole.relative_to(root.resolve()).as_posix()
    raise DatasetError(f"{path}: lies below none of {', '.join(map(str, roots)) or 'no roots'}; say --root")
