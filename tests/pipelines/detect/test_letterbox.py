from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from pipelines.detect.card import CardInput
from pipelines.detect.letterbox import Letterbox, Placement, pixels
from pipelines.frame import from_bgr
from tests.pipelines.builders import a_frame


def view(*box: float) -> np.ndarray:
    return np.array(box, np.float32)


@pytest.mark.parametrize("size", [(640, 360), (360, 640), (177, 145), (3840, 2160)])
@pytest.mark.parametrize("part", [(0, 0, 1, 1), (0.25, 0.5, 0.5, 0.9)])
def test_there_and_back(size: tuple[int, int], part: tuple[float, ...]) -> None:
    letterbox, frame = Letterbox(CardInput(width=320, height=320)), a_frame(size=size)
    place = letterbox.place(frame, view(*part))
    x1, y1, x2, y2 = place.box
    corners = np.array([[place.offset_x, place.offset_y, 320 - place.offset_x, 320 - place.offset_y]], np.float32)
    # The part's own corners come back to within a pixel of the input's.
    assert place.to_frame(corners)[0] == pytest.approx([x1, y1, x2, y2], abs=max(size) / 320)
    assert place.scale_x == pytest.approx(place.scale_y, rel=0.02)  # its shape is kept


def test_whole_pixels_come_back_as_they_were() -> None:
    frame = a_frame(size=(1920, 1080))
    for box in ((5, 5, 105, 105), (9, 9, 109, 109), (900, 400, 1000, 500)):
        part = np.array(box, np.float32) / np.array([1920, 1080] * 2, np.float32)
        assert pixels(frame, part) == box


def test_boxes_are_cut_at_the_parts_edges() -> None:
    place = Letterbox(CardInput(width=320, height=320)).place(a_frame(size=(640, 360)), view(0.5, 0.5, 1, 1))
    far = np.array([[-500, -500, 5000, 5000]], np.float32)
    assert place.to_frame(far).tolist() == [[320, 180, 640, 360]]


def test_keypoints_come_back_with_their_confidence() -> None:
    place = Letterbox(CardInput(width=320, height=320)).place(a_frame(size=(640, 360)), view(0.5, 0.5, 1, 1))
    # The middle of the input is the middle of the part; what lies outside it is not moved inside.
    points = np.array([[[160, 160, 0.9], [-160, 160, 0.1]]], np.float32)
    assert place.points_to_frame(points)[0] == pytest.approx(np.array([[480, 270, 0.9], [160, 270, 0.1]]))


def test_colours_layout_and_padding() -> None:
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[...] = (0, 0, 255)  # red
    spec = CardInput(width=64, height=64)
    letterbox, frame = Letterbox(spec), from_bgr(picture)
    filled = letterbox.fill(frame, letterbox.place(frame, view(0, 0, 1, 1)))
    assert filled.shape == (1, 3, 64, 64)
    assert filled.dtype == np.float32
    assert filled[0, :, 32, 32] == pytest.approx([1, 0, 0], abs=0.02)  # rgb, scaled
    assert filled[0, :, 2, 32] == pytest.approx([114 / 255] * 3)  # grey above and below


def test_bytes_last_for_graphs_that_scale() -> None:
    spec = CardInput(width=64, height=64, layout="nhwc", scale=1, colour="bgr")
    letterbox, frame = Letterbox(spec), from_bgr(np.full((64, 64, 3), (255, 0, 0), np.uint8))
    filled = letterbox.fill(frame, letterbox.place(frame, view(0, 0, 1, 1)))
    assert filled.shape == (1, 64, 64, 3)
    assert filled.dtype == np.uint8
    assert filled[0, 5, 5].astype(int) == pytest.approx([255, 0, 0], abs=3)


def test_floats_in_the_other_layout() -> None:
    spec = CardInput(width=64, height=64, layout="nhwc")
    letterbox, frame = Letterbox(spec), from_bgr(np.full((32, 64, 3), (255, 0, 0), np.uint8))
    filled = letterbox.fill(frame, letterbox.place(frame, view(0, 0, 1, 1)))
    assert (filled.shape, filled.dtype) == ((1, 64, 64, 3), np.float32)
    assert filled[0, 32, 5] == pytest.approx([0, 0, 1], abs=0.02)
    assert filled[0, 2, 5] == pytest.approx([114 / 255] * 3)


@pytest.mark.parametrize("colour", ["rgb", "bgr"])
def test_every_byte_comes_to_its_place(colour: Literal["rgb", "bgr"]) -> None:
    picture = np.random.default_rng(3).integers(0, 255, (40, 64, 3), np.uint8)
    frame = from_bgr(picture)
    letterbox = Letterbox(CardInput(width=64, height=64, colour=colour))
    filled = letterbox.fill(frame, letterbox.place(frame, view(0, 0, 1, 1)))
    seen = frame.bgr()[..., ::-1] if colour == "rgb" else frame.bgr()
    assert filled[0, :, 12:52] == pytest.approx(seen.transpose(2, 0, 1) / 255, abs=1e-6)


def test_pieces_side_by_side() -> None:
    letterbox, bright, dark = Letterbox(CardInput(width=64, height=64)), a_frame(235), a_frame(16)
    left, right = Placement((0, 0, 64, 32), 0.25, 0.5, 4, 8), Placement((0, 0, 64, 32), 0.25, 0.5, 40, 8)
    filled = letterbox.fill_all([(bright, left), (dark, right)])
    assert filled[0, :, 8:24, 4:20] == pytest.approx(1, abs=0.01)
    assert filled[0, :, 8:24, 40:56] == pytest.approx(0, abs=0.01)
    rest = filled.copy()
    rest[0, :, 8:24, 4:20] = rest[0, :, 8:24, 40:56] = 114 / 255
    assert rest == pytest.approx(114 / 255)


def test_nothing_is_left_of_the_view_before() -> None:
    letterbox = Letterbox(CardInput(width=64, height=64))
    bright = a_frame(255, size=(64, 64))
    letterbox.fill(bright, letterbox.place(bright, view(0, 0, 1, 1)))
    wide = a_frame(16, size=(64, 16))
    filled = letterbox.fill(wide, letterbox.place(wide, view(0, 0, 1, 1)))
    assert filled[0, 0, :20] == pytest.approx(114 / 255)
