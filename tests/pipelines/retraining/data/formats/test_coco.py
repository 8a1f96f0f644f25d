from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from calibration.errors import DatasetError
from pipelines.retraining.data.formats import coco
from tests.pipelines.retraining.sample import picture


def a_file(folder: Path, *annotations: Any, images: list[Any] | None = None, **more: Any) -> Path:
    """A COCO file about `images/a.jpg`."""
    picture(folder / "images", "a.jpg")
    content = {
        "images": images or [{"id": 5, "file_name": "a.jpg", "width": 80, "height": 60}],
        "categories": [{"id": 3, "name": "smoke"}, {"id": 1, "name": "fire"}],
        "annotations": list(annotations),
    }
    path = folder / "annotations" / "instances_val2017.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content | more))
    return path


def an_annotation(**fields: Any) -> dict[str, Any]:
    return {"id": 1, "image_id": 5, "category_id": 3, "bbox": [10, 5, 20, 30]} | fields


@pytest.mark.parametrize("as_folder", [True, False])
def test_boxes_classes_by_id_and_the_split_of_the_name(tmp_path: Path, as_folder: bool) -> None:
    path = a_file(tmp_path, an_annotation())
    imported = coco.read(tmp_path if as_folder else path)
    assert imported.faults == ()
    assert imported.dataset.classes == ("fire", "smoke")
    (each,) = imported.dataset.pictures
    assert (each.split, each.labels.class_id.tolist()) == ("val", [1])
    assert each.labels.xyxy.tolist() == [[10, 5, 30, 35]]


def test_a_polygon_without_a_box(tmp_path: Path) -> None:
    polygons = [[10, 5, 30, 5, 30, 35], [28, 30, 40, 40]]
    imported = coco.read(a_file(tmp_path, an_annotation(bbox=[], segmentation=polygons)))
    assert imported.dataset.pictures[0].labels.xyxy.tolist() == [[10, 5, 40, 40]]


@pytest.mark.parametrize(
    ("annotation", "what"),
    [
        (an_annotation(iscrowd=1), "crowd"),
        (an_annotation(image_id=9), "labels without a picture"),
        (an_annotation(category_id=2), "unknown class"),
        (an_annotation(bbox=[1, 2, 3]), "malformed label"),
        (an_annotation(bbox=[1, 2, 3, "x"]), "malformed label"),
        (an_annotation(bbox=None), "malformed label"),
        ("nothing", "malformed label"),
        (an_annotation(image_id=[5]), "labels without a picture"),
        (an_annotation(category_id={}), "unknown class"),
    ],
)
def test_a_wrong_annotation_leaves_the_rest(tmp_path: Path, annotation: Any, what: str) -> None:
    imported = coco.read(a_file(tmp_path, annotation, an_annotation()))
    assert len(imported.dataset.pictures[0].labels) == 1
    (fault,) = imported.faults
    assert (fault.what, fault.place, fault.outcome) == (what, "instances_val2017.json annotations[0]", "box left out")


def test_pictures_without_entry_and_entries_without_picture(tmp_path: Path) -> None:
    images = [{"id": 5, "file_name": "data/A.JPG"}, {"id": 6, "file_name": "gone.jpg"}, {"id": 7}]
    path = a_file(tmp_path, an_annotation(), images=images)
    picture(tmp_path / "images", "b.jpg")
    imported = coco.read(path)
    assert [len(each.labels) for each in imported.dataset.pictures] == [1]
    assert [(fault.what, fault.picture) for fault in imported.faults] == [
        ("malformed label", "instances_val2017.json"),
        ("picture without labels", "images/b.jpg"),
        ("labels without a picture", "gone.jpg"),
    ]


def test_keypoints(tmp_path: Path) -> None:
    categories = [{"id": 1, "name": "person", "keypoints": ["head", "foot"]}, {"id": 3, "name": "dog"}]
    path = a_file(
        tmp_path,
        an_annotation(category_id=1, keypoints=[12, 8, 2, 0, 0, 0]),
        an_annotation(),
        an_annotation(category_id=1, keypoints=[12, 8, 2]),
        categories=categories,
    )
    imported = coco.read(path)
    assert imported.dataset.keypoints == ("head", "foot")
    assert imported.dataset.pictures[0].labels.keypoints.tolist() == [[[12, 8, 2], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]]]
    assert [fault.place[-2] for fault in imported.faults] == ["2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "found a JSON list, allowed is COCO's object"),
        ('{"images": []}', "found images; allowed is images, categories and annotations"),
    ],
)
def test_a_file_that_is_not_coco(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DatasetError) as caught:
        coco.read(tmp_path / "a.json")
    assert said in str(caught.value)


def test_a_folder_without_coco(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(DatasetError, match="none of 1 JSON files has images, categories and annotations"):
        coco.read(tmp_path)


def test_roboflows_layout(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        picture(tmp_path / split, f"{split}.jpg")
        image = {"id": 0, "file_name": f"{split}.jpg", "width": 80, "height": 60}
        content = {"images": [image], "categories": [{"id": 0, "name": "fire"}], "annotations": []}
        (tmp_path / split / "_annotations.coco.json").write_text(json.dumps(content))
    assert [(each.path.stem, each.split) for each in coco.read(tmp_path).dataset.pictures] == [
        ("train", "train"),
        ("valid", "valid"),
    ]


def test_pycocotools_reads_what_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reader = pytest.importorskip("pycocotools.coco")
    from tests.pipelines.retraining.sample import dataset

    posed = picture(tmp_path / "in", "a.jpg", [(0, 2, 3, 20, 30)], split="val", points=2)
    coco.write(dataset(posed, classes=("person",), keypoints=("head", "foot")), tmp_path / "out")
    read = reader.COCO(str(tmp_path / "out" / "annotations" / "instances_val.json"))
    (annotation,) = read.loadAnns(read.getAnnIds(catIds=read.getCatIds(["person"])))
    assert annotation["bbox"] == [2, 3, 18, 27]
    assert annotation["num_keypoints"] == 2
