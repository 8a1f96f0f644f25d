from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.errors import DatasetError
from calibration.skeleton import COCO_KEYPOINTS
from pipelines.retraining.proposals.teacher import Teacher, agree, flip_indices, mirrored
from tests.pipelines.retraining.proposed import body, proposals


def test_flip_indices_are_those_of_coco() -> None:
    assert flip_indices(COCO_KEYPOINTS) == (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
    assert flip_indices(()) == ()


def test_a_mirror_swaps_left_and_right_and_twice_is_nothing() -> None:
    found = proposals((0, 0.9, (10, 20, 50, 120)), points=body(10, 20, 50, 120)[None])
    flip = flip_indices(COCO_KEYPOINTS)
    other = mirrored(found, 200, flip)
    assert other.xyxy.tolist() == [[150, 20, 190, 120]]
    left, right = COCO_KEYPOINTS.index("left_wrist"), COCO_KEYPOINTS.index("right_wrist")
    assert other.keypoints[0, left, 0] == pytest.approx(200 - found.keypoints[0, right, 0])
    again = mirrored(other, 200, flip)
    np.testing.assert_allclose(again.keypoints, found.keypoints, atol=1e-4)
    np.testing.assert_allclose(again.xyxy, found.xyxy)


@pytest.mark.parametrize(
    ("second", "confidence"),
    [
        # Both looks saw it: the mean of both.
        (proposals((0, 0.6, (12, 10, 52, 110))), [0.7]),
        # The other look saw nothing, something elsewhere, or something else: each is a guess.
        (proposals(), [0.4]),
        (proposals((0, 0.6, (100, 10, 140, 110))), [0.4, 0.3]),
        (proposals((1, 0.6, (10, 10, 50, 110))), [0.4, 0.3]),
        # One box of the first is one box of the second, not two.
        (proposals((0, 0.6, (10, 10, 50, 110)), (0, 0.5, (11, 10, 51, 110))), [0.7, 0.25]),
    ],
)
def test_two_looks_as_one(second: object, confidence: list[float]) -> None:
    found = agree(proposals((0, 0.8, (10, 10, 50, 110))), second)  # type: ignore[arg-type]
    assert found.confidence.tolist() == pytest.approx(confidence)


def test_a_box_is_the_mean_of_both_looks() -> None:
    found = agree(proposals((0, 0.8, (10, 10, 50, 110))), proposals((0, 0.6, (12, 10, 52, 114))))
    assert found.xyxy.tolist() == [[11, 10, 51, 112]]


def test_a_keypoint_at_two_places_is_doubted() -> None:
    points = body(10, 20, 50, 120)[None].copy()
    points[:, :, 2] = 0.9
    moved = points.copy()
    moved[0, 3, 0] += 30
    box = (0, 0.9, (10.0, 20.0, 50.0, 120.0))
    found = agree(proposals(box, points=points), proposals(box, points=moved))
    assert found.keypoints[0, 3, 2] == pytest.approx(0.45)
    assert found.keypoints[0, 4, 2] == pytest.approx(0.9)


def test_weights_that_are_not_there() -> None:
    pytest.importorskip("ultralytics")
    with pytest.raises(DatasetError, match=r"no\.pt: no such file"):
        Teacher(Path("no.pt"))


def test_without_ultralytics_the_remedy_is_named() -> None:
    try:
        import ultralytics  # noqa: F401
    except ImportError:
        with pytest.raises(DatasetError, match=r"lookout-agent\[train\]"):
            Teacher(Path("any.pt"))


def test_a_real_teacher_sees_the_people_of_a_real_picture(shared: Path) -> None:
    pytest.importorskip("ultralytics")
    teacher = Teacher(shared / "data/weights/yolo11n-coco.pt", size_px=320)
    path = next(iter(sorted((shared / "data/ppe/images/val").iterdir())))
    image = cv2.imread(str(path))
    assert image is not None
    found = teacher.look(np.asarray(image, np.uint8))
    assert {teacher.classes[i] for i in found.class_id} >= {"person"}
    other = mirrored(teacher.look(np.ascontiguousarray(image[:, ::-1])), image.shape[1], ())
    np.testing.assert_allclose(np.sort(other.confidence), np.sort(found.confidence), atol=1e-3)
