from __future__ import annotations

import itertools

import numpy as np
import pytest

from pipelines.detect import CardInput, Request
from pipelines.detect.packing import GUTTER_PX, Piece, Sheet, lay_out
from pipelines.frame import Frame, from_bgr

SPEC = CardInput(width=416, height=416)
WIDE, TALL = 1920, 1080


def frame(width: int = WIDE, height: int = TALL) -> Frame:
    return from_bgr(np.zeros((height, width, 3), np.uint8))


def request(*boxes: tuple[int, int, int, int], width: int = WIDE, height: int = TALL) -> Request:
    size = np.array([width, height] * 2)
    return Request(frame(width, height), (np.array(boxes).reshape(-1, 4) / size).astype(np.float32))


def squares(count: int, seed: int, least: int = 60, most: int = 400) -> list[tuple[int, int, int, int]]:
    random = np.random.default_rng(seed)
    sides = random.integers(least, most, count)
    return [
        (int(x), int(y), int(x + side), int(y + side))
        for side in sides
        for x, y in [(random.integers(0, WIDE - side), random.integers(0, TALL - side))]
    ]


def apart(one: Piece, other: Piece) -> bool:
    a, b = one.placement.cell, other.placement.cell
    across = max(a[0], b[0]) - min(a[2], b[2])
    down = max(a[1], b[1]) - min(a[3], b[3])
    return max(across, down) >= GUTTER_PX


def pieces(sheets: list[Sheet]) -> list[Piece]:
    return [piece for sheet in sheets for piece in sheet]


@pytest.mark.parametrize("seed", range(20))
def test_every_part_lies_inside_apart_from_the_others_and_none_is_lost(seed: int) -> None:
    boxes = squares(14, seed)
    sheets = lay_out([request(*boxes[:9]), request(*boxes[9:])], SPEC)
    placed = pieces(sheets)
    assert len(placed) == 14
    assert [piece.owner for piece in placed].count(1) == 5
    for sheet in sheets:
        for piece in sheet:
            x1, y1, x2, y2 = piece.placement.cell
            assert 0 <= x1 < x2 <= 416
            assert 0 <= y1 < y2 <= 416
        assert all(apart(a, b) for a, b in itertools.combinations(sheet, 2))
    # Each part asked for is shown whole, by its own frame.
    for owner, wanted in ((0, boxes[:9]), (1, boxes[9:])):
        shown = [piece.placement.box for piece in placed if piece.owner == owner]
        for box in wanted:
            assert any(s[0] <= box[0] and s[1] <= box[1] and s[2] >= box[2] and s[3] >= box[3] for s in shown)


@pytest.mark.parametrize("seed", range(20))
def test_no_part_is_shown_smaller_than_it_is_or_larger_than_twice(seed: int) -> None:
    for piece in pieces(lay_out([request(*squares(14, seed))], SPEC)):
        assert 0.99 <= piece.placement.scale_x <= 2.02
        assert 0.99 <= piece.placement.scale_y <= 2.02


def test_small_parts_share_an_input_at_the_largest_zoom_that_leaves_room() -> None:
    four = [(100 * i, 100, 100 * i + 96, 196) for i in range(4)]
    sheets = lay_out([request(*four)], SPEC)
    assert [len(sheet) for sheet in sheets] == [4]
    assert {round(piece.placement.scale_x, 1) for piece in sheets[0]} == {2.0}
    nine = [(100 * i, 100, 100 * i + 96, 196) for i in range(9)]
    sheets = lay_out([request(*nine)], SPEC)
    assert [len(sheet) for sheet in sheets] == [9]
    assert {round(piece.placement.scale_x, 1) for piece in sheets[0]} == {1.2}


def test_whole_pictures_stay_whole_and_alone() -> None:
    sheets = lay_out([request((0, 0, WIDE, TALL), (5, 5, 105, 105)), request((9, 9, 109, 109))], SPEC)
    assert [[piece.placement.box for piece in sheet] for sheet in sheets] == [
        [(0, 0, WIDE, TALL)],
        [(5, 5, 105, 105), (9, 9, 109, 109)],
    ]


def test_a_picture_smaller_than_the_input_is_a_whole_picture_all_the_same() -> None:
    sheets = lay_out([request((0, 0, 176, 144), width=176, height=144), request((9, 9, 109, 109))], SPEC)
    assert [len(sheet) for sheet in sheets] == [1, 1]


def test_a_part_alone_shows_what_is_around_it() -> None:
    (sheet,) = lay_out([request((900, 400, 1000, 500))], SPEC)
    assert sheet[0].placement.box == (846, 346, 1054, 554)
    assert sheet[0].placement.cell == (0, 0, 416, 416)


def test_a_part_larger_than_the_input_has_one_to_itself() -> None:
    sheets = lay_out([request((0, 0, 620, 620), (700, 0, 800, 100))], SPEC)
    assert sorted(len(sheet) for sheet in sheets) == [1, 1]


def test_nothing_asked_for_is_nothing_to_do() -> None:
    assert lay_out([], SPEC) == []
    assert lay_out([request()], SPEC) == []
