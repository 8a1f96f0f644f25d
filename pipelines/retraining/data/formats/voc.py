"""Pascal VOC: one XML file a picture under `Annotations/`, pictures under `JPEGImages/`.

The edges of a box are taken as they stand. The first VOC counted pixels from 1; labelImg and CVAT count from 0, and
no file says which: a box is off by one pixel at most. Splits are the lists in `ImageSets/Main/`, classes those of
`labelmap.txt` (as CVAT writes it), or else what occurs, by the alphabet.
Format: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Dataset, Picture
from pipelines.retraining.data.formats.export import Export, Mark, Sheet, text_of
from pipelines.retraining.data.formats.faults import Fault, lost
from pipelines.retraining.data.formats.finding import Pictures
from pipelines.retraining.data.formats.intake import Imported, Intake, take_in
from pipelines.retraining.data.formats.markup import Element, SubElement, number, text_from, tree_of
from pipelines.retraining.data.formats.placing import place, placed, without_keypoints, written

_LISTS = Path("ImageSets") / "Main"
_LABELMAP = "labelmap.txt"
_UNSPLIT = "default"
_OF_A_CLASS = re.compile(r"\s-?[01]$")


def read(src: Path, *, pictures: Path | None = None, intake: Intake | None = None) -> Imported:
    """The data set in a folder.

    Args:
        src: with XML files, in it or below.
        pictures: where the pictures lie; `src`, if left out.
        intake: how it becomes a data set.

    Raises:
        DatasetError: there is no VOC file.
    """
    return take_in(parse(src, pictures), intake or Intake(src.name))


def parse(src: Path, pictures: Path | None = None) -> Export:
    """What the files say; see `read`."""
    files = sorted(src.rglob("*.xml")) if src.is_dir() else [src]
    found = Pictures(pictures or (src if src.is_dir() else src.parent))
    splits = _splits(src / _LISTS)
    faults: list[Fault] = []
    sheets = [sheet for path in files if (sheet := _sheet(path, found, splits, faults)) is not None]
    if not sheets:
        reason = f": {faults[0].found}" if faults else ""
        raise DatasetError(f"{src}: none of {len(files)} XML files is VOC's <annotation>{reason}")
    names = sorted({mark.name for sheet in sheets for mark in sheet.marks})
    classes = _labelmap(src / _LABELMAP) or names
    faults += found.without_labels(sheets, src.name)
    return Export(tuple(classes), (), found.folder, tuple(sheets), tuple(faults))


def write(dataset: Dataset, dst: Path, *, link: bool = False) -> None:
    """Write `Annotations/`, `JPEGImages/`, `ImageSets/Main/` and `labelmap.txt`.

    Args:
        dataset: without keypoints, which VOC has no place for.
        dst: the folder, made if need be.
        link: link to the pictures instead of copying them.

    Raises:
        DatasetError: it has keypoints, a picture is gone, or the folder can not be written.
    """
    without_keypoints(dataset, "voc")
    lists: dict[str, list[str]] = {}
    for picture, name in placed(dataset):
        place(picture, dst / "JPEGImages" / name, link=link)
        written(dst / "Annotations" / f"{Path(name).stem}.xml", text_from(_document(dataset, picture, name)))
        lists.setdefault(picture.split or _UNSPLIT, []).append(Path(name).stem)
    for split, stems in lists.items():
        written(dst / _LISTS / f"{split}.txt", "".join(f"{stem}\n" for stem in stems))
    heading = "# label:color_rgb:parts:actions\n"
    written(dst / _LABELMAP, heading + "".join(f"{name}:::\n" for name in dataset.classes))


def _document(dataset: Dataset, picture: Picture, name: str) -> Element:
    root = Element("annotation")
    SubElement(root, "folder").text = "JPEGImages"
    SubElement(root, "filename").text = name
    size = SubElement(root, "size")
    for tag, value in (("width", picture.width), ("height", picture.height), ("depth", 3)):
        SubElement(size, tag).text = str(value)
    SubElement(root, "segmented").text = "0"
    for class_id, box in zip(picture.labels.class_id, picture.labels.xyxy, strict=True):
        thing = SubElement(root, "object")
        SubElement(thing, "name").text = dataset.classes[class_id]
        for tag in ("truncated", "difficult"):
            SubElement(thing, tag).text = "0"
        edges = SubElement(thing, "bndbox")
        for tag, edge in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True):
            SubElement(edges, tag).text = f"{edge:.2f}"
    return root


def _splits(folder: Path) -> dict[str, str]:
    """From a picture's stem to its split.

    `trainval` is left to the lists it is made of, and so are lists of one class (`car_train`: a stem and 1 or -1).
    """
    splits: dict[str, str] = {}
    for path in sorted(folder.glob("*.txt")):
        stems = [line.strip() for line in text_of(path).splitlines() if line.strip()]
        if path.stem not in {_UNSPLIT, "trainval"} and not any(_OF_A_CLASS.search(stem) for stem in stems):
            splits |= dict.fromkeys(stems, path.stem)
    return splits


def _labelmap(path: Path) -> list[str]:
    if not path.is_file():
        return []
    lines = (line.strip() for line in text_of(path).splitlines())
    names = [line.partition(":")[0] for line in lines if line and not line.startswith("#")]
    return [name for name in names if name != "background"]


def _sheet(path: Path, found: Pictures, splits: dict[str, str], faults: list[Fault]) -> Sheet | None:
    try:
        root = tree_of(path)
    except DatasetError as error:
        faults.append(Fault("malformed label", path.name, path.name, str(error), "VOC XML", "labels left out"))
        return None
    if root.tag != "annotation":
        wrong = f"the root element <{root.tag}>"
        faults.append(Fault("malformed label", path.name, path.name, wrong, "<annotation>", "labels left out"))
        return None
    name = root.findtext("filename") or path.stem
    picture = found.find(name) or found.find(path.stem) or found.missing(name)
    size = root.find("size")
    try:
        stated: tuple[int, int] | None = (round(number(size, "width")), round(number(size, "height")))
    except ValueError:
        stated = None
    extent = (float(stated[0]), float(stated[1])) if stated and 0 not in stated else None
    before = len(faults)
    marks = tuple(_marks(root.findall("object"), path.name, name, faults))
    return Sheet(picture, marks, extent, stated, splits.get(path.stem), lost=lost(faults[before:]))


def _marks(things: Iterable[Element], file: str, picture: str, faults: list[Fault]) -> Iterable[Mark]:
    for place_in_file, thing in enumerate(things):
        place_of = f"{file} object {place_in_file + 1}"
        box = thing.find("bndbox")
        try:
            x1, y1, x2, y2 = (number(box, tag) for tag in ("xmin", "ymin", "xmax", "ymax"))
        except ValueError as error:
            allowed = "<bndbox> with xmin, ymin, xmax, ymax"
            faults.append(Fault("malformed label", picture, place_of, str(error), allowed, "box left out"))
            continue
        yield Mark(place_of, (thing.findtext("name") or "").strip(), (x1, y1, x2, y2))
