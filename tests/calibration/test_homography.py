"""Where one picture lies in another, and when that means nothing."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.homography import Homography, is_sound, moved_corners

SHAPE = (100, 200)


def scaled(across: float, down: float) -> Homography:
    return np.diag([across, down, 1.0])


def test_corners_go_along() -> None:
    shift = np.array([[1.0, 0, 5], [0, 1, -3], [0, 0, 1]])
    assert moved_corners(shift, SHAPE)[:, 0].tolist() == [[5, -3], [205, -3], [205, 97], [5, 97]]


@pytest.mark.parametrize(
    ("homography", "sound"),
    [
        (np.eye(3), True),
        (scaled(1.5, 1.5), True),
        (scaled(2.0, 2.0), False),  # four times the area
        (scaled(0.5, 0.5), False),
        (np.array([[1, 0, 0], [0, 1, 0], [0.008, -0.02, 1.0]]), False),  # folded
    ],
)
def test_what_is_sound(homography: Homography, sound: bool) -> None:
    assert is_sound(homography, SHAPE, 0.4, 2.5) == sound
