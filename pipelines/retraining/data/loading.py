"""One split of a data set, whichever way it lies on disk."""

from __future__ import annotations

from pathlib import Path

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import INDEX, Dataset, load_dataset
from pipelines.retraining.data.formats import yolo
from pipelines.retraining.data.formats.faults import Fault
from pipelines.retraining.data.formats.intake import Intake


def load_split(folder: Path, split: str) -> tuple[Dataset, tuple[Fault, ...]]:
    """One split of a manifest, or of a folder in YOLO layout.

    Returns:
        The data set with this split alone, and the faults of its labels, which a manifest has none of.

    Raises:
        DatasetError: there is no such data set or split, or no picture of it can be used.
    """
    if not (folder / INDEX).is_file():
        imported = yolo.read(folder, split=split, intake=Intake(f"{folder.resolve().name}/{split}"))
        if not imported.dataset.pictures:
            raise DatasetError(f"{folder}: no pictures that can be used in split {split!r}")
        return imported.dataset, tuple(imported.faults)
    whole = load_dataset(folder)
    part = whole.of_split(split)
    if not part.pictures:
        raise DatasetError(f"{folder}: no pictures in split {split!r}, there are: {', '.join(whole.splits) or 'none'}")
    return part, ()
