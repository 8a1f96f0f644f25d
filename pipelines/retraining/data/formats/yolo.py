"""YOLO, as ultralytics lays it out: `data.yaml`, pictures in `images/SPLIT/`, one text file each in `labels/SPLIT/`.

A line is `class x y width height` in shares of the picture (centre and sides), with keypoints behind it where
`data.yaml` has `kpt_shape`; a line of corners (`class x1 y1 x2 y2 …`, segmentation or turned boxes) becomes the box
around them. Also read are the layout `SPLIT/images/`, `SPLIT/labels/` (Roboflow), class names in `classes.txt` (Label
Studio's YOLO export) or `obj.names` with `obj_SPLIT_data/` (CVAT's YOLO 1.1).
Formats: https://docs.ultralytics.com/datasets/detect/, https://docs.ultralytics.com/datasets/pose/.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from calibration.errors import DatasetError
from calibration.skeleton import COCO_KEYPOINTS
from pipelines.retraining.data.dataset import Dataset, Picture
from pipelines.retraining.data.formats.export import Export, Mark, Point, Sheet, pictures_below, text_of
from pipelines.retraining.data.formats.faults import Fault, lost
from pipelines.retraining.data.formats.intake import Imported, Intake, take_in
from pipelines.retraining.data.formats.placing import place, placed, written
from pipelines.retraining.data.formats.shapes import around

CONFIG = "data.yaml"
_NAME_LISTS = ("classes.txt", "obj.names")
_DARKNET = re.compile(r"obj_(?P<split>\w+)_data")


@dataclass(frozen=True, slots=True)
class _Config:
    """What `data.yaml` says; `values` are the numbers of a keypoint, 2 or 3."""

    names: dict[int, str]
    keypoints: tuple[str, ...]
    values: int


def read(src: Path, *, split: str | None = None, intake: Intake | None = None) -> Imported:
    """The data set in folder `src`.

    A picture without a text file is a negative, as ultralytics takes it, and listed.

    Args:
        src: folder with `data.yaml`.
        split: only this one; every one, if left out.
        intake: how it becomes a data set.

    Raises:
        DatasetError: no `data.yaml`, no class names in it, no such split.
    """
    return take_in(parse(src, split=split), intake or Intake(src.name))


def parse(src: Path, pictures: Path | None = None, *, split: str | None = None) -> Export:
    """What the text files say; see `read`.

    Raises:
        DatasetError: as `read`, and when another folder of pictures is asked for: names alone tell them apart.
    """
    if pictures is not None:
        raise DatasetError(f"{pictures}: a YOLO data set has its pictures in {src / 'images'}, no other folder is read")
    config = _config(src)
    faults: list[Fault] = []
    sheets = [_sheet(picture, label, name, src, config, faults) for picture, label, name in _pairs(src, split, faults)]
    return Export(tuple(config.names.values()), config.keypoints, src, tuple(sheets), tuple(faults))


def write(dataset: Dataset, dst: Path, *, link: bool = False) -> None:
    """Write `data.yaml`, `images/` and `labels/`; a picture without a split goes straight into `images/`.

    Args:
        dataset: with or without keypoints.
        dst: the folder, made if need be.
        link: link to the pictures instead of copying them.

    Raises:
        DatasetError: a picture is gone, or the folder can not be written.
    """
    for picture, name in placed(dataset):
        part = Path(picture.split or "")
        place(picture, dst / "images" / part / name, link=link)
        written(dst / "labels" / part / Path(name).with_suffix(".txt"), "".join(_lines(picture)))
    # No `path`: ultralytics then takes the folder of this file, and not the one it is called in.
    config: dict[str, Any] = {}
    config |= {split: f"images/{split}" for split in dataset.splits} or {"train": "images"}
    config["names"] = dict(enumerate(dataset.classes))
    if dataset.keypoints:
        config["kpt_shape"] = [len(dataset.keypoints), 3]
        config["flip_idx"] = [_mirrored(name, dataset.keypoints) for name in dataset.keypoints]
        config["kpt_names"] = {number: list(dataset.keypoints) for number in range(len(dataset.classes))}
    written(dst / CONFIG, yaml.safe_dump(config, sort_keys=False, allow_unicode=True, default_flow_style=None))


def _lines(picture: Picture) -> Iterator[str]:
    across, down = picture.width, picture.height
    labels = picture.labels
    for class_id, box, points in zip(labels.class_id, labels.xyxy.astype(float), labels.keypoints, strict=True):
        x1, y1, x2, y2 = box
        shares = [(x1 + x2) / 2 / across, (y1 + y2) / 2 / down, (x2 - x1) / across, (y2 - y1) / down]
        words = [str(class_id), *(f"{share:.7f}" for share in shares)]
        for x, y, visibility in points.astype(float):
            words += [f"{x / across:.7f}", f"{y / down:.7f}", str(int(visibility))]
        yield " ".join(words) + "\n"


def _mirrored(name: str, names: tuple[str, ...]) -> int:
    """Index of what `name` becomes when the picture is flipped left to right."""
    for one, other in (("left", "right"), ("right", "left")):
        if one in name and name.replace(one, other) in names:
            return names.index(name.replace(one, other))
    return names.index(name)


def _config(src: Path) -> _Config:
    path = src / CONFIG
    if not path.is_file():
        return _listed(src)
    try:
        found = yaml.safe_load(text_of(path))
    except yaml.YAMLError as error:
        raise DatasetError(f"{path}: is not YAML: {error}") from error
    names = found.get("names") if isinstance(found, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not names or not all(isinstance(key, int) for key in names):
        raise DatasetError(f"{path}: names: found {names!r}, allowed is a list of class names or {{0: name, …}}")
    shape = found.get("kpt_shape")
    if shape is None:
        return _Config({key: str(name) for key, name in sorted(names.items())}, (), 0)
    if not (isinstance(shape, list) and len(shape) == 2 and isinstance(shape[0], int) and shape[1] in {2, 3}):
        raise DatasetError(f"{path}: kpt_shape: found {shape!r}, allowed is [number of keypoints, 2 or 3]")
    return _Config({key: str(name) for key, name in sorted(names.items())}, _keypoints(found, shape[0]), shape[1])


def _listed(src: Path) -> _Config:
    """Class names from a list, one a line, where there is no `data.yaml`."""
    path = next((src / name for name in _NAME_LISTS if (src / name).is_file()), None)
    if path is None:
        raise DatasetError(
            f"{src / CONFIG}: is missing; a YOLO data set is a folder with {CONFIG}, images/ and labels/"
        )
    names = [line.strip() for line in text_of(path).splitlines() if line.strip()]
    return _Config(dict(enumerate(names)), (), 0)


def _keypoints(found: dict[str, Any], count: int) -> tuple[str, ...]:
    named = found.get("kpt_names")
    of_one = next(iter(named.values()), None) if isinstance(named, dict) else named
    if isinstance(of_one, list) and len(of_one) == count:
        return tuple(map(str, of_one))
    return COCO_KEYPOINTS if count == len(COCO_KEYPOINTS) else tuple(f"keypoint_{place}" for place in range(count))


def _folders(src: Path) -> dict[str | None, tuple[Path, Path]]:
    """Pictures and labels of each split; under None those that lie in no split's folder."""
    images = src / "images"
    if images.is_dir():
        splits = {folder.name: folder for folder in sorted(images.iterdir()) if folder.is_dir()}
        found: dict[str | None, tuple[Path, Path]] = {
            name: (folder, src / "labels" / name) for name, folder in splits.items()
        }
        return found | {None: (images, src / "labels")}
    darknet = {match["split"]: folder for folder in sorted(src.iterdir()) if (match := _DARKNET.fullmatch(folder.name))}
    if darknet:
        return {name: (folder, folder) for name, folder in darknet.items()}
    folders = sorted(folder for folder in src.iterdir() if (folder / "images").is_dir())
    return {folder.name: (folder / "images", folder / "labels") for folder in folders}


def _pairs(src: Path, split: str | None, faults: list[Fault]) -> Iterator[tuple[Path, Path, str | None]]:
    """Each picture, its text file and its split; text files without a picture become faults."""
    folders = _folders(src)
    if not folders:
        raise DatasetError(f"{src}: no pictures: neither images/ nor SPLIT/images/ is there")
    if split is not None and split not in folders:
        known = ", ".join(name for name in folders if name)
        raise DatasetError(f"{src}: there is no split {split!r}; the folders under images/ are {known or 'none'}")
    chosen = {split: folders[split]} if split is not None else folders
    for name, (images, labels) in chosen.items():
        pictures = pictures_below(images) if name else [p for p in pictures_below(images) if p.parent == images]
        expected = {}
        for picture in pictures:
            label = labels / picture.relative_to(images).with_suffix(".txt")
            expected[label] = picture
            yield picture, label, name
        there = sorted(labels.rglob("*.txt") if name else labels.glob("*.txt"))
        for label in there:
            if label not in expected and label.name != "classes.txt":
                place = label.relative_to(src).as_posix()
                faults.append(
                    Fault("labels without a picture", place, place, "no picture of this name",
                          f"one in {images.relative_to(src).as_posix()}/", "labels left out")
                )  # fmt: skip


def _sheet(picture: Path, label: Path, split: str | None, src: Path, config: _Config, faults: list[Fault]) -> Sheet:
    name = picture.relative_to(src).as_posix()
    place = label.relative_to(src).as_posix()
    marks: list[Mark] = []
    before = len(faults)
    if not label.is_file():
        faults.append(Fault("picture without labels", name, place, "no such file", "one text file a picture; empty "
                            "for a negative", "taken as a negative"))  # fmt: skip
        return Sheet(picture, (), (1, 1), split=split)
    try:
        lines = text_of(label).splitlines()
    except DatasetError as error:
        faults.append(Fault("malformed label", name, place, str(error), "UTF-8 text", "labels left out"))
        lines = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            mark = _mark(line, f"{place} line {number}", config)
            if isinstance(mark, Mark):
                marks.append(mark)
            else:
                faults.append(
                    Fault("malformed label", name, f"{place} line {number}", line.strip()[:80], mark, "box left out")
                )
    return Sheet(picture, tuple(marks), (1, 1), split=split, lost=lost(faults[before:]))


def _mark(line: str, place: str, config: _Config) -> Mark | str:
    """The mark of one line, or what is allowed instead."""
    form = _form(config)
    try:
        first, *values = map(float, line.split())
    except ValueError:
        return form
    if not first.is_integer() or not all(map(math.isfinite, values)):
        return form
    name = config.names.get(int(first), f"class {int(first)}")
    if len(values) == 4 + config.values * len(config.keypoints):
        x, y, width, height = values[:4]
        corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        return Mark(place, name, corners, _points(values[4:], config.values))
    if not config.keypoints and len(values) >= 6 and len(values) % 2 == 0:
        return Mark(place, name, around(zip(values[::2], values[1::2], strict=True)))
    return form


def _points(values: list[float], each: int) -> tuple[Point, ...]:
    """Keypoints without a visibility are seen, unless they lie in the very corner: ultralytics' sign for none."""
    if each != 3:
        pairs = zip(values[::2], values[1::2], strict=True) if each else ()
        return tuple((x, y, 2 if x or y else 0) for x, y in pairs)
    triples = zip(values[::3], values[1::3], values[2::3], strict=True)
    return tuple((x, y, int(min(max(visibility, 0), 2))) for x, y, visibility in triples)


def _form(config: _Config) -> str:
    if config.keypoints:
        return f"class x y width height and {len(config.keypoints)} keypoints of {config.values} numbers"
    return "class x y width height in shares of the picture, or class and at least 3 corners x y"
