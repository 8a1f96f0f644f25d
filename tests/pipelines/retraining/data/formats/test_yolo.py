from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from calibration.errors import DatasetError
from calibration.skeleton import COCO_KEYPOINTS
from pipelines.retraining.data.formats import yolo
from tests.pipelines.retraining.sample import dataset, picture


def a_set(folder: Path, labels: dict[str, str], *, split: str = "train", **config: object) -> Path:
    """A data set with a picture for each text."""
    for name, text in labels.items():
        picture(folder / "images" / split, f"{name}.jpg")
        path = folder / "labels" / split / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "data.yaml").write_text(yaml.safe_dump({"names": {0: "fire", 1: "smoke"}} | config))
    return folder


@pytest.mark.parametrize(
    ("line", "box"),
    [
        ("0 0.5 0.5 0.5 0.5", [20, 15, 60, 45]),
        ("0.0 .5 .5 .5 .5", [20, 15, 60, 45]),  # a class written as a float
        ("0 0.25 0.25 0.75 0.25 0.5 0.75", [20, 15, 60, 45]),  # a polygon becomes the box around it
        ("0 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75", [20, 15, 60, 45]),  # four corners of a turned box
    ],
)
def test_lines(tmp_path: Path, line: str, box: list[float]) -> None:
    imported = yolo.read(a_set(tmp_path, {"a": f"{line}\n\n"}))
    assert imported.faults == ()
    assert imported.dataset.pictures[0].labels.xyxy.tolist() == [box]


@pytest.mark.parametrize(
    "line", ["0 .5 .5 .5", "0 .5 .5 .5 .5 .9", "fire .5 .5 .5 .5", "0 nan .5 .5 .5", "0.5 1 1 1 1"]
)
def test_a_malformed_line_leaves_the_rest(tmp_path: Path, line: str) -> None:
    imported = yolo.read(a_set(tmp_path, {"a": f"{line}\n1 .5 .5 .5 .5\n"}))
    assert imported.dataset.pictures[0].labels.class_id.tolist() == [1]
    (fault,) = imported.faults
    assert (fault.what, fault.place, fault.found) == ("malformed label", "labels/train/a.txt line 1", line)
    assert fault.allowed.startswith("class x y width height")


def test_unknown_classes_and_files_without_partners(tmp_path: Path) -> None:
    folder = a_set(tmp_path, {"a": "7 .5 .5 .5 .5\n0 .5 .5 .5 .5\n", "b": "", "c": ""})
    (folder / "images" / "train" / "b.jpg").unlink()
    (folder / "labels" / "train" / "c.txt").unlink()
    (folder / "labels" / "train" / "classes.txt").write_text("fire\nsmoke\n")
    imported = yolo.read(folder)
    assert [len(each.labels) for each in imported.dataset.pictures] == [1, 0]
    assert {(fault.what, fault.picture, fault.outcome) for fault in imported.faults} == {
        ("unknown class", "images/train/a.jpg", "box left out"),
        ("labels without a picture", "labels/train/b.txt", "labels left out"),
        ("picture without labels", "images/train/c.jpg", "taken as a negative"),
    }


def test_one_split_is_read_alone(tmp_path: Path) -> None:
    a_set(tmp_path, {"a": "nonsense\n0 .5 .5 .5 .5\n"}, split="train")
    a_set(tmp_path, {"b": "0 .5 .5 .5 .5\n"}, split="night")
    imported = yolo.read(tmp_path, split="night")
    assert imported.faults == ()
    assert [(each.path.stem, each.split) for each in imported.dataset.pictures] == [("b", "night")]
    assert {each.split for each in yolo.read(tmp_path).dataset.pictures} == {"train", "night"}
    with pytest.raises(DatasetError, match=r"no split 'day'; the folders under images/ are night, train"):
        yolo.read(tmp_path, split="day")


def test_the_layout_with_a_folder_a_split(tmp_path: Path) -> None:
    folder = a_set(tmp_path / "set", {"a": "1 .5 .5 .5 .5\n"})
    for part in ("images", "labels"):
        (folder / "valid").mkdir(exist_ok=True)
        (folder / part / "train").rename(folder / "valid" / part)
        (folder / part).rmdir()
    (each,) = yolo.read(folder).dataset.pictures
    assert (each.split, each.labels.class_id.tolist()) == ("valid", [1])


def test_label_studios_layout(tmp_path: Path) -> None:
    folder = a_set(tmp_path, {"a": "1 .5 .5 .5 .5\n"}, split="")
    (folder / "data.yaml").unlink()
    (folder / "classes.txt").write_text("fire\nsmoke\n")
    imported = yolo.read(folder)
    assert (imported.faults, imported.dataset.classes) == ((), ("fire", "smoke"))
    assert (imported.dataset.pictures[0].split, len(imported.dataset.pictures[0].labels)) == (None, 1)


def test_darknets_layout(tmp_path: Path) -> None:
    folder = a_set(tmp_path, {"a": "1 .5 .5 .5 .5\n"})
    (folder / "images" / "train").rename(folder / "obj_train_data")
    (folder / "labels" / "train" / "a.txt").rename(folder / "obj_train_data" / "a.txt")
    (folder / "images").rmdir()
    (folder / "data.yaml").unlink()
    (folder / "obj.names").write_text("fire\nsmoke\n")
    imported = yolo.read(folder)
    assert (imported.faults, imported.dataset.pictures[0].split) == ((), "train")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (None, "data.yaml: is missing"),
        ("names: [", "is not YAML"),
        ("train: images/train", "names: found None, allowed is a list of class names"),
        ("names: {a: fire}", "names: found {'a': 'fire'}"),
        ("names: [fire]\nkpt_shape: 17", "kpt_shape: found 17, allowed is"),
    ],
)
def test_a_wrong_config_is_named(tmp_path: Path, config: str | None, said: str) -> None:
    folder = a_set(tmp_path, {"a": ""})
    (folder / "data.yaml").unlink()
    if config is not None:
        (folder / "data.yaml").write_text(config)
    with pytest.raises(DatasetError) as caught:
        yolo.read(folder)
    assert said in str(caught.value)


def test_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text("names: [fire]")
    with pytest.raises(DatasetError, match=r"no pictures: neither images/ nor SPLIT/images/"):
        yolo.read(tmp_path)


@pytest.mark.parametrize(("values", "points"), [(3, "0.5 0.5 1 0 0 0"), (2, "0.5 0.5 0 0")])
def test_keypoints(tmp_path: Path, values: int, points: str) -> None:
    folder = a_set(tmp_path, {"a": f"0 .5 .5 .5 .5 {points}\n"}, kpt_shape=[2, values])
    imported = yolo.read(folder)
    assert imported.dataset.keypoints == ("keypoint_0", "keypoint_1")
    # Two numbers say nothing of visibility: what has a place is seen.
    expected = [[40, 30, 1 if values == 3 else 2], [0, 0, 0]]
    assert imported.dataset.pictures[0].labels.keypoints[0].tolist() == expected


def test_seventeen_keypoints_are_those_of_coco(tmp_path: Path) -> None:
    assert yolo.read(a_set(tmp_path, {"a": ""}, kpt_shape=[17, 3])).dataset.keypoints == COCO_KEYPOINTS


def test_what_is_written_for_ultralytics(tmp_path: Path) -> None:
    names = ("nose", "left_eye", "right_eye")
    posed = picture(tmp_path / "in", "a.jpg", [(0, 2, 3, 20, 30)], split="train", points=3)
    yolo.write(dataset(posed, classes=("person",), keypoints=names), tmp_path / "out")
    config = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text())
    assert config == {
        "train": "images/train",
        "names": {0: "person"},
        "kpt_shape": [3, 3],
        "flip_idx": [0, 2, 1],  # a mirrored person's left eye is its right one
        "kpt_names": {0: list(names)},
    }
