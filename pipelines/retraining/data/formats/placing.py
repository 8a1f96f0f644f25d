"""Pictures copied or linked to where a format wants them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Dataset, Picture


def placed(dataset: Dataset) -> Iterator[tuple[Picture, str]]:
    """Each picture with a file name that no other one has, also without its suffix and whatever the case.

    Two pictures of the same name from different folders: the second is called after its digest too.
    """
    taken: set[str] = set()
    for picture in dataset.pictures:
        name = picture.path.name
        if picture.path.stem.casefold() in taken:
            name = f"{picture.path.stem}_{picture.sha256[:12]}{picture.path.suffix}"
        taken.add(Path(name).stem.casefold())
        yield picture, name


def place(picture: Picture, target: Path, *, link: bool) -> None:
    """Copy the picture to `target`, or link to it; what stands there is replaced.

    Raises:
        DatasetError: it is gone, or can not be written.
    """
    if target.exists() and os.path.samefile(picture.path, target) and not target.is_symlink():  # noqa: PTH121
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        if link:
            target.symlink_to(picture.path.resolve())
        else:
            shutil.copyfile(picture.path, target)
    except OSError as error:
        raise DatasetError(f"{target}: can not be written from {picture.path}: {error.strerror}") from error


def written(path: Path, text: str) -> None:
    """Write a label file, its folder made if need be.

    Raises:
        DatasetError: it can not be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"{path}: can not be written: {error.strerror}") from error


def without_keypoints(dataset: Dataset, form: str) -> None:
    """For formats that have no place for keypoints.

    Raises:
        DatasetError: the data set has some.
    """
    if dataset.keypoints:
        raise DatasetError(
            f"{dataset.name}: has {len(dataset.keypoints)} keypoints a box, which {form} can not hold; "
            "yolo and coco can"
        )
