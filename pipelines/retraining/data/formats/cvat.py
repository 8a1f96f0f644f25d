"""CVAT's own XML, version 1.1: "CVAT for images" (an `<image>` each) and "CVAT for video" (a `<track>` each thing).

Boxes are edges in pixels, turned by `rotation` degrees around their centre; of a polygon, an ellipse and a
mask the box around it is taken. In a track a box with `outside="1"` says that the thing is not there, and a frame
without a box is a negative. Frames are the files `frame_000123.…` that CVAT exports with "save images".
Format: https://docs.cvat.ai/docs/dataset_management/formats/xml_format/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Dataset
from pipelines.retraining.data.formats.export import Corners, Export, Mark, Sheet
from pipelines.retraining.data.formats.faults import Fault, lost
from pipelines.retraining.data.formats.finding import Pictures
from pipelines.retraining.data.formats.intake import Imported, Intake, take_in
from pipelines.retraining.data.formats.markup import Element, SubElement, number, text_from, tree_of
from pipelines.retraining.data.formats.placing import place, placed, without_keypoints, written
from pipelines.retraining.data.formats.shapes import around, around_ellipse, around_turned

FILE = "annotations.xml"
_FRAME = re.compile(r"frame[_-]?(\d+)$", re.IGNORECASE)


def read(src: Path, *, pictures: Path | None = None, intake: Intake | None = None) -> Imported:
    """The data set in a file or folder.

    Args:
        src: the XML file, or the folder with `annotations.xml`.
        pictures: where the pictures lie; the folder of the XML file, if left out.
        intake: how it becomes a data set.

    Raises:
        DatasetError: it is not CVAT's XML, or of a video's frames none is there.
    """
    return take_in(parse(src, pictures), intake or Intake(src.stem))


def parse(src: Path, pictures: Path | None = None) -> Export:
    """What the file says; see `read`."""
    path = src / FILE if src.is_dir() else src
    root = tree_of(path)
    if root.tag != "annotations":
        raise DatasetError(
            f"{path}: the root element is <{root.tag}>, CVAT's is <annotations>; "
            "export the task as `CVAT for images 1.1` or `CVAT for video 1.1`"
        )
    found = Pictures(pictures or path.parent)
    faults: list[Fault] = []
    sheets = [_of_image(image, path.name, found, faults) for image in root.iterfind("image")]
    if root.find("track") is not None or not sheets:
        sheets += _of_tracks(root, path, found, faults)
    classes = _labels(root) or sorted({mark.name for sheet in sheets for mark in sheet.marks})
    faults += found.without_labels(sheets, path.name)
    return Export(tuple(classes), (), found.folder, tuple(sheets), tuple(faults))


def write(dataset: Dataset, dst: Path, *, link: bool = False) -> None:
    """Write `annotations.xml` ("CVAT for images 1.1") and `images/`.

    Args:
        dataset: without keypoints.
        dst: the folder, made if need be.
        link: link to the pictures instead of copying them.

    Raises:
        DatasetError: it has keypoints, a picture is gone, or the folder can not be written.
    """
    without_keypoints(dataset, "cvat")
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    task = SubElement(SubElement(root, "meta"), "task")
    SubElement(task, "name").text = dataset.name
    SubElement(task, "size").text = str(len(dataset.pictures))
    labels = SubElement(task, "labels")
    for name in dataset.classes:
        SubElement(SubElement(labels, "label"), "name").text = name
    for index, (picture, name) in enumerate(placed(dataset)):
        place(picture, dst / "images" / name, link=link)
        size = {"width": str(picture.width), "height": str(picture.height)}
        subset = {"subset": picture.split} if picture.split else {}
        image = SubElement(root, "image", {"id": str(index), "name": name} | subset | size)
        for class_id, box in zip(picture.labels.class_id, picture.labels.xyxy, strict=True):
            edges = {tag: f"{edge:.2f}" for tag, edge in zip(("xtl", "ytl", "xbr", "ybr"), box, strict=True)}
            SubElement(image, "box", {"label": dataset.classes[class_id], "source": "manual", "occluded": "0"} | edges)
    written(dst / FILE, text_from(root))


def _labels(root: Element) -> list[str]:
    """Names in the order of the task; the points of a skeleton are labels with a parent, and no classes."""
    labels = (label for label in root.iterfind("meta//labels/label") if label.findtext("parent") is None)
    return list(dict.fromkeys(name for label in labels if (name := label.findtext("name"))))


def _of_image(image: Element, file: str, found: Pictures, faults: list[Fault]) -> Sheet:
    name = image.get("name", "")
    path = found.find(name) or found.missing(name)
    try:
        stated: tuple[int, int] | None = (int(image.get("width", "")), int(image.get("height", "")))
    except ValueError:
        stated = None
    before = len(faults)
    marks = tuple(_marks(((shape, shape.get("label", "")) for shape in image), name, f"{file} image {name}", faults))
    return Sheet(path, marks, _extent(stated), stated, image.get("subset"), lost=lost(faults[before:]))


def _of_tracks(root: Element, path: Path, found: Pictures, faults: list[Fault]) -> list[Sheet]:
    """A sheet for each frame that there is a picture of, or a box."""
    frames = {int(match[1]): picture for picture in found.paths if (match := _FRAME.search(picture.stem))}
    if not frames:
        raise DatasetError(
            f"{found.folder}: no frame_000000 and so on is there; export the task again with its images, "
            "or say with --pictures where they are"
        )
    shapes = _by_frame(root, path.name, faults)
    size = root.find("meta//original_size")
    try:
        stated: tuple[int, int] | None = (round(number(size, "width")), round(number(size, "height")))
    except ValueError:
        stated = None
    clip = root.findtext("meta//source") or root.findtext("meta/task/name") or path.parent.name
    sheets = []
    for frame in sorted(frames.keys() | shapes.keys()):
        name = f"frame_{frame:06d}"
        before = len(faults)
        marks = tuple(_marks(shapes.get(frame, ()), name, f"{path.name} frame {frame}", faults))
        picture = frames.get(frame) or found.missing(name)
        sheets.append(Sheet(picture, marks, _extent(stated), stated, group=Path(clip).stem, lost=lost(faults[before:])))
    return sheets


def _by_frame(root: Element, file: str, faults: list[Fault]) -> dict[int, list[tuple[Element, str]]]:
    """The shapes that are in the picture, with their label, by frame."""
    shapes: dict[int, list[tuple[Element, str]]] = {}
    for track in root.iterfind("track"):
        for shape in track:
            frame, where = shape.get("frame", ""), f"{file} track {track.get('id', '')}"
            if not frame.isdecimal():
                faults.append(Fault("malformed label", where, where, f"frame {frame!r}", "a number", "box left out"))
            elif shape.get("outside") != "1":
                shapes.setdefault(int(frame), []).append((shape, track.get("label", "")))
    return shapes


def _extent(stated: tuple[int, int] | None) -> tuple[float, float] | None:
    return (float(stated[0]), float(stated[1])) if stated and 0 not in stated else None


def _marks(shapes: Iterable[tuple[Element, str]], picture: str, place_of: str, faults: list[Fault]) -> Iterator[Mark]:
    for count, (shape, label) in enumerate(shapes, 1):
        where = f"{place_of} {shape.tag} {count}"
        try:
            corners = _corners(shape)
        except (TypeError, ValueError) as error:
            faults.append(Fault("malformed label", picture, where, str(error), "numbers", "box left out"))
            continue
        if corners is None:
            allowed = "box, polygon, ellipse, mask"
            # A tag is about the whole picture: one without a box may still be a negative.
            outcome = "not read" if shape.tag == "tag" else "shape left out"
            faults.append(Fault("shape without a box", picture, where, shape.tag, allowed, outcome))
            continue
        if shape.tag != "box":
            faults.append(Fault(shape.tag, picture, where, shape.tag, "box", "box around it taken"))
        elif float(shape.get("rotation") or 0):
            turn = f"{shape.get('rotation')}°"
            faults.append(Fault("turned shape", picture, where, turn, "upright", "box around it taken"))
        yield Mark(where, label, corners)


def _corners(shape: Element) -> Corners | None:
    """In pixels; None for shapes that have no extent: points, lines, tags, skeletons, cuboids."""
    if shape.tag == "polygon":
        pairs = (pair.split(",") for pair in shape.get("points", "").split(";"))
        return around((float(x), float(y)) for x, y in pairs)
    if shape.tag == "mask":
        left, top, width, height = (_float(shape, key) for key in ("left", "top", "width", "height"))
        return left, top, left + width, top + height
    if shape.tag == "ellipse":
        centre = (_float(shape, "cx"), _float(shape, "cy"))
        corners: Corners = around_ellipse(centre, (_float(shape, "rx"), _float(shape, "ry")))
    elif shape.tag == "box":
        x1, y1, x2, y2 = (_float(shape, key) for key in ("xtl", "ytl", "xbr", "ybr"))
        corners, centre = (x1, y1, x2, y2), ((x1 + x2) / 2, (y1 + y2) / 2)
    else:
        return None
    turn = float(shape.get("rotation") or 0)
    return around_turned(corners, turn, centre) if turn else corners


def _float(shape: Element, key: str) -> float:
    text = shape.get(key)
    if text is None:
        raise ValueError(f"no {key}")
    return float(text)
