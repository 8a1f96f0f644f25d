"""COCO: one JSON file with `images`, `categories` and `annotations`.

A box is `[x, y, width, height]` in pixels from the upper left corner; keypoints are x, y, visibility one after the
other; `iscrowd: 1` marks a crowd that is not labelled one by one. A picture in `images` without an annotation is a
negative. Format: https://cocodataset.org/#format-data.
Read are one file, or a folder with files like `annotations/instances_train.json` or `train/_annotations.coco.json`,
whose split is in their name or their folder's.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Dataset, Picture
from pipelines.retraining.data.formats.export import Corners, Export, Mark, Point, Sheet, text_of
from pipelines.retraining.data.formats.faults import Fault
from pipelines.retraining.data.formats.finding import Pictures
from pipelines.retraining.data.formats.intake import Imported, Intake, take_in
from pipelines.retraining.data.formats.placing import place, placed, written
from pipelines.retraining.data.formats.shapes import around

_SPLIT = re.compile(r"(?:instances|person_keypoints)_(?P<split>[A-Za-z]+)\d*$")
_UNSPLIT = "default"


def read(src: Path, *, pictures: Path | None = None, intake: Intake | None = None) -> Imported:
    """The data set in a file or folder.

    Args:
        src: a COCO file, or a folder of them.
        pictures: where the pictures lie; the folder of `src`, if left out.
        intake: how it becomes a data set.

    Raises:
        DatasetError: no file there is COCO.
    """
    return take_in(parse(src, pictures), intake or Intake(src.stem))


def parse(src: Path, pictures: Path | None = None) -> Export:
    """What the files say; see `read`."""
    files = _files(src)
    found = Pictures(pictures or _home(src))
    names: dict[str, None] = {}
    keypoints: tuple[str, ...] = ()
    sheets: list[Sheet] = []
    faults: list[Fault] = []
    for path, content in files:
        one = _File(path, content, found)
        names |= dict.fromkeys(one.classes)
        if one.keypoints and keypoints and one.keypoints != keypoints:
            raise DatasetError(f"{path}: its keypoints {list(one.keypoints)} are not those before, {list(keypoints)}")
        keypoints = keypoints or one.keypoints
        sheets += one.sheets()
        faults += one.faults
    faults += found.without_labels(sheets, ", ".join(path.name for path, _ in files))
    return Export(tuple(names), keypoints, found.folder, tuple(sheets), tuple(faults))


def write(dataset: Dataset, dst: Path, *, link: bool = False) -> None:
    """Write `annotations/instances_SPLIT.json` (`default` without a split) and the pictures to `images/`.

    Args:
        dataset: with or without keypoints.
        dst: the folder, made if need be.
        link: link to the pictures instead of copying them.

    Raises:
        DatasetError: a picture is gone, or the folder can not be written.
    """
    parts: dict[str, list[tuple[Picture, str]]] = {}
    for picture, name in placed(dataset):
        place(picture, dst / "images" / name, link=link)
        parts.setdefault(picture.split or _UNSPLIT, []).append((picture, name))
    for split, pictures in parts.items():
        text = json.dumps(_document(dataset, pictures), ensure_ascii=False)
        written(dst / "annotations" / f"instances_{split}.json", text + "\n")


def _document(dataset: Dataset, pictures: Iterable[tuple[Picture, str]]) -> dict[str, Any]:
    more = {"keypoints": list(dataset.keypoints), "skeleton": []} if dataset.keypoints else {}
    document: dict[str, Any] = {
        "info": {"description": dataset.name, "contributor": dataset.source},
        "licenses": [{"id": 1, "name": dataset.licence, "url": ""}],
        "categories": [{"id": number, "name": name, **more} for number, name in enumerate(dataset.classes, 1)],
        "images": [],
        "annotations": [],
    }
    for number, (picture, name) in enumerate(pictures, 1):
        size = {"width": picture.width, "height": picture.height}
        document["images"].append({"id": number, "file_name": name, **size, "license": 1})
        for annotation in _annotations(picture, posed=bool(dataset.keypoints)):
            about = {"id": len(document["annotations"]) + 1, "image_id": number}
            document["annotations"].append(about | annotation)
    return document


def _annotations(picture: Picture, *, posed: bool) -> Iterable[dict[str, Any]]:
    labels = picture.labels
    for class_id, box, points in zip(labels.class_id, labels.xyxy, labels.keypoints, strict=True):
        x1, y1, x2, y2 = (round(float(edge), 2) for edge in box)
        sides = (round(x2 - x1, 2), round(y2 - y1, 2))
        annotation = {
            "category_id": int(class_id) + 1,
            "bbox": [x1, y1, *sides],
            "area": round(sides[0] * sides[1], 2),
            "iscrowd": 0,
            "segmentation": [],
        }
        if posed:
            triples = [[round(float(x), 2), round(float(y), 2), int(v)] for x, y, v in points]
            annotation["keypoints"] = [value for triple in triples for value in triple]
            annotation["num_keypoints"] = sum(1 for triple in triples if triple[2])
        yield annotation


def _files(src: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Every COCO file of the source, read."""
    if src.is_file():
        return [(src, _content(src))]
    files = [(path, _content(path)) for path in sorted(src.rglob("*.json"))]
    chosen = [(path, content) for path, content in files if _is_coco(content)]
    if not chosen:
        raise DatasetError(f"{src}: none of {len(files)} JSON files has images, categories and annotations")
    return chosen


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(text_of(path))
    except json.JSONDecodeError as error:
        raise DatasetError(f"{path}: is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise DatasetError(f"{path}: found a JSON {type(content).__name__}, allowed is COCO's object")
    return content


def _is_coco(content: dict[str, Any]) -> bool:
    return all(isinstance(content.get(key), list) for key in ("images", "categories", "annotations"))


def _home(src: Path) -> Path:
    folder = src.parent if src.is_file() else src
    return folder.parent if folder.name == "annotations" else folder


def _split(path: Path) -> str | None:
    match = _SPLIT.fullmatch(path.stem)
    split = match["split"] if match else path.parent.name if path.stem == "_annotations.coco" else None
    return None if split == _UNSPLIT else split


class _File:
    """One COCO file."""

    def __init__(self, path: Path, content: dict[str, Any], pictures: Pictures) -> None:
        if not _is_coco(content):
            raise DatasetError(f"{path}: found {', '.join(content)}; allowed is images, categories and annotations")
        self.faults: list[Fault] = []
        self._lost: Counter[Any] = Counter()
        self._path, self._content, self._pictures = path, content, pictures
        categories = [each for each in content["categories"] if isinstance(each, dict) and "name" in each]
        self._names = {_key(each.get("id")): str(each["name"]) for each in sorted(categories, key=_number)}
        self.classes = tuple(dict.fromkeys(self._names.values()))
        lists = [tuple(map(str, each["keypoints"])) for each in categories if each.get("keypoints")]
        if len(set(lists)) > 1:
            raise DatasetError(f"{path}: categories with different keypoints can not be one data set")
        self.keypoints = lists[0] if lists else ()

    def sheets(self) -> list[Sheet]:
        """One for each entry of `images` that has a name."""
        marks: dict[Any, list[Mark]] = {}
        entries: dict[Any, dict[str, Any]] = {}
        for number, image in enumerate(self._content["images"]):
            if (
                isinstance(image, dict)
                and _key(image.get("id")) is not None
                and isinstance(image.get("file_name"), str)
            ):
                entries[image["id"]] = image
            else:
                self._fault("malformed label", f"images[{number}]", image, "an id and a file_name", "picture left out")
        for number, annotation in enumerate(self._content["annotations"]):
            place = f"{self._path.name} annotations[{number}]"
            mark = self._mark(annotation, place, entries)
            if mark is not None:
                marks.setdefault(annotation["image_id"], []).append(mark)
            elif isinstance(annotation, dict):
                self._lost[_key(annotation.get("image_id"))] += 1
        return [self._sheet(image, tuple(marks.get(key, ())), self._lost[key]) for key, image in entries.items()]

    def _sheet(self, image: dict[str, Any], marks: tuple[Mark, ...], lost: int) -> Sheet:
        name = image["file_name"]
        path = self._pictures.find(name) or self._pictures.missing(name)
        width, height = image.get("width"), image.get("height")
        stated = (width, height) if isinstance(width, int) and isinstance(height, int) else None
        extent = (float(stated[0]), float(stated[1])) if stated and 0 not in stated else None
        return Sheet(path, marks, extent, stated, _split(self._path), lost=lost)

    def _mark(self, annotation: Any, place: str, entries: dict[Any, dict[str, Any]]) -> Mark | None:
        if not isinstance(annotation, dict):
            self._fault("malformed label", place, annotation, "an object", "box left out")
            return None
        image = entries.get(_key(annotation.get("image_id")))
        if image is None:
            found = f"image_id {annotation.get('image_id')}"
            self._fault("labels without a picture", place, found, "the id of one of images", "box left out")
            return None
        name = image["file_name"]
        if annotation.get("iscrowd"):
            self._fault("crowd", place, "iscrowd: 1", "one thing a box", "box left out", name)
            return None
        corners, points = _corners(annotation), _points(annotation, len(self.keypoints))
        if corners is None or points is None:
            found = f"bbox {annotation.get('bbox')}, {len(annotation.get('keypoints') or ())} numbers of keypoints"
            allowed = f"bbox [x, y, width, height], {3 * len(self.keypoints)} numbers of keypoints or none"
            self._fault("malformed label", place, found, allowed, "box left out", name)
            return None
        category = _key(annotation.get("category_id"))
        return Mark(place, self._names.get(category, f"category {category}"), corners, points)

    def _fault(self, what: str, place: str, found: Any, allowed: str, outcome: str, picture: str = "") -> None:
        self.faults.append(Fault(what, picture or self._path.name, place, str(found)[:80], allowed, outcome))


def _key(value: Any) -> int | str | None:
    """An id, None for what can not be one."""
    return value if isinstance(value, int | str) else None


def _number(category: dict[str, Any]) -> float:
    return category["id"] if isinstance(category.get("id"), int) else float("inf")


def _corners(annotation: dict[str, Any]) -> Corners | None:
    """Of the box, or around the polygons where there is no box."""
    try:
        if annotation.get("bbox"):
            x, y, width, height = map(float, annotation["bbox"])
            return x, y, x + width, y + height
        rings = [[float(value) for value in ring] for ring in annotation["segmentation"]]
        return around((x, y) for ring in rings for x, y in zip(ring[::2], ring[1::2], strict=True))
    except (KeyError, TypeError, ValueError):
        return None


def _points(annotation: dict[str, Any], count: int) -> tuple[Point, ...] | None:
    """Keypoints, none if the annotation has none; None if it has another number of them."""
    values = annotation.get("keypoints") or ()
    if not count or not values:
        return ()
    try:
        triples = zip(values[::3], values[1::3], values[2::3], strict=True)
        points = tuple((float(x), float(y), min(max(int(v), 0), 2)) for x, y, v in triples)
    except (TypeError, ValueError):
        return None
    return points if len(points) == count else None
