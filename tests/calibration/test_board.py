"""Boards that are rendered through a known lens: is it found again?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.board import Board, View, measure
from calibration.errors import NoLens

SIZE = (1280, 720)
MATRIX = np.array([[1000.0, 0, 650.0], [0, 1000.0, 350.0], [0, 0, 1]])
BENT = np.array([-0.15, 0.05, 0.001, -0.001, 0.0])
ANGLES = [(0, 0), (30, 0), (-30, 0), (0, 30), (0, -30), (25, 25), (-25, 25), (25, -25), (-25, -25), (15, 35)]
PLACES = [(0, 0), (-0.2, -0.1), (0.2, -0.1), (-0.2, 0.1), (0.2, 0.1)]


def photograph(
    board: Board, tilt: tuple[float, float], place: tuple[float, float], far: float = 0.75
) -> NDArray[np.uint8]:
    """The printed board before the camera: each pixel is looked up where its ray meets the board."""
    print_px = board.draw(40)
    wide, tall = board.columns * board.square_mm / 1000, board.rows * board.square_mm / 1000
    rotation, _ = cv2.Rodrigues(np.radians([tilt[0], tilt[1], 3.0]))
    centre = np.array([place[0], place[1], far])
    columns, rows = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float64)
    straight = cv2.undistortPoints(pixels[:, None], MATRIX, BENT)[:, 0]
    rays = np.column_stack([straight, np.ones(len(straight))])
    normal = rotation[:, 2]
    along = (normal @ centre) / (rays @ normal)
    on_board = (rays * along[:, None] - centre) @ rotation[:, :2]
    x = (on_board[:, 0] + wide / 2) / wide * board.columns * 40 + 20 - 0.5
    y = (on_board[:, 1] + tall / 2) / tall * board.rows * 40 + 20 - 0.5
    maps = [each.reshape(SIZE[::-1]).astype(np.float32) for each in (x, y)]
    seen = cv2.remap(print_px, maps[0], maps[1], cv2.INTER_LINEAR, borderValue=120)
    noise = np.random.default_rng(round(100 * sum(tilt) + 10_000)).normal(0, 2, seen.shape)
    return np.clip(cv2.GaussianBlur(seen, (3, 3), 0.7) + noise, 0, 255).astype(np.uint8)


def shots(board: Board) -> list[NDArray[np.uint8]]:
    return [photograph(board, tilt, PLACES[k % len(PLACES)], 0.45 + 0.03 * k) for k, tilt in enumerate(ANGLES)]


@pytest.mark.parametrize("marker", [None, 0.7], ids=["checkerboard", "with markers"])
def test_the_lens_is_found_again(marker: float | None) -> None:
    board = Board(10, 7, 25.0, marker)
    views = [view for picture in shots(board) if (view := board.find(picture)) is not None]
    assert len(views) >= 8
    measured = measure(views, SIZE)
    lens = measured.lens
    assert (lens.fx, lens.fy) == (pytest.approx(1000, rel=0.01), pytest.approx(1000, rel=0.01))
    assert (lens.cx, lens.cy) == (pytest.approx(650, abs=8), pytest.approx(350, abs=8))
    assert lens.distortion[0] == pytest.approx(-0.15, abs=0.05)
    assert measured.rms_px < 0.5
    assert measured.focal_error < 0.01
    assert 0.3 < measured.covered <= 1
    assert measured.fov_deg == pytest.approx(65.2, abs=1)


def test_where_there_is_no_board_none_is_found() -> None:
    rng = np.random.default_rng(1)
    picture = cv2.GaussianBlur(rng.integers(0, 255, SIZE[::-1], np.uint8), (9, 9), 3)
    assert Board(10, 7).find(np.asarray(picture, np.uint8)) is None
    assert Board(10, 7, marker=0.7).find(np.asarray(picture, np.uint8)) is None


def test_too_few_or_too_much_alike_tell_no_lens() -> None:
    board = Board(10, 7)
    view = board.find(photograph(board, (0, 0), (0, 0)))
    assert isinstance(view, View)
    with pytest.raises(NoLens, match="at least 5 pictures"):
        measure([view] * 4, SIZE)
    with pytest.raises(NoLens, match="turned by 0° at most"):
        measure([view] * 6, SIZE)


@pytest.mark.parametrize(
    ("columns", "rows", "words"),
    [(2, 7, "4 to 30 squares"), (31, 7, "4 to 30 squares"), (10, 8, "looks the same upside down")],
)
def test_what_is_no_board(columns: int, rows: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Board(columns, rows)
