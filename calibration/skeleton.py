"""The body's keypoints by name, and the bones between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

COCO_KEYPOINTS = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
"""The keypoints of COCO persons, in its order."""

_SIDE_BONES = (("shoulder", "elbow"), ("elbow", "wrist"), ("shoulder", "hip"), ("hip", "knee"), ("knee", "ankle"))
_BONES = (
    ("nose", "left_eye"), ("nose", "right_eye"), ("left_eye", "left_ear"), ("right_eye", "right_ear"),
    ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"),
    *((f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in _SIDE_BONES),
)  # fmt: skip

VISIBLE = 0.5
"""Confidence from which a keypoint is taken to be where the model says; Ultralytics draws from there on too."""


def bones(keypoints: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float32]:
    """The bones between visible keypoints, of everybody: `(n, k, 3) -> (m, 4)`.

    Args:
        keypoints: x, y, confidence.
        names: `k` names; bones between keypoints of other names are unknown and left out.

    Returns:
        x1, y1, x2, y2 of each bone, in the keypoints' own unit.
    """
    known = [(names.index(a), names.index(b)) for a, b in _BONES if a in names and b in names]
    pairs = np.array(known, np.int64).reshape(-1, 2)
    ends = keypoints[:, pairs]  # (n, bones, 2, 3)
    seen = (ends[..., 2] >= VISIBLE).all(axis=2)
    lines: NDArray[np.float32] = ends[seen][:, :, :2].reshape(-1, 4)
    return lines
