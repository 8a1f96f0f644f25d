from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipelines.frame import Clock, Frame, from_bgr
from tests.pipelines.builders import a_frame


def a_picture(width: int, height: int) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.stack([x, y, 255 - x], axis=2).astype(np.uint8)


@pytest.mark.parametrize(("width", "height"), [(320, 180), (177, 145), (90, 160)])
def test_colour_survives_the_planes(width: int, height: int) -> None:
    picture = a_picture(width, height)
    back = from_bgr(picture).bgr()
    assert back.shape == picture.shape
    # Half the chroma is gone, the rest is rounding.
    assert np.abs(back.astype(int) - picture).mean() < 3


def test_studio_swing_is_stretched() -> None:
    y = np.array([[16, 235]], np.uint8)
    grey = np.full((1, 1), 128, np.uint8)
    frame = Frame("a", 0, 0, Clock.FILE, 0, y, grey, grey)
    assert frame.bgr()[0].tolist() == [[0, 0, 0], [255, 255, 255]]


def test_a_part_in_another_size() -> None:
    picture = a_picture(320, 180)
    part = from_bgr(picture).bgr((40, 30), (160, 90, 240, 150))
    expected = cv2.resize(picture[90:150, 160:240], (40, 30), interpolation=cv2.INTER_AREA)
    assert part.shape == (30, 40, 3)
    assert np.abs(part.astype(int) - expected).mean() < 4


@pytest.mark.parametrize("size", [(1920, 1080), (1918, 1079), (1281, 723), (1000, 300), (330, 200)])
def test_a_small_picture_is_the_mean_of_what_it_stands_for(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 255, (9, 16, 3), np.uint8)
    picture = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    noisy = np.clip(picture + rng.normal(0, 12, picture.shape), 0, 255).astype(np.uint8)
    small = from_bgr(noisy).bgr((160, 90))
    expected = cv2.resize(picture, (160, 90), interpolation=cv2.INTER_AREA)
    # The noise is averaged away, and nothing has moved: a shift by one pixel would make more than this.
    assert np.abs(small.astype(int) - expected).mean() < 6
    moved = np.abs(small[:, 1:].astype(int) - expected[:, :-1]).mean()
    assert np.abs(small.astype(int) - expected).mean() < 0.8 * moved


def test_colours_of_studio_swing_are_those_of_bt_601() -> None:
    # Y, U, V of pure blue, green and red, from ITU-R BT.601-7 rounded to bytes.
    y, u, v = (np.array([row], np.uint8) for row in ([41, 145, 81], [240, 54, 90], [110, 34, 240]))
    for i, colour in enumerate(([255, 0, 0], [0, 255, 0], [0, 0, 255])):
        frame = Frame("a", 0, 0, Clock.FILE, 0, y[:, i : i + 1], u[:, i : i + 1], v[:, i : i + 1])
        assert frame.bgr()[0, 0].astype(int) == pytest.approx(colour, abs=2)


def test_planes_must_belong_together() -> None:
    frame = a_frame()
    with pytest.raises(ValueError, match=r"320×180 frame are \(160, 90\)"):
        Frame("a", 0, 0, Clock.FILE, 0, frame.y, frame.u[:-1], frame.v)
