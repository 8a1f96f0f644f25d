from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.errors import DatasetError
from pipelines.detect import parse_card
from pipelines.retraining.data.dataset import Dataset, Labels, Picture
from pipelines.retraining.scoring.predictions import LOWEST, lowered, predict, read_picture
from tests.edge.onnx_file import onnx_file
from tests.pipelines.retraining.scenes import a_card, labels_of

# Centre x, centre y, width, height, fire, smoke of two anchors: a fire, and the faintest smoke.
WEIGHTS = onnx_file(output_shape=(1, 6, 2), answer=[16, 48, 16, 48, 16, 16, 16, 16, 0.9, 0, 0, 2 * LOWEST])


def a_dataset(folder: Path, *rows: Labels, classes: tuple[str, ...] = ("smoke", "fire", "steam")) -> Dataset:
    pictures = []
    for i, labels in enumerate(rows):
        path = folder / f"{i}.png"
        cv2.imwrite(str(path), np.full((64, 64, 3), 90, np.uint8))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        pictures.append(Picture(path, digest, 64, 64, "clip", "val", labels))
    return Dataset("yard", classes, (), "CC0-1.0", "made", tuple(pictures))


def test_classes_are_matched_by_name(tmp_path: Path) -> None:
    # In the data smoke is 0 and fire is 1; only the data knows steam, only the card knows spark.
    data = a_dataset(tmp_path, labels_of((8, 8, 24, 24, 1), (40, 40, 56, 56, 0)), labels_of((0, 0, 9, 9, 2)))
    card = a_card("fire", "spark")
    predictions = predict(card, WEIGHTS, data)
    assert (predictions.classes, predictions.only_card, predictions.only_data) == (
        ("fire",),
        ("spark",),
        ("smoke", "steam"),
    )
    assert [each.class_id.tolist() for each in predictions.labels] == [[0], []]
    assert [each.class_id.tolist() for each in predictions.found] == [[0], [0]]
    assert predictions.found[0].xyxy[0].tolist() == [8, 8, 24, 24]
    # A picture with steam in it is not empty, even if nobody asks for steam.
    assert predictions.empty.tolist() == [False, False]


def test_the_faintest_boxes_are_kept(tmp_path: Path) -> None:
    data = a_dataset(tmp_path, labels_of())
    (found,) = predict(a_card("fire", "smoke"), WEIGHTS, data).found
    assert found.confidence.tolist() == pytest.approx([0.9, 2 * LOWEST])
    assert predict(a_card("fire", "smoke"), WEIGHTS, data).empty.tolist() == [True]


def test_only_the_thresholds_are_lowered() -> None:
    card = a_card("fire", "smoke", threshold=0.4)
    low = lowered(card)
    assert (low.nms_iou, low.input) == (card.nms_iou, card.input)
    assert max(low.thresholds) < 0.01
    assert card.thresholds.tolist() == pytest.approx([0.4, 0.4])


def test_no_class_in_common(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="the data has smoke, fire, steam; the card has cone"):
        predict(a_card("cone"), WEIGHTS, a_dataset(tmp_path, labels_of()))


def test_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="yard: no pictures"):
        predict(a_card("fire"), WEIGHTS, a_dataset(tmp_path))


def test_every_picture_is_told(tmp_path: Path) -> None:
    calls: list[None] = []
    data = a_dataset(tmp_path, labels_of(), labels_of())
    predict(a_card("fire", "smoke"), WEIGHTS, data, advance=lambda: calls.append(None))
    assert len(calls) == 2


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_what_is_no_picture_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(DatasetError, match=r"a\.jpg: is not a picture"):
        read_picture(tmp_path / "a.jpg")
    with pytest.raises(DatasetError, match=r"gone\.jpg: can not be read"):
        read_picture(tmp_path / "gone.jpg")


def test_a_card_read_from_yaml_is_lowered_too() -> None:
    text = a_card("fire").model_dump_json()
    assert lowered(parse_card(text, "card")).classes[0].threshold < 0.01


def a_posed_set(folder: Path) -> Dataset:
    """One person; the tail is at 3, 4 and the nose at 1, 2."""
    labels = labels_of((0, 0, 20, 20, 0))
    empty = a_dataset(folder, labels, classes=("person",))
    points = np.array([[[3, 4, 2], [1, 2, 1]]], np.float32)
    picture = replace(empty.pictures[0], labels=replace(labels, keypoints=points))
    return replace(empty, keypoints=("tail", "nose"), pictures=(picture,))


def test_keypoints_are_matched_by_name(tmp_path: Path) -> None:
    weights = onnx_file(output_shape=(1, 11, 1), answer=[16, 16, 8, 8, 0.9, 1, 2, 0.8, 3, 4, 0.7])
    card = a_card("person", task="pose", keypoints=("nose", "tail"))
    predictions = predict(card, weights, a_posed_set(tmp_path))
    assert predictions.keypoints == ("nose", "tail")
    assert predictions.labels[0].keypoints[0].tolist() == [[1, 2, 1], [3, 4, 2]]
    assert predictions.found[0].keypoints[0, :, :2].tolist() == [[1, 2], [3, 4]]


def test_other_keypoints_are_refused(tmp_path: Path) -> None:
    card = a_card("person", task="pose", keypoints=("nose", "wing"))
    with pytest.raises(DatasetError, match="the data has tail, nose; the card has nose, wing"):
        predict(card, b"", a_posed_set(tmp_path))


def test_without_poses_the_boxes_are_scored_alone(tmp_path: Path) -> None:
    weights = onnx_file(output_shape=(1, 5, 1), answer=[16, 16, 8, 8, 0.9])
    predictions = predict(a_card("person"), weights, a_posed_set(tmp_path))
    assert predictions.keypoints == ()
    assert predictions.labels[0].keypoints.shape == (1, 0, 3)
