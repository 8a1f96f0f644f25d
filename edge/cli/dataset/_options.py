"""What the commands of this group have in common."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.retraining.data.dataset import Dataset


class Format(StrEnum):
    """Formats of labelling tools."""

    YOLO = "yolo"
    COCO = "coco"
    VOC = "voc"
    LABEL_STUDIO = "label-studio"
    CVAT = "cvat"


def folder_of(name: str) -> Path:
    """Of a data set that is named: a folder, or the name of one below `datasets/`."""
    path = Path(name)
    return path if path.is_dir() else Path("datasets") / name


def contents(dataset: Dataset) -> dict[str, Any]:
    """How many pictures, negatives, groups, pictures a split and boxes a class: for people and as JSON."""
    boxes = dict.fromkeys(dataset.classes, 0)
    splits: dict[str, int] = {}
    for picture in dataset.pictures:
        splits[picture.split or "none"] = splits.get(picture.split or "none", 0) + 1
        for class_id in picture.labels.class_id:
            boxes[dataset.classes[class_id]] += 1
    return {
        "pictures": len(dataset.pictures),
        "negatives": sum(1 for picture in dataset.pictures if not len(picture.labels)),
        "groups": len({picture.group for picture in dataset.pictures}),
        "splits": splits,
        "boxes": boxes,
    }
