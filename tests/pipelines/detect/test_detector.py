from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calibration.errors import ModelError
from calibration.skeleton import COCO_KEYPOINTS
from pipelines.detect import Card, Detector, parse_card
from pipelines.frame import Frame, from_bgr
from tests.edge.onnx_file import onnx_file
from tests.pipelines.builders import a_frame


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "models" / "fire-smoke"


@pytest.fixture(scope="module")
def card(folder: Path) -> Card:
    return parse_card((folder / "card.yaml").read_text(encoding="utf-8"), "card.yaml")


@pytest.fixture(scope="module")
def weights(folder: Path) -> bytes:
    return (folder / "model.onnx").read_bytes()


def a_burning_frame(shared: Path) -> Frame:
    import cv2

    video = cv2.VideoCapture(str(shared / "data" / "clips" / "building_fire.mp4"))
    picture = video.read()[1]
    video.release()
    return from_bgr(picture)


def test_sees_fire_and_smoke_where_they_are(shared: Path, card: Card, weights: bytes) -> None:
    frame = a_burning_frame(shared)
    found = Detector(card, weights).detect(frame)
    smoke = found.pick(found.class_id == 1)
    assert smoke.confidence.max() > 0.5
    _, _, _, y2 = smoke.xyxy[smoke.confidence.argmax()]
    assert y2 < frame.height * 0.6  # the plume stands over the house, in the upper half
    fire = found.pick((found.class_id == 0) & (found.confidence > 0.3))
    assert len(fire)
    assert fire.xyxy[:, 1].min() > frame.height * 0.15


def test_parts_are_mapped_back(shared: Path, card: Card, weights: bytes) -> None:
    frame, detector = a_burning_frame(shared), Detector(card, weights)
    part = np.array([[0, 0, 1, 0.7]], np.float32)
    whole, cut = detector.detect(frame), detector.detect(frame, part)
    best = whole.xyxy[whole.confidence.argmax()]
    assert np.abs(cut.xyxy[cut.confidence.argmax()] - best).max() < 60


def test_an_empty_view_is_empty(card: Card, weights: bytes) -> None:
    found = Detector(card, weights).detect(a_frame(60))
    assert not (found.confidence >= card.thresholds[found.class_id]).any()


def test_no_views_no_detections(card: Card, weights: bytes) -> None:
    assert len(Detector(card, weights).detect(a_frame(), np.empty((0, 4), np.float32))) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"input": {"width": 320, "height": 320}}, r"card says input \(1, 3, 320, 320\), the weights take"),
        ({"input": {"width": 416, "height": 416, "layout": "nhwc"}}, r"card says input \(1, 416, 416, 3\)"),
        ({"output": "end_to_end"}, r"card says output \(1, n, 6\), the weights give \(1, 6, 3549\)"),
        (
            {"classes": [{"name": "fire", "means": "fire", "threshold": 0.3}]},
            "1 classes|classes",
        ),
    ],
)
def test_a_card_that_does_not_fit_is_refused(card: Card, weights: bytes, change: dict[str, object], words: str) -> None:
    other = Card.model_validate({**card.model_dump(), **change})
    with pytest.raises(ModelError, match=words):
        Detector(other, weights)


@pytest.mark.parametrize(
    ("output", "shape", "words"),
    [
        ("anchors", (1, 56, 8), None),
        ("end_to_end", (1, 8, 57), None),
        ("anchors", (1, 39, 8), r"output \(1, 56, anchors\) for its 1 classes and 17 keypoints, the weights give"),
        ("end_to_end", (1, 8, 6), r"output \(1, n, 57\), the weights give \(1, 8, 6\)"),
    ],
)
def test_a_pose_models_output(card: Card, output: str, shape: tuple[int, ...], words: str | None) -> None:
    person = [{"name": "person", "means": "person", "threshold": 0.3}]
    change = {"task": "pose", "keypoints": COCO_KEYPOINTS, "classes": person, "output": output}
    pose = Card.model_validate({**card.model_dump(), **change, "input": {"width": 64, "height": 64}})
    weights = onnx_file(output_shape=shape)
    if words is None:
        assert Detector(pose, weights).detect(a_frame(60)).keypoints.shape == (0, 17, 3)
    else:
        with pytest.raises(ModelError, match=words):
            Detector(pose, weights)


def test_what_is_no_model_is_refused(card: Card) -> None:
    with pytest.raises(ModelError, match=r"fire-smoke: onnxruntime can not load model\..*onnx"):
        Detector(card, b"not a model")


def test_a_provider_that_is_not_there_is_named(card: Card, weights: bytes) -> None:
    with pytest.raises(ModelError, match=r"NoSuchProvider is not in this onnxruntime, allowed: .*CPU"):
        Detector(card, weights, providers=["NoSuchProvider"])
