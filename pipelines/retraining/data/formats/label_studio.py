"""Label Studio: the export "JSON", a list of tasks with their annotations.

A rectangle is x, y, width, height in percent of the picture, turned by `rotation` degrees clockwise around its upper
left corner; an ellipse is its centre and radii, a polygon a list of points. Pictures are named by address
(`/data/upload/3/1f0c-name.jpg`, `/data/local-files/?d=folder/name.jpg`, `s3://…`, `https://…`): what is read is the
file of that name below the folder of pictures. Classes are those of `label_config.xml` (the labelling set-up, saved
beside the export), or else what occurs, by the alphabet.
Formats: https://labelstud.io/guide/task_format, https://labelstud.io/tags/rectanglelabels.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Dataset, Picture
from pipelines.retraining.data.formats.export import SUFFIXES, Corners, Export, Mark, Sheet, text_of
from pipelines.retraining.data.formats.faults import Fault, lost
from pipelines.retraining.data.formats.finding import Pictures
from pipelines.retraining.data.formats.intake import Imported, Intake, take_in
from pipelines.retraining.data.formats.markup import Element, SubElement, text_from, tree_of
from pipelines.retraining.data.formats.placing import place, placed, without_keypoints, written
from pipelines.retraining.data.formats.shapes import around, around_ellipse, around_turned

TASKS, CONFIG = "tasks.json", "label_config.xml"
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")


def read(src: Path, *, pictures: Path | None = None, intake: Intake | None = None) -> Imported:
    """The data set in a file or folder.

    Args:
        src: the JSON file, or a folder with one.
        pictures: where the pictures lie; the folder of `src`, if left out.
        intake: how it becomes a data set.

    Raises:
        DatasetError: it is no export of the kind "JSON".
    """
    return take_in(parse(src, pictures), intake or Intake(src.stem))


def parse(src: Path, pictures: Path | None = None) -> Export:
    """What the tasks say; see `read`."""
    path = _file(src)
    work = _Tasks(path, Pictures(pictures or path.parent))
    sheets = [sheet for number, task in enumerate(_tasks(path)) if (sheet := work.sheet(number, task)) is not None]
    occurring = sorted({mark.name for sheet in sheets for mark in sheet.marks})
    faults = work.faults + work.pictures.without_labels([*sheets, *work.skipped], path.name)
    classes = _configured(path.parent / CONFIG) or occurring
    return Export(tuple(classes), (), work.pictures.folder, tuple(sheets), tuple(faults))


def write(dataset: Dataset, dst: Path, *, link: bool = False) -> None:
    """Write `tasks.json`, `label_config.xml` for the labelling set-up, and `images/`.

    The tasks name their pictures as local files: serve `dst` with `LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT`. Of a data
    set without any box, as `lookout dataset frames` makes it, the tasks are still to be done; in any other one a
    picture without boxes is a task that is done.

    Args:
        dataset: without keypoints.
        dst: the folder, made if need be.
        link: link to the pictures instead of copying them.

    Raises:
        DatasetError: it has keypoints, a picture is gone, or the folder can not be written.
    """
    without_keypoints(dataset, "label-studio")
    begun = any(len(picture.labels) for picture in dataset.pictures)
    tasks = []
    for number, (picture, name) in enumerate(placed(dataset), 1):
        place(picture, dst / "images" / name, link=link)
        data = {"image": f"/data/local-files/?d=images/{name}"} | ({"split": picture.split} if picture.split else {})
        annotations = [{"result": list(_results(picture, dataset.classes))}] if begun else []
        tasks.append({"id": number, "data": data, "annotations": annotations})
    written(dst / TASKS, json.dumps(tasks, ensure_ascii=False) + "\n")
    view = Element("View")
    SubElement(view, "Image", name="image", value="$image")
    labels = SubElement(view, "RectangleLabels", name="label", toName="image")
    for name in dataset.classes:
        SubElement(labels, "Label", value=name)
    written(dst / CONFIG, text_from(view))


def _results(picture: Picture, classes: tuple[str, ...]) -> Iterable[dict[str, Any]]:
    across, down = picture.width / 100, picture.height / 100
    for class_id, box in zip(picture.labels.class_id, picture.labels.xyxy.astype(float), strict=True):
        x1, y1, x2, y2 = map(float, box)
        value = {"x": x1 / across, "y": y1 / down, "width": (x2 - x1) / across, "height": (y2 - y1) / down}
        yield {
            "type": "rectanglelabels",
            "from_name": "label",
            "to_name": "image",
            "original_width": picture.width,
            "original_height": picture.height,
            "image_rotation": 0,
            "value": value | {"rotation": 0, "rectanglelabels": [classes[class_id]]},
        }


def _file(src: Path) -> Path:
    if src.is_file():
        return src
    files = sorted(src.glob("*.json"))
    if len(files) != 1:
        raise DatasetError(f"{src}: found {len(files)} JSON files, allowed is one; name the file itself")
    return files[0]


def _tasks(path: Path) -> list[Any]:
    try:
        tasks = json.loads(text_of(path))
    except json.JSONDecodeError as error:
        raise DatasetError(f"{path}: is not JSON: {error}") from error
    whole = isinstance(tasks, list) and all(isinstance(task, dict) and "data" in task for task in tasks[:1])
    if not whole:
        raise DatasetError(f"{path}: is not a list of tasks with `data`; export it again as JSON, not as JSON-MIN")
    return list(tasks)


def _configured(path: Path) -> list[str]:
    if not path.is_file():
        return []
    labels = (label.get("value") for group in tree_of(path).iter() if group.tag.endswith("Labels") for label in group)
    return list(dict.fromkeys(label for label in labels if label))


class _Tasks:
    """One export: what was found so far; `skipped` are pictures whose task gives nothing."""

    def __init__(self, path: Path, pictures: Pictures) -> None:
        self.faults: list[Fault] = []
        self.skipped: list[Sheet] = []
        self.pictures = pictures
        self._file = path.name

    def sheet(self, number: int, task: Any) -> Sheet | None:
        """The picture of one task, None when nobody labelled it."""
        task = task if isinstance(task, dict) else {}
        place_of = f"{self._file} task {task.get('id', number + 1)}"
        address = _address(task.get("data"))
        if address is None:
            self._fault("malformed label", place_of, place_of, task.get("data"), "data with a picture's address",
                        "picture left out")  # fmt: skip
            return None
        path = self._picture(address, task)
        chosen = self._annotation(task, path.name, place_of)
        if chosen is None:
            self.skipped.append(Sheet(path, ()))
            return None
        results = [each for each in chosen.get("result") or () if isinstance(each, dict)]
        if any(each.get("image_rotation") for each in results):
            # Where its boxes lie once the picture is upright again is written nowhere.
            self._fault("picture turned in labelling", path.name, place_of, "image_rotation", "0", "picture left out")
            self.skipped.append(Sheet(path, ()))
            return None
        before = len(self.faults)
        marks = tuple(mark for each in results for mark in self._marks(each, path.name, place_of))
        split = task["data"].get("split")
        split = split if isinstance(split, str) else None
        return Sheet(path, marks, (100, 100), _stated(results), split, lost=lost(self.faults[before:]))

    def _picture(self, address: str, task: dict[str, Any]) -> Path:
        """The file of this address; an upload's name has eight digits before it, which the file may lack."""
        names = [address, *([task["file_upload"]] if isinstance(task.get("file_upload"), str) else [])]
        names += [str(Path(name).with_name(_UPLOADED.sub("", Path(name).name))) for name in names]
        return next((path for name in names if (path := self.pictures.find(name))), self.pictures.missing(address))

    def _annotation(self, task: dict[str, Any], picture: str, place_of: str) -> dict[str, Any] | None:
        """The ground truth if one is marked, else the newest that was not cancelled."""
        every = [each for each in task.get("annotations") or task.get("completions") or () if isinstance(each, dict)]
        valid = [each for each in every if not each.get("was_cancelled")]
        if not valid:
            found = "only cancelled annotations" if every else "no annotation"
            self._fault("picture without labels", picture, place_of, found, "an annotation, empty for a negative",
                        "picture left out")  # fmt: skip
            return None
        best = max(valid, key=lambda each: (bool(each.get("ground_truth")), str(each.get("updated_at") or "")))
        if len(valid) > 1:
            self._fault("several annotations", picture, place_of, f"{len(valid)} of one picture", "one",
                        "ground truth or newest taken")  # fmt: skip
        return best

    def _marks(self, result: dict[str, Any], picture: str, place_of: str) -> Iterable[Mark]:
        kind, value = str(result.get("type")), result.get("value")
        names = value.get(kind) if isinstance(value, dict) else None
        where = f"{place_of} result {result.get('id', '')}".strip()
        if kind in {"choices", "relation", "textarea", "rating"}:
            return
        if not isinstance(value, dict) or not isinstance(names, list) or not names:
            self._fault("malformed label", picture, where, value, f"a value with {kind}", "box left out")
            return
        try:
            corners = _corners(kind, value, _stated([result]) or (1, 1))
        except (KeyError, TypeError, ValueError) as error:
            self._fault("malformed label", picture, where, f"{value}: {error}", "numbers in percent", "box left out")
            return
        if corners is None:
            self._fault("shape without a box", picture, where, kind, "rectanglelabels, polygonlabels, ellipselabels",
                        "shape left out")  # fmt: skip
            return
        if value.get("rotation"):
            self._fault("turned shape", picture, where, f"{value['rotation']}°", "upright", "box around it taken")
        elif kind != "rectanglelabels":
            self._fault(kind.removesuffix("labels"), picture, where, kind, "rectanglelabels", "box around it taken")
        yield from (Mark(where, str(name), corners) for name in names)

    def _fault(self, what: str, picture: str, place_of: str, found: Any, allowed: str, outcome: str) -> None:
        self.faults.append(Fault(what, picture, place_of, str(found)[:80], allowed, outcome))


def _address(data: Any) -> str | None:
    """The path in the picture's address: of `data.image`, or of the first value that ends like a picture."""
    values = [data.get("image"), *data.values()] if isinstance(data, dict) else []
    for value in values:
        if isinstance(value, str) and not value.startswith("data:"):
            parts = urlsplit(value)
            inner = parse_qs(parts.query).get("d")
            path = inner[0] if inner else unquote(parts.path)
            if path.lower().endswith(SUFFIXES):
                return path
    return None


def _stated(results: list[dict[str, Any]]) -> tuple[int, int] | None:
    for result in results:
        width, height = result.get("original_width"), result.get("original_height")
        if isinstance(width, int) and isinstance(height, int):
            return width, height
    return None


def _corners(kind: str, value: dict[str, Any], size: tuple[int, int]) -> Corners | None:
    """In percent; the turn is made in pixels, where a right angle is one. None for shapes that have no extent."""
    if kind == "polygonlabels":
        return around((float(x), float(y)) for x, y in value["points"])
    if kind == "rectanglelabels":
        x, y = float(value["x"]), float(value["y"])
        corners = (x, y, x + float(value["width"]), y + float(value["height"]))
        pivot = (x, y)
    elif kind == "ellipselabels":
        pivot = (float(value["x"]), float(value["y"]))
        corners = around_ellipse(pivot, (float(value["radiusX"]), float(value["radiusY"])))
    else:
        return None
    turn = float(value.get("rotation") or 0)
    if not turn:
        return corners
    across, down = size
    x1, y1, x2, y2 = corners
    inner = around_turned((x1 * across, y1 * down, x2 * across, y2 * down), turn, (pivot[0] * across, pivot[1] * down))
    return inner[0] / across, inner[1] / down, inner[2] / across, inner[3] / down
