from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Dataset, Labels, load_dataset, save_dataset
from tests.pipelines.retraining.sample import dataset, picture


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A manifest of two pictures, one of them a negative, beside its pictures."""
    pictures = (
        picture(tmp_path / "pictures", "a.jpg", [(1, 2.25, 3, 20, 30)], split="val"),
        picture(tmp_path / "pictures", "sub/b.jpg"),
    )
    save_dataset(dataset(*pictures), tmp_path / "set", tmp_path / "pictures")
    return tmp_path / "set"


def edit_card(folder: Path, **fields: Any) -> None:
    path = folder / "card.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | fields))


def edit_row(folder: Path, **fields: Any) -> None:
    path = folder / "index.jsonl"
    first, *rest = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps(json.loads(first) | fields), *rest]) + "\n")


def test_what_is_saved_is_loaded(saved: Path, tmp_path: Path) -> None:
    loaded = load_dataset(saved)
    assert (loaded.name, loaded.classes, loaded.licence, loaded.source) == (
        "sample", ("fire", "smoke"), "CC0-1.0", "made for a test",
    )  # fmt: skip
    first, second = loaded.pictures
    assert (first.path, first.group, first.split) == (tmp_path / "pictures" / "a.jpg", "a", "val")
    np.testing.assert_allclose(first.labels.xyxy, [[2.2, 3, 20, 30]], atol=1e-5)  # rounded to a tenth
    assert (second.split, len(second.labels), second.labels.xyxy.shape) == (None, 0, (0, 4))
    assert loaded.splits == ("val",)
    assert loaded.of_split(None).pictures == (second,)


def test_keypoints_are_kept(tmp_path: Path) -> None:
    posed = picture(tmp_path, "a.jpg", [(0, 2, 3, 20, 30)], points=2)
    negative = picture(tmp_path, "b.jpg", points=2)
    save_dataset(dataset(posed, negative, keypoints=("head", "foot")), tmp_path / "set", tmp_path)
    first, second = load_dataset(tmp_path / "set").pictures
    np.testing.assert_allclose(first.labels.keypoints, posed.labels.keypoints, atol=1e-5)
    assert second.labels.keypoints.shape == (0, 2, 3)
    assert '"keypoints"' in (tmp_path / "set" / "index.jsonl").read_text()


def test_the_manifest_moves_with_its_pictures(saved: Path, tmp_path: Path) -> None:
    assert yaml.safe_load((saved / "card.yaml").read_text())["root"] == "../pictures"
    (tmp_path / "moved").mkdir()
    for name in ("set", "pictures"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    assert load_dataset(tmp_path / "moved" / "set").pictures[0].path == tmp_path / "moved" / "pictures" / "a.jpg"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"path": "../a.jpg"}, "line 1: path: ../a.jpg, allowed is one below root"),
        ({"path": "c.jpg"}, "line 1: path: no file"),
        ({"path": "sub/b.jpg"}, "line 2: path: sub/b.jpg stands in line 1 already"),
        ({"boxes": [[2, 1, 1, 5, 5]]}, "line 1: boxes[0]: class 2, allowed are 0 to 1"),
        ({"boxes": [[0, 5, 1, 5, 5]]}, "line 1: boxes[0]: [5.0, 1.0, 5.0, 5.0], allowed is x1 < x2"),
        ({"boxes": [[0, 1, 1, 81, 5]]}, "allowed is x1 < x2 and y1 < y2 in 80×60"),
        ({"boxes": [[0, 1, 1, 5]]}, "line 1: boxes.0.4: Field required"),
        ({"keypoints": [[[1, 1, 2]]]}, "line 1: keypoints: [1] a box, expected 0 for each of 1 boxes"),
        ({"sha256": "abc"}, "line 1: sha256: String should match pattern"),
        ({"colour": "red"}, "line 1: colour: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_line_is_named(saved: Path, fields: dict[str, Any], said: str) -> None:
    edit_row(saved, **fields)
    with pytest.raises(DatasetError) as caught:
        load_dataset(saved)
    assert said in str(caught.value)
    assert str(saved / "index.jsonl") in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"classes": "fire"}, "classes: Input should be a valid list, found 'fire'"),
        ({"format": "coco"}, "format: Input should be 'lookout-dataset-1'"),
        ({"pictures": 3}, "has 2 lines, card.yaml says pictures: 3"),
        ({"title": "x"}, "title: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_card_is_named(saved: Path, fields: dict[str, Any], said: str) -> None:
    edit_card(saved, **fields)
    with pytest.raises(DatasetError) as caught:
        load_dataset(saved)
    assert said in str(caught.value)


def test_a_folder_that_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"card\.yaml: is missing; a data set is a folder with"):
        load_dataset(tmp_path)


def test_pictures_that_are_gone_can_be_overlooked(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures" / "a.jpg").unlink()
    with pytest.raises(DatasetError, match="is `root` in"):
        load_dataset(saved)
    assert len(load_dataset(saved, gone=True).pictures) == 2


def test_many_faults_are_counted_and_ten_are_shown(saved: Path) -> None:
    path = saved / "index.jsonl"
    path.write_text("{}\n" * 20)
    with pytest.raises(DatasetError) as caught:
        load_dataset(saved)
    assert ": 80 faults\n" in str(caught.value)
    assert str(caught.value).endswith("… and 70 more")


def test_pictures_must_lie_below_root(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not lie below"):
        save_dataset(dataset(picture(tmp_path, "a.jpg")), tmp_path / "set", tmp_path / "elsewhere")
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ((np.zeros((2, 3)), np.zeros(2), np.zeros((2, 0, 3))), r"xyxy: expected shape \(n, 4\), found \(2, 3\)"),
        ((np.zeros((2, 4)), np.zeros(1), np.zeros((2, 0, 3))), r"class_id: expected shape \(2,\)"),
        ((np.zeros((2, 4)), np.zeros(2), np.zeros((1, 5, 3))), r"keypoints: expected shape \(2, k, 3\)"),
    ],
)
def test_arrays_must_belong_together(arrays: tuple[Any, Any, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Labels(*arrays)


def test_labels_must_fit_the_classes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"class ids \[1\], allowed are 0 to 0"):
        dataset(picture(tmp_path, "a.jpg", [(1, 1, 1, 5, 5)]), classes=("fire",))
    with pytest.raises(ValueError, match="2 keypoints a box, the set has 0"):
        dataset(picture(tmp_path, "a.jpg", [(0, 1, 1, 5, 5)], points=2))
    with pytest.raises(ValueError, match="a name stands twice"):
        Dataset("x", ("fire", "fire"), (), "", "", ())
