from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calibration.errors import DatasetError
from pipelines.retraining.data.formats import label_studio
from tests.pipelines.retraining.sample import dataset, picture

VALUE = {"x": 12.5, "y": 10, "width": 25, "height": 50, "rotation": 0, "rectanglelabels": ["fire"]}


def a_result(kind: str = "rectanglelabels", **value: Any) -> dict[str, Any]:
    size = {"original_width": 80, "original_height": 60, "image_rotation": 0}
    return {"id": "Dx_1", "type": kind, "from_name": "label", "to_name": "image", "value": value or VALUE} | size


def an_export(folder: Path, *results: Any, image: str = "/data/upload/3/a.jpg", **task: Any) -> Path:
    """An export of one task about `a.jpg`."""
    picture(folder, "a.jpg")
    content = {"id": 7, "data": {"image": image}, "annotations": [{"id": 1, "result": list(results)}]} | task
    path = folder / "project-3-at-2026-01-31.json"
    path.write_text(json.dumps([content]))
    return path


def boxes(path: Path) -> list[list[float]]:
    """Of the only picture."""
    (each,) = label_studio.read(path).dataset.pictures
    return [[float(edge) for edge in box] for box in each.labels.xyxy]


def test_percent_become_pixels(tmp_path: Path) -> None:
    path = an_export(tmp_path, a_result())
    assert boxes(path) == [[10, 6, 30, 36]]
    assert label_studio.read(path).faults == ()
    assert label_studio.read(tmp_path).dataset.classes == ("fire",)  # the folder will do


@pytest.mark.parametrize(
    "image",
    [
        "/data/upload/3/1f0c9a3e-a.jpg",  # an upload, whose name got a prefix
        "/data/local-files/?d=pictures%2Fday%201%2Fa.jpg",
        "s3://bucket/pictures/a.jpg",
        "https://example.com/pictures/a.jpg?token=1",
        "upload/a.jpg",
        "C:\\pictures\\a.jpg",
    ],
)
def test_addresses(tmp_path: Path, image: str) -> None:
    assert len(boxes(an_export(tmp_path, a_result(), image=image))) == 1


def test_two_pictures_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for day in ("monday", "tuesday"):
        picture(tmp_path / "all" / day, "b.jpg")
    path = an_export(tmp_path, a_result(), image="/data/local-files/?d=pictures/tuesday/b.jpg")
    (each,) = label_studio.read(path).dataset.pictures
    assert each.path == tmp_path / "all" / "tuesday" / "b.jpg"


@pytest.mark.parametrize(
    ("result", "box", "what"),
    [
        # 80×60: a quarter turn clockwise around the upper left corner (10, 6) puts 20×30 px to its left.
        (a_result(**VALUE | {"x": 50, "rotation": 90}), [10, 6, 40, 26], "turned shape"),
        (a_result("polygonlabels", points=[[12.5, 10], [37.5, 10], [25, 60]], polygonlabels=["fire"]),
         [10, 6, 30, 36], "polygon"),
        (a_result("ellipselabels", x=25, y=35, radiusX=12.5, radiusY=25, ellipselabels=["fire"]),
         [10, 6, 30, 36], "ellipse"),
    ],
)  # fmt: skip
def test_the_box_around_other_shapes(tmp_path: Path, result: Any, box: list[float], what: str) -> None:
    path = an_export(tmp_path, result)
    np.testing.assert_allclose(boxes(path), [box], atol=0.05)
    assert [fault.what for fault in label_studio.read(path).faults] == [what]


@pytest.mark.parametrize(
    ("result", "what"),
    [
        (a_result("keypointlabels", x=1, y=1, width=1, keypointlabels=["fire"]), "shape without a box"),
        (a_result("brushlabels", format="rle", rle=[1], brushlabels=["fire"]), "shape without a box"),
        (a_result(**VALUE | {"width": "wide"}), "malformed label"),
        (a_result(x=1, y=1, rectanglelabels=["fire"]), "malformed label"),
        (a_result(**VALUE | {"rectanglelabels": []}), "malformed label"),
    ],
)
def test_what_can_not_be_a_box_is_listed_and_the_rest_stays(tmp_path: Path, result: Any, what: str) -> None:
    path = an_export(tmp_path, result, a_result())
    assert len(boxes(path)) == 1
    (fault,) = label_studio.read(path).faults
    assert (fault.what, fault.place, fault.picture) == (what, f"{path.name} task 7 result Dx_1", "a.jpg")


@pytest.mark.parametrize(
    ("annotations", "outcome"),
    [
        ([], "picture left out"),  # nobody has labelled it: that is no negative
        ([{"result": [], "was_cancelled": True}], "picture left out"),
        ([{"result": []}], None),  # submitted without a box: a negative
    ],
)
def test_not_labelled_is_not_empty(tmp_path: Path, annotations: list[Any], outcome: str | None) -> None:
    imported = label_studio.read(an_export(tmp_path, annotations=annotations))
    assert [fault.outcome for fault in imported.faults] == ([outcome] if outcome else [])
    assert len(imported.dataset.pictures) == (0 if outcome else 1)


def test_a_picture_that_was_turned_while_labelling_is_left_out(tmp_path: Path) -> None:
    imported = label_studio.read(an_export(tmp_path, a_result() | {"image_rotation": 90}))
    assert imported.dataset.pictures == ()
    assert [fault.what for fault in imported.faults] == ["picture turned in labelling"]


def test_of_several_annotations_the_truth_or_the_newest(tmp_path: Path) -> None:
    old = {"result": [a_result()], "updated_at": "2026-01-01T00:00:00Z"}
    new = {"result": [], "updated_at": "2026-01-02T00:00:00Z"}
    assert boxes(an_export(tmp_path, annotations=[new, old])) == []
    assert len(boxes(an_export(tmp_path, annotations=[new, old | {"ground_truth": True}]))) == 1
    (fault,) = label_studio.read(tmp_path).faults
    assert (fault.what, fault.found) == ("several annotations", "2 of one picture")


def test_no_address_and_no_picture(tmp_path: Path) -> None:
    path = an_export(tmp_path, a_result(), data={"text": "hello"})
    assert [fault.what for fault in label_studio.read(path).faults] == ["malformed label", "picture without labels"]
    path = an_export(tmp_path, a_result(), image="/data/upload/3/b.jpg")
    assert [(fault.what, fault.picture) for fault in label_studio.read(path).faults] == [
        ("picture without labels", "a.jpg"),
        ("labels without a picture", "data/upload/3/b.jpg"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ('{"images": []}', "is not a list of tasks"),
        ('[{"id": 1, "image": "/data/upload/a.jpg", "label": []}]', "export it again as JSON, not as JSON-MIN"),
    ],
)
def test_a_file_of_another_kind(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DatasetError) as caught:
        label_studio.read(tmp_path)
    assert said in str(caught.value)


def test_what_nobody_labelled_is_written_as_tasks_to_do(tmp_path: Path) -> None:
    one, other = picture(tmp_path / "in", "a.jpg"), picture(tmp_path / "in", "b.jpg", [(0, 1, 1, 9, 9)])
    label_studio.write(dataset(one), tmp_path / "fresh")
    label_studio.write(dataset(one, other), tmp_path / "labelled")
    counts = {
        name: [len(task["annotations"]) for task in json.loads((tmp_path / name / "tasks.json").read_text())]
        for name in ("fresh", "labelled")
    }
    assert counts == {"fresh": [0], "labelled": [1, 1]}


def test_which_file_of_a_folder(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text("[]")
    with pytest.raises(DatasetError, match="found 2 JSON files, allowed is one; name the file itself"):
        label_studio.read(tmp_path)
