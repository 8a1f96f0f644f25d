from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipelines.detections import Detections
from tests.pipelines.builders import a_scene, some_detections


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match=r"confidence: expected shape \(2,\) to match xyxy, found \(1,\)"):
        Detections(np.zeros((2, 4), np.float32), np.zeros(1, np.float32), np.zeros(2, np.int64))
    with pytest.raises(ValueError, match=r"xyxy: expected shape \(n, 4\), found \(2, 3\)"):
        Detections(np.zeros((2, 3), np.float32), np.zeros(2, np.float32), np.zeros(2, np.int64))
    with pytest.raises(ValueError, match=r"keypoints: expected shape \(1, k, 3\) to match xyxy, found \(2, 17, 3\)"):
        replace(some_detections((0, 0, 1, 1, 0.5, 0)), keypoints=np.zeros((2, 17, 3), np.float32))


def test_without_a_tracker_there_are_no_ids() -> None:
    assert some_detections((0, 0, 1, 1, 0.5, 0)).track_id.tolist() == [-1]
    assert len(Detections.none()) == 0
    assert len(Detections.concatenate([])) == 0


def test_without_a_pose_there_are_no_keypoints() -> None:
    assert some_detections((0, 0, 1, 1, 0.5, 0)).keypoints.shape == (1, 0, 3)
    posed = replace(some_detections((0, 0, 1, 1, 0.5, 0)), keypoints=np.ones((1, 17, 3), np.float32))
    joined = Detections.concatenate([Detections.none(), posed, posed])
    assert joined.keypoints.shape == (2, 17, 3)
    assert joined.pick(np.array([1])).with_tracks(np.array([5])).keypoints.tolist() == posed.keypoints.tolist()


def test_a_scene_picks_by_meaning_and_threshold() -> None:
    scene = a_scene(some_detections((0, 0, 1, 1, 0.3, 0), (0, 0, 2, 2, 0.3, 1), (0, 0, 3, 3, 0.2, 0)))
    assert scene.of("fire").xyxy[:, 2].tolist() == [1]
    assert scene.of("fire", scale=0.5).xyxy[:, 2].tolist() == [1, 3]
    assert len(scene.of("smoke")) == 0  # 0.3 is below its threshold of 0.35
    assert len(scene.of("person")) == 0


def test_a_scene_gives_boxes_in_shares_of_the_picture() -> None:
    scene = a_scene(Detections.none())
    assert scene.boxes(some_detections((160, 90, 320, 180, 0.3, 0))).tolist() == [[0.5, 0.5, 1, 1]]
