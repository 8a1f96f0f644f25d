from __future__ import annotations

from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.errors import DatasetError
from calibration.skeleton import COCO_KEYPOINTS
from pipelines.retraining.data.dataset import Labels, Picture
from pipelines.retraining.data.tiles import (
    HEIGHT_PX,
    INK,
    LINE_PX,
    PAPER,
    WIDTH_PX,
    Exhibit,
    Image,
    colour_of,
    draw_tile,
    label,
)
from tests.pipelines.retraining import drawn

CLASSES = ("fire", "smoke")


def _count(image: Image, colour: tuple[int, int, int]) -> int:
    return int((image == colour).all(axis=2).sum())


def _grey(folder: Path, *boxes: tuple[int, float, float, float, float], size: tuple[int, int] = (400, 300)) -> Picture:
    return drawn.picture(folder, "grey", np.full((size[1], size[0], 3), 128, np.uint8), boxes)


def test_boxes_are_drawn_where_they_are_in_the_colour_of_their_class(tmp_path: Path) -> None:
    # 400 × 300 becomes 288 × 216: a scale of 0.72
    tile = draw_tile(Exhibit(_grey(tmp_path, (1, 100, 100, 300, 200)), "grey"), CLASSES, ())
    assert tile.shape == (HEIGHT_PX + LINE_PX, WIDTH_PX, 3)
    ys, xs = np.nonzero((tile[100:, :] == colour_of(1)).all(axis=2))
    assert (xs.min(), xs.max()) == (pytest.approx(72, abs=2), pytest.approx(216, abs=2))
    assert 100 + ys.max() == pytest.approx(144, abs=2)
    assert _count(tile, colour_of(0)) == 0
    assert (tile[HEIGHT_PX:] > 150).all(axis=2).sum() > 20, "no caption"


@pytest.mark.parametrize("size", [(40, 300), (900, 50), (20, 20), (2000, 1500)])
def test_a_picture_of_any_shape_is_shown_whole(tmp_path: Path, size: tuple[int, int]) -> None:
    tile = draw_tile(Exhibit(_grey(tmp_path, size=size), ""), CLASSES, ())
    shown = (tile[:HEIGHT_PX] != INK).any(axis=2)
    across, down = shown.any(axis=0).sum(), shown.any(axis=1).sum()
    assert across == WIDTH_PX or down == HEIGHT_PX
    assert across / down == pytest.approx(size[0] / size[1], rel=0.08)


def test_a_small_box_in_question_is_shown_large_and_boxes_out_of_sight_are_not_named(tmp_path: Path) -> None:
    picture = _grey(tmp_path, (0, 200, 150, 206, 154), (1, 10, 10, 40, 40))
    whole, near = (draw_tile(Exhibit(picture, "", focus), CLASSES, ()) for focus in (None, picture.labels.xyxy[0]))
    assert _count(near, colour_of(0)) > 1.5 * _count(whole, colour_of(0))
    assert _count(whole, colour_of(1)) > 100
    assert _count(near, colour_of(1)) == 0


def test_many_boxes_are_not_named(tmp_path: Path) -> None:
    boxes = [(0, 20.0 * i, 100.0, 20.0 * i + 12, 112.0) for i in range(9)]
    nine = draw_tile(Exhibit(_grey(tmp_path, *boxes), ""), CLASSES, ())
    eight = draw_tile(Exhibit(_grey(tmp_path, *boxes[:8]), ""), CLASSES, ())
    assert _count(nine, colour_of(0)) < _count(eight, colour_of(0))


def test_keypoints_and_bones_are_drawn(tmp_path: Path) -> None:
    picture = _grey(tmp_path)
    points = np.zeros((1, 17, 3), np.float32)
    points[0, 5], points[0, 7], points[0, 9] = (100, 100, 2), (200, 100, 2), (300, 100, 0)
    labels = Labels(np.float32([[50, 50, 350, 150]]), np.array([0]), points)
    tile = draw_tile(
        Exhibit(Picture(picture.path, picture.sha256, 400, 300, "g", None, labels), ""), ("person",), COCO_KEYPOINTS
    )
    row = tile[72].astype(int)  # 100 × 0.72, from the shoulder at 72 to the elbow at 144; the wrist is not labelled
    assert (row[80:136] > 200).all()
    assert (row[152:208] == 128).all()
    assert tuple(row[72]) == colour_of(2)


def test_colours_differ() -> None:
    colours = [np.array(colour_of(class_id)) for class_id in range(10)]
    assert min(np.abs(one - other).sum() for one, other in combinations(colours, 2)) >= 100
    assert len({colour_of(class_id) for class_id in range(80)}) == 80


@pytest.mark.parametrize(("ground", "ink"), [((255, 220, 0), INK), ((0, 0, 255), PAPER), ((255, 255, 255), INK)])
def test_a_label_is_readable_and_inside(ground: tuple[int, int, int], ink: tuple[int, int, int]) -> None:
    image = np.full((60, 200, 3), 99, np.uint8)
    label(image, "烟雾 smoke", (190, -30), ground)
    assert _count(image, ground) > 300
    assert _count(image, ink) > 20
    assert (image[:, -1] == ground).all(axis=1).any()


def test_a_picture_that_is_gone_is_named(tmp_path: Path) -> None:
    picture = _grey(tmp_path)
    picture.path.unlink()
    with pytest.raises(DatasetError, match=r"grey\.png"):
        draw_tile(Exhibit(picture, ""), CLASSES, ())


def test_a_picture_is_not_changed_by_being_shown(tmp_path: Path) -> None:
    picture = _grey(tmp_path, (0, 10, 10, 50, 50))
    before = picture.labels.xyxy.copy(), cv2.imread(str(picture.path))
    draw_tile(Exhibit(picture, "", picture.labels.xyxy[0]), CLASSES, ())
    assert np.array_equal(picture.labels.xyxy, before[0])
    assert np.array_equal(cv2.imread(str(picture.path)), before[1])
