"""What a labelling tool wrote, before anything is checked against the pictures: what each format's parser returns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from calibration.errors import DatasetError
from pipelines.retraining.data.formats.faults import Fault

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")

Corners = tuple[float, float, float, float]
Point = tuple[float, float, int]


@dataclass(frozen=True, slots=True)
class Mark:
    """One labelled thing.

    Attributes:
        place: where it stands in the source.
        name: its class, as the source calls it.
        corners: x1, y1, x2, y2 in the unit of its sheet; in any order of the corners.
        points: x, y, visibility (0, 1, 2) of each keypoint in the same unit; empty in a set without.
    """

    place: str
    name: str
    corners: Corners
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One picture and what was marked in it.

    Attributes:
        path: the picture's file, whether it is there or not.
        marks: in the order of the source; empty for a negative.
        extent: width and height of the picture in the unit of the marks: (1, 1) for shares, (100, 100) for percent,
            None for pixels of the file.
        stated: pixels that the source says the picture has, None if it does not say.
        split: None where the source has none.
        group: what the source knows it was taken with (a video's name), None if nothing.
        lost: labels of it that could not be read, and stand among the faults.
    """

    path: Path
    marks: tuple[Mark, ...]
    extent: tuple[float, float] | None = None
    stated: tuple[int, int] | None = None
    split: str | None = None
    group: str | None = None
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Export:
    """All of it.

    Attributes:
        classes: names in the source's order.
        keypoints: their names, empty without.
        root: the folder below which the pictures lie.
        sheets: one a picture.
        faults: what the parser could not read.
    """

    classes: tuple[str, ...]
    keypoints: tuple[str, ...]
    root: Path
    sheets: tuple[Sheet, ...]
    faults: tuple[Fault, ...]


def pictures_below(folder: Path) -> list[Path]:
    """Every picture file in the folder and below, sorted by path."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())


def text_of(path: Path) -> str:
    """The text of a label file.

    Raises:
        DatasetError: it is not there, or no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DatasetError(f"{path}: can not be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: is not UTF-8 text (byte {error.start})") from error
