"""A data set: pictures with labelled boxes, and the manifest that keeps it on disk.

The manifest is a folder: `card.yaml` says what the set is and where its pictures lie (`root`, relative to the folder
where that is possible), `index.jsonl` has one line a picture. The pictures themselves stay where they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from calibration.errors import DatasetError

CARD, INDEX = "card.yaml", "index.jsonl"
VERSION: Final = "lookout-dataset-1"
_FAULTS_SHOWN = 10


def _no_keypoints() -> NDArray[np.float32]:
    return np.empty((0, 0, 3), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What a person (or a teacher) marked in one picture, as parallel arrays.

    Attributes:
        xyxy: `(n, 4)` float32, pixels of the picture.
        class_id: `(n,)` int64, index into the data set's classes.
        keypoints: `(n, k, 3)` float32: x and y in pixels, visibility (0 not labelled, 1 hidden, 2 seen); k = 0 without.

    Raises:
        ValueError: the arrays do not belong together.
    """

    xyxy: NDArray[np.float32]
    class_id: NDArray[np.int64]
    keypoints: NDArray[np.float32] = field(default_factory=_no_keypoints)

    def __post_init__(self) -> None:
        n = len(self.xyxy)
        if self.xyxy.ndim != 2 or self.xyxy.shape[1] != 4:
            raise ValueError(f"xyxy: expected shape (n, 4), found {self.xyxy.shape}")
        if self.class_id.shape != (n,):
            raise ValueError(f"class_id: expected shape ({n},) to match xyxy, found {self.class_id.shape}")
        if self.keypoints.size == 0 and len(self.keypoints) != n:
            object.__setattr__(self, "keypoints", np.empty((n, *self.keypoints.shape[1:]), np.float32))
        if self.keypoints.ndim != 3 or len(self.keypoints) != n or self.keypoints.shape[2] != 3:
            raise ValueError(f"keypoints: expected shape ({n}, k, 3) to match xyxy, found {self.keypoints.shape}")

    @classmethod
    def none(cls, keypoints: int = 0) -> Labels:
        """Nothing to see: the labels of a negative, in a data set with so many keypoints a box."""
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.int64), np.empty((0, keypoints, 3), np.float32))

    def __len__(self) -> int:
        return len(self.xyxy)

    def pick(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Labels:
        """Those chosen by a mask or by indices."""
        return Labels(self.xyxy[which], self.class_id[which], self.keypoints[which])


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One labelled picture.

    Attributes:
        path: the file; absolute once loaded.
        sha256: digest of the file's bytes.
        width: pixels, upright: after the turn that the file's EXIF orientation asks for.
        height: pixels, upright.
        group: what it was taken with (clip, camera, day); a split never cuts through a group.
        split: `train`, `val`, …; None while nobody has split the set.
        labels: a picture without boxes is a negative.
    """

    path: Path
    sha256: str
    width: int
    height: int
    group: str
    split: str | None
    labels: Labels


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Pictures under one list of classes.

    Attributes:
        name: as its folder under `datasets/`.
        classes: names; a label's `class_id` is an index into them.
        keypoints: names, in the order of `Labels.keypoints`; empty in a set without.
        licence: under which the pictures may be used, in words or as an SPDX name.
        source: where the pictures are from.
        pictures: in the order of the manifest.

    Raises:
        ValueError: a label names no class of the set, or has another number of keypoints.
    """

    name: str
    classes: tuple[str, ...]
    keypoints: tuple[str, ...]
    licence: str
    source: str
    pictures: tuple[Picture, ...]

    def __post_init__(self) -> None:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"classes: a name stands twice in {list(self.classes)}")
        for picture in self.pictures:
            ids, count = picture.labels.class_id, picture.labels.keypoints.shape[1]
            if len(ids) and not (ids.min() >= 0 and ids.max() < len(self.classes)):
                raise ValueError(f"{picture.path}: class ids {ids.tolist()}, allowed are 0 to {len(self.classes) - 1}")
            if len(ids) and count != len(self.keypoints):
                raise ValueError(f"{picture.path}: {count} keypoints a box, the set has {len(self.keypoints)}")

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits there are, sorted."""
        return tuple(sorted({picture.split for picture in self.pictures if picture.split is not None}))

    def of_split(self, split: str | None) -> Dataset:
        """The same set with the pictures of one split only."""
        return replace(self, pictures=tuple(picture for picture in self.pictures if picture.split == split))


class _Card(BaseModel):
    """The fields of `card.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1)]
    classes: list[str]
    keypoints: list[str] = []
    licence: str
    source: str
    root: str
    format: Literal["lookout-dataset-1"]
    pictures: Annotated[int, Field(ge=0)]


class _Row(BaseModel):
    """One line of `index.jsonl`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    path: Annotated[str, Field(min_length=1)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    size: tuple[PositiveInt, PositiveInt]
    group: Annotated[str, Field(min_length=1)]
    split: Annotated[str, Field(min_length=1)] | None = None
    boxes: list[tuple[Annotated[int, Field(ge=0)], float, float, float, float]] = []
    keypoints: list[list[tuple[float, float, Literal[0, 1, 2]]]] = []


def load_dataset(folder: Path, *, gone: bool = False) -> Dataset:
    """Read the manifest in `folder`.

    Args:
        folder: with `card.yaml` and `index.jsonl`.
        gone: load it even where pictures are gone: what the index says of them still stands.

    Raises:
        DatasetError: the manifest is missing or wrong (every fault with its file and line, ten of them shown), or a
            picture is not where `root` says.
    """
    card = _read_card(folder / CARD)
    root = (folder / card.root).resolve()
    index = folder / INDEX
    pictures: list[Picture] = []
    faults: list[str] = []
    seen: dict[str, int] = {}
    for number, line in _lines(index):
        try:
            row = _Row.model_validate_json(line)
        except ValidationError as error:
            faults += [f"line {number}: {fault}" for fault in _explained(error)]
            continue
        wrong = _faults(row, card, None if gone else root)
        if row.path in seen:
            wrong.append(f"path: {row.path} stands in line {seen[row.path]} already")
        seen[row.path] = number
        faults += [f"line {number}: {fault}" for fault in wrong]
        if not wrong:
            pictures.append(_picture(row, root, len(card.keypoints)))
    if not faults and len(pictures) != card.pictures:
        faults = [f"has {len(pictures)} lines, {CARD} says pictures: {card.pictures}"]
    if faults:
        raise DatasetError(_listed(index, faults))
    return Dataset(card.name, tuple(card.classes), tuple(card.keypoints), card.licence, card.source, tuple(pictures))


def save_dataset(dataset: Dataset, folder: Path, root: Path) -> None:
    """Write the manifest of `dataset` to `folder`, made if need be; the pictures stay below `root`.

    Raises:
        DatasetError: a picture does not lie below `root`, or the folder can not be written.
    """
    base = Path(os.path.abspath(root))  # noqa: PTH100 - a link to a picture must stay what it is
    rows = [_row(picture, base) for picture in dataset.pictures]
    card = _Card(
        name=dataset.name,
        classes=list(dataset.classes),
        keypoints=list(dataset.keypoints),
        licence=dataset.licence,
        source=dataset.source,
        root=_relative(base, folder),
        format=VERSION,
        pictures=len(rows),
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / INDEX, "".join(f"{_line(row)}\n" for row in rows))
        _replace(folder / CARD, yaml.safe_dump(card.model_dump(), sort_keys=False, allow_unicode=True))
    except OSError as error:
        raise DatasetError(f"{folder}: can not write the data set: {error.strerror}") from error


def root_of(folder: Path) -> Path:
    """The folder below which the pictures of the manifest in `folder` lie.

    Raises:
        DatasetError: the card is missing or wrong.
    """
    return (folder / _read_card(folder / CARD).root).resolve()


def _read_card(path: Path) -> _Card:
    try:
        found: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _Card.model_validate(found)
    except FileNotFoundError:
        raise DatasetError(f"{path}: is missing; a data set is a folder with {CARD} and {INDEX}") from None
    except OSError as error:
        raise DatasetError(f"{path}: can not be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: is not YAML: {error}") from error
    except ValidationError as error:
        raise DatasetError(_listed(path, _explained(error))) from error


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number (from 1) and text of each line that is not blank."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DatasetError(f"{path}: is missing; it has one line a picture") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: can not be read: {error}") from error
    # Not splitlines(): a file name may hold a character that it takes for the end of a line.
    return ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def _faults(row: _Row, card: _Card, root: Path | None) -> list[str]:
    """What is wrong with a line that is well-formed; without a root nobody looks whether the picture is there."""
    faults = []
    width, height = row.size
    if Path(row.path).is_absolute() or ".." in Path(row.path).parts:
        faults.append(f"path: {row.path}, allowed is one below root")
    elif root is not None and not (root / row.path).is_file():
        faults.append(f"path: no file {root / row.path}; is `root` in {CARD} right?")
    for place, (class_id, x1, y1, x2, y2) in enumerate(row.boxes):
        if class_id >= len(card.classes):
            faults.append(f"boxes[{place}]: class {class_id}, allowed are 0 to {len(card.classes) - 1}")
        if not (0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height):
            faults.append(f"boxes[{place}]: {[x1, y1, x2, y2]}, allowed is x1 < x2 and y1 < y2 in {width}×{height}")
    shape = [len(points) for points in row.keypoints]
    if (card.keypoints or shape) and shape != [len(card.keypoints)] * len(row.boxes):
        faults.append(f"keypoints: {shape} a box, expected {len(card.keypoints)} for each of {len(row.boxes)} boxes")
    return faults


def _picture(row: _Row, root: Path, count: int) -> Picture:
    n = len(row.boxes)
    labels = Labels(
        np.array([box[1:] for box in row.boxes], np.float32).reshape(n, 4),
        np.array([box[0] for box in row.boxes], np.int64),
        np.array(row.keypoints, np.float32).reshape(n, count, 3),
    )
    return Picture(root / row.path, row.sha256, *row.size, row.group, row.split, labels)


def _row(picture: Picture, base: Path) -> _Row:
    path = Path(os.path.abspath(picture.path))  # noqa: PTH100
    if not path.is_relative_to(base):
        raise DatasetError(f"{picture.path}: does not lie below {base}, where the pictures of this data set lie")
    labels = picture.labels
    return _Row(
        path=path.relative_to(base).as_posix(),
        sha256=picture.sha256,
        size=(picture.width, picture.height),
        group=picture.group,
        split=picture.split,
        boxes=[
            (int(class_id), *(round(float(edge), 1) for edge in box))
            for class_id, box in zip(labels.class_id, labels.xyxy, strict=True)
        ],
        keypoints=[[_point(point) for point in points] for points in labels.keypoints] if labels.keypoints.size else [],
    )


def _point(point: NDArray[np.float32]) -> tuple[float, float, Any]:
    x, y, visibility = map(float, point)
    return round(x, 1), round(y, 1), int(visibility)


def _line(row: _Row) -> str:
    return row.model_dump_json(exclude=None if row.keypoints else {"keypoints"})


def _relative(base: Path, folder: Path) -> str:
    """Of `base` from `folder`; links are followed first, since `..` behind a link leads elsewhere."""
    try:
        return Path(os.path.relpath(base.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return base.as_posix()


def _replace(path: Path, text: str) -> None:
    """Write the whole file or nothing."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _explained(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(map(str, fault['loc'])) or 'whole'}: {fault['msg']}, found {str(fault['input'])[:80]!r}"
        for fault in error.errors(include_url=False)
    ]


def _listed(path: Path, faults: list[str]) -> str:
    rest = [f"  … and {len(faults) - _FAULTS_SHOWN} more"] if len(faults) > _FAULTS_SHOWN else []
    head = f"{path}: {len(faults)} fault{'s' if len(faults) != 1 else ''}"
    return "\n".join([head, *(f"  {fault}" for fault in faults[:_FAULTS_SHOWN]), *rest])
