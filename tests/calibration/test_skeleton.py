from __future__ import annotations

import numpy as np

from calibration.skeleton import COCO_KEYPOINTS, bones


def points(*rows: tuple[float, float, float]) -> np.ndarray:
    return np.array([rows], np.float32)


def test_bones_lie_between_visible_keypoints() -> None:
    names = ("left_hip", "left_knee", "left_ankle")
    assert bones(points((1, 2, 0.9), (3, 4, 0.8), (5, 6, 0.2)), names).tolist() == [[1, 2, 3, 4]]
    assert bones(points((1, 2, 0.9), (3, 4, 0.8), (5, 6, 0.6)), names).tolist() == [[1, 2, 3, 4], [3, 4, 5, 6]]


def test_a_whole_body_and_none() -> None:
    everybody = np.ones((2, len(COCO_KEYPOINTS), 3), np.float32)
    assert bones(everybody, COCO_KEYPOINTS).shape == (2 * 16, 4)
    assert bones(np.empty((0, 17, 3), np.float32), COCO_KEYPOINTS).shape == (0, 4)
    assert bones(np.empty((3, 0, 3), np.float32), ()).shape == (0, 4)
    assert bones(np.ones((1, 2, 3), np.float32), ("trunk", "tail")).shape == (0, 4)
