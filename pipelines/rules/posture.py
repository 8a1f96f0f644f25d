"""How a body lies in space, as far as its keypoints in the picture tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.boxes import Boxes
from calibration.skeleton import VISIBLE

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Postures:
    """One row a body; NaN where the keypoints are not visible.

    Attributes:
        torso_deg: `(n,)` from hips to shoulders against straight up: 0 upright, 90 level, 180 upside down.
        thigh_deg: `(n,)` from hips to knees against straight down: 0 standing, 90 level.
        leg_deg: `(n,)` from hips to ankles against straight down.
        stretch: `(n,)` length of the torso in widths of the shoulders; a torso that points at the camera is short.
        aspect: `(n,)` width of the box by its height.
    """

    torso_deg: Array
    thigh_deg: Array
    leg_deg: Array
    stretch: Array
    aspect: Array

    @classmethod
    def measure(cls, boxes: Boxes, keypoints: Array, names: Sequence[str], roll_deg: float = 0.0) -> Postures:
        """Measure bodies.

        Args:
            boxes: `(n, 4)` px.
            keypoints: `(n, k, 3)` px and confidence.
            names: of the `k` keypoints; COCO's shoulders, hips, knees and ankles are among them.
            roll_deg: by how much upright things lean to the right in the picture.
        """
        shoulders, hips, knees, ankles = (
            _middle(keypoints, names, part) for part in ("shoulder", "hip", "knee", "ankle")
        )
        width = keypoints[:, names.index("left_shoulder"), :2] - keypoints[:, names.index("right_shoulder"), :2]
        torso = hips - shoulders
        sides = boxes[:, 2:] - boxes[:, :2]
        return cls(
            torso_deg=_from_down(torso, roll_deg),
            thigh_deg=_from_down(knees - hips, roll_deg),
            leg_deg=_from_down(ankles - hips, roll_deg),
            stretch=np.hypot(*torso.T) / np.maximum(np.hypot(*width.T), 1e-3),
            aspect=sides[:, 0] / np.maximum(sides[:, 1], 1e-3),
        )


def _middle(keypoints: Array, names: Sequence[str], part: str) -> Array:
    """The middle of the left and the right one, or the one that is visible: `(n, k, 3) -> (n, 2)`."""
    pair = keypoints[:, [names.index(f"left_{part}"), names.index(f"right_{part}")]]
    seen = pair[..., 2:] >= VISIBLE
    with np.errstate(invalid="ignore"):  # neither: 0 / 0, which is NaN as it should be
        middle: Array = np.where(seen, pair[..., :2], 0).sum(axis=1) / seen.sum(axis=1).astype(np.float32)
    return middle


def _from_down(vectors: Array, roll_deg: float) -> Array:
    """Angle of each vector to straight down: `(n, 2) -> (n,)` degrees, 0–180."""
    turned = np.degrees(np.arctan2(vectors[:, 0], vectors[:, 1])) + roll_deg
    angle: Array = np.abs((turned + 180) % 360 - 180).astype(np.float32)
    return angle
