"""What every format has in common: pictures opened, boxes checked, classes mapped."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.errors import DatasetError
from pipelines.retraining.data.formats.export import Export, Mark, Sheet
from pipelines.retraining.data.formats.faults import by_kind
from pipelines.retraining.data.formats.intake import Imported, Intake, take_in
from tests.pipelines.retraining.sample import HEIGHT, WIDTH, picture


def taken(folder: Path, *sheets: Sheet, intake: Intake | None = None) -> Imported:
    return take_in(Export(("fire", "smoke"), (), folder, sheets, ()), intake or Intake())


def a_sheet(folder: Path, *marks: Mark, name: str = "a.jpg", **more: object) -> Sheet:
    return Sheet(picture(folder, name).path, marks, **more)  # type: ignore[arg-type]


def a_box(*corners: float, name: str = "fire") -> Mark:
    return Mark("line 1", name, corners)  # type: ignore[arg-type]


def faults(imported: Imported) -> list[tuple[str, str]]:
    return [(fault.what, fault.outcome) for fault in imported.faults]


@pytest.mark.parametrize(
    ("corners", "kept", "expected"),
    [
        ((-5, 10, 20, 30), [[0, 10, 20, 30]], [("box outside the picture", "clipped")]),
        ((-0.6, 10, 20, 60.4), [[0, 10, 20, 60]], []),  # rounding of a tool
        ((90, 10, 120, 30), [], [("box outside the picture", "box left out")]),
        ((10, 10, 10.4, 30), [], [("box without size", "box left out")]),
        ((20, 30, 10, 10), [[10, 10, 20, 30]], [("corners exchanged", "put in order")]),
        ((float("nan"), 1, 2, 3), [], [("malformed label", "box left out")]),
        ((0, 0, WIDTH, HEIGHT), [[0, 0, WIDTH, HEIGHT]], []),
    ],
)
def test_boxes(
    tmp_path: Path, corners: tuple[float, ...], kept: list[list[float]], expected: list[tuple[str, str]]
) -> None:
    good = a_box(2, 2, 8, 8, name="smoke")
    imported = taken(tmp_path, a_sheet(tmp_path, good, a_box(*corners)))
    assert imported.dataset.pictures[0].labels.xyxy.tolist() == [[2, 2, 8, 8], *kept]
    assert faults(imported) == expected


@pytest.mark.parametrize(
    ("marks", "lost", "pictures"),
    [
        ([], 0, 1),  # a negative
        ([], 1, 0),  # its only line could not be read: a fire must not be learnt as "no fire here"
        ([a_box(5, 5, 5, 5)], 0, 0),
        ([a_box(5, 5, 5, 5), a_box(1, 1, 9, 9)], 1, 1),
        ([a_box(-9, 1, 9, 9)], 0, 1),  # clipped is not lost
    ],
)
def test_a_picture_that_lost_every_label_is_no_negative(
    tmp_path: Path, marks: list[Mark], lost: int, pictures: int
) -> None:
    imported = taken(tmp_path, a_sheet(tmp_path, *marks, lost=lost))
    assert len(imported.dataset.pictures) == pictures
    assert [what for what, _ in faults(imported)].count("no label left") == 1 - pictures


def test_a_fault_says_where_what_and_what_is_allowed(tmp_path: Path) -> None:
    (fault,) = taken(tmp_path, a_sheet(tmp_path, a_box(-5, 10, 20, 30))).faults
    assert (fault.picture, fault.place) == ("a.jpg", "line 1")
    assert (fault.found, fault.allowed) == ("[-5.0, 10.0, 20.0, 30.0]", "0 to 80×60")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty picture"),
        (b"no picture at all", "unreadable picture"),
        (b"truncated", "truncated picture"),
        (None, "labels without a picture"),
    ],
)
@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_pictures_that_can_not_be_used(tmp_path: Path, name: str, content: bytes | None, what: str) -> None:
    sheet = a_sheet(tmp_path, a_box(1, 1, 9, 9), name=name)
    whole = sheet.path.read_bytes()
    if content is None:
        sheet.path.unlink()
    else:
        sheet.path.write_bytes(whole[: len(whole) * 2 // 3] if content == b"truncated" else content)
    imported = taken(tmp_path, sheet)
    assert imported.dataset.pictures == ()
    assert faults(imported) == [(what, "picture left out")]


def test_what_a_phone_appends_to_a_jpeg_is_no_damage(tmp_path: Path) -> None:
    sheet = a_sheet(tmp_path)
    motion = b"ftypmp42" + b"\xff\xda\x00\x01" * 9  # looks like the start of a scan, and never ends
    sheet.path.write_bytes(sheet.path.read_bytes() + motion)
    assert taken(tmp_path, sheet).faults == ()


@pytest.mark.parametrize("flag", [cv2.IMWRITE_JPEG_PROGRESSIVE, cv2.IMWRITE_JPEG_RST_INTERVAL])
def test_every_cut_of_a_jpeg_is_noticed(tmp_path: Path, flag: int) -> None:
    done, jpeg = cv2.imencode(".jpg", cv2.imread(str(picture(tmp_path, "a.jpg").path)), [flag, 1])
    assert done
    whole, path = jpeg.tobytes(), tmp_path / "cut.jpg"
    for length in [*range(4, len(whole) - 1, 40), len(whole) - 1]:
        path.write_bytes(whole[:length])
        assert faults(taken(tmp_path, Sheet(path, ()))) == [("truncated picture", "picture left out")], length
    path.write_bytes(whole)
    assert taken(tmp_path, Sheet(path, ())).faults == ()


@pytest.mark.parametrize(
    ("point", "kept", "expected"),
    [
        ((10, 20, 2), [10, 20, 2], []),
        ((80.4, 20, 1), [80, 20, 1], []),  # rounding of a tool
        ((95, 20, 2), [0, 0, 0], [("keypoint outside the picture", "keypoint left out")]),
        ((95, 20, 0), [0, 0, 0], []),  # not labelled: its place means nothing
    ],
)
def test_keypoints(
    tmp_path: Path, point: tuple[float, float, int], kept: list[float], expected: list[tuple[str, str]]
) -> None:
    mark = Mark("line 1", "fire", (1, 1, 9, 9), (point,))
    imported = take_in(Export(("fire",), ("head",), tmp_path, (a_sheet(tmp_path, mark),), ()), Intake())
    assert imported.dataset.pictures[0].labels.keypoints[0].tolist() == [kept]
    assert faults(imported) == expected


def test_a_box_without_a_name_is_listed(tmp_path: Path) -> None:
    imported = taken(tmp_path, a_sheet(tmp_path, a_box(1, 1, 9, 9, name=""), a_box(1, 1, 9, 9)))
    assert [(fault.what, fault.found) for fault in imported.faults] == [("unknown class", "no name")]


def test_a_picture_that_comes_twice_is_taken_once(tmp_path: Path) -> None:
    one, other = a_sheet(tmp_path), a_sheet(tmp_path, name="b.jpg")
    other.path.write_bytes(one.path.read_bytes())
    imported = taken(tmp_path, one, other)
    assert [each.path.name for each in imported.dataset.pictures] == ["a.jpg"]
    assert [(fault.picture, fault.found) for fault in imported.faults] == [("b.jpg", "the same bytes as a.jpg")]


@pytest.mark.parametrize(
    ("stated", "box", "outcome"),
    [
        ((WIDTH, HEIGHT), [10, 10, 20, 20], None),
        ((2 * WIDTH, 2 * HEIGHT), [5, 5, 10, 10], "boxes scaled"),  # the pictures were made smaller since
        ((HEIGHT, WIDTH), None, "picture left out"),  # labelled lying, now standing: nobody knows where the boxes are
    ],
)
def test_a_picture_of_another_size(
    tmp_path: Path, stated: tuple[int, int], box: list[float] | None, outcome: str | None
) -> None:
    sheet = a_sheet(tmp_path, a_box(10, 10, 20, 20), stated=stated, extent=stated)
    imported = taken(tmp_path, sheet)
    assert [each.labels.xyxy[0].tolist() for each in imported.dataset.pictures] == ([box] if box else [])
    assert faults(imported) == ([("picture of another size", outcome)] if outcome else [])


def test_exif_orientation_is_respected(tmp_path: Path) -> None:
    # 6: turn by 90° clockwise to see it upright; what OpenCV, ultralytics and labelling tools show.
    path = tmp_path / "standing.jpg"
    done, jpeg = cv2.imencode(".jpg", np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    assert done
    tiff = b"MM\x00*\x00\x00\x00\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
    block = b"Exif\x00\x00" + tiff
    path.write_bytes(b"\xff\xd8\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg.tobytes()[2:])
    (made,) = taken(tmp_path, Sheet(path, (a_box(0.5, 0.5, 1, 1),), (1, 1))).dataset.pictures
    assert (made.width, made.height) == (HEIGHT, WIDTH)
    assert made.labels.xyxy.tolist() == [[HEIGHT / 2, WIDTH / 2, HEIGHT, WIDTH]]


def test_classes_are_renamed_joined_and_dropped(tmp_path: Path) -> None:
    marks = a_box(1, 1, 9, 9), a_box(1, 1, 9, 9, name="smoke"), a_box(1, 1, 9, 9, name="steam")
    intake = Intake(mapping={"fire": "hazard", "smoke": "hazard"})
    imported = taken(tmp_path, a_sheet(tmp_path, *marks), intake=intake)
    assert imported.dataset.classes == ("hazard",)
    assert imported.dataset.pictures[0].labels.class_id.tolist() == [0, 0]
    assert [(fault.what, fault.found, fault.allowed) for fault in imported.faults] == [
        ("unknown class", "steam", "hazard")
    ]
    dropped = taken(tmp_path, a_sheet(tmp_path, *marks[:2]), intake=Intake(mapping={"smoke": ""}))
    assert (dropped.dataset.classes, dict(dropped.dropped), dropped.faults) == (("fire",), {"smoke": 1}, ())
    assert dropped.emptied == 0


def test_a_picture_emptied_by_the_mapping_is_a_negative_and_counted(tmp_path: Path) -> None:
    imported = taken(tmp_path, a_sheet(tmp_path, a_box(1, 1, 9, 9)), intake=Intake(mapping={"fire": ""}))
    assert (len(imported.dataset.pictures), imported.emptied, imported.faults) == (1, 1, ())


def test_the_order_of_classes_can_be_given(tmp_path: Path) -> None:
    marks = a_box(1, 1, 9, 9), a_box(1, 1, 9, 9, name="smoke")
    imported = taken(tmp_path, a_sheet(tmp_path, *marks), intake=Intake(classes=("person", "smoke")))
    assert imported.dataset.classes == ("person", "smoke")
    assert imported.dataset.pictures[0].labels.class_id.tolist() == [1]
    assert faults(imported) == [("unknown class", "box left out")]


def test_a_class_that_the_source_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="map: the source has no class flame; it has fire, smoke"):
        taken(tmp_path, a_sheet(tmp_path), intake=Intake(mapping={"flame": "fire"}))


def test_groups(tmp_path: Path) -> None:
    sheets = a_sheet(tmp_path, name="cam_001.jpg"), a_sheet(tmp_path, name="b.jpg", group="clip of the source")
    assert [p.group for p in taken(tmp_path, *sheets).dataset.pictures] == ["cam", "clip of the source"]
    nowhere = taken(tmp_path, *sheets, intake=Intake(group=lambda path: "cam" if "cam" in path.name else None))
    assert [p.group for p in nowhere.dataset.pictures] == ["cam", "b.jpg"]
    assert faults(nowhere) == [("no group", "a group of its own")]


def test_faults_by_kind(tmp_path: Path) -> None:
    imported = taken(tmp_path, a_sheet(tmp_path, *[a_box(-5, 1, 9, 9)] * 3, a_box(1, 1, 1, 1)))
    assert [kind[:3] for kind in by_kind(imported.faults)] == [
        ("box outside the picture", "clipped", 3),
        ("box without size", "box left out", 1),
    ]
