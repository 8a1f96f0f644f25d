from __future__ import annotations

import numpy as np
import pytest

from pipelines.activity import Regions
from pipelines.views import Views, close_up


def regions(*boxes: tuple[float, float, float, float]) -> Regions:
    return Regions(np.array(boxes, np.float32).reshape(-1, 4), np.ones(len(boxes), np.float32))


def px(view: np.ndarray, width: int, height: int) -> np.ndarray:
    return view * np.array([width, height] * 2)


def test_the_whole_comes_first_and_always() -> None:
    assert Views(416).plan(1920, 1080, Regions.none(), most=3).tolist() == [[0, 0, 1, 1]]


def test_a_small_region_is_shown_with_what_is_around_it() -> None:
    plan = Views(416).plan(1920, 1080, regions((0.5, 0.5, 0.51, 0.51)), most=3)
    x1, y1, x2, y2 = px(plan[1], 1920, 1080)
    assert (x2 - x1, y2 - y1) == pytest.approx((104, 104), abs=1)
    assert x1 < 960 < x2


def test_regions_alone_unless_one_is_too_large_for_a_part_or_there_are_none() -> None:
    views = Views(416)
    small, large = (0.5, 0.5, 0.6, 0.6), (0.0, 0.0, 0.6, 1.0)
    assert len(views.plan(640, 360, regions(small), whole=False, most=3)) == 1
    assert views.plan(640, 360, regions(small, large), whole=False, most=3).tolist()[0] == [0, 0, 1, 1]
    assert views.plan(640, 360, Regions.none(), whole=False, most=3).tolist() == [[0, 0, 1, 1]]


@pytest.mark.parametrize("corner", [(0, 0, 0.05, 0.05), (0.95, 0.95, 1, 1)])  # it never leaves the picture
def test_a_part_stays_inside(corner: tuple[float, float, float, float]) -> None:
    part = Views(416).plan(1920, 1080, regions(corner), most=3)[1]
    assert part.min() >= 0
    assert part.max() <= 1


def test_a_region_of_a_tiny_picture_gains_nothing() -> None:
    assert len(Views(416).plan(176, 144, regions((0, 0, 1, 1)), most=3)) == 1


def test_a_large_region_is_visited_part_by_part() -> None:
    views, seen = Views(416), np.zeros((108, 192), bool)
    for _ in range(12):
        for part in px(views.plan(1920, 1080, regions((0, 0, 1, 1)), most=3)[1:], 192, 108):
            x1, y1, x2, y2 = part.round().astype(int)
            assert x2 - x1 <= 63  # never shrunk more than 1.5 times
            seen[y1:y2, x1:x2] = True
    assert seen.mean() > 0.99


def test_of_more_regions_than_parts_the_best_is_always_shown_and_the_others_take_turns() -> None:
    boxes = [(0.05 + 0.25 * k, 0.5, 0.1 + 0.25 * k, 0.55) for k in range(4)]
    views, shown = Views(416), []
    for _ in range(3):
        best, other = views.plan(1920, 1080, regions(*boxes), most=2)[1:]
        assert best[0] < boxes[0][0] < best[2]
        shown.append(next(k for k, box in enumerate(boxes) if other[0] < box[0] < other[2]))
    assert sorted(shown) == [1, 2, 3]


def test_with_one_part_the_best_region_is_shown() -> None:
    (_, part) = Views(416).plan(1920, 1080, regions((0.1, 0.5, 0.15, 0.55), (0.6, 0.5, 0.65, 0.55)), most=1)
    assert part[0] < 0.1 < part[2]


def test_a_portrait_picture() -> None:
    part = Views(416).plan(406, 720, regions((0.4, 0.1, 0.6, 0.2)), most=3)[1]
    x1, y1, x2, y2 = px(part, 406, 720)
    assert (x2 - x1, y2 - y1) == pytest.approx((104, 104), abs=1)


@pytest.mark.parametrize(
    ("box", "side"),
    [
        ((900, 400, 1000, 700), 480),  # 1.6 times its longer side
        ((900, 400, 910, 420), 208),  # enlarged twice at most
    ],
)
def test_a_close_up_shows_what_is_around(box: tuple[float, ...], side: float) -> None:
    x1, y1, x2, y2 = close_up(1920, 1080, np.array(box, np.float32), 416).tolist()
    assert (x2 - x1, y2 - y1) == pytest.approx((side, side))
    assert (x1 + x2) / 2 == pytest.approx((box[0] + box[2]) / 2)


def test_a_close_up_never_leaves_the_picture() -> None:
    assert close_up(640, 360, np.array((600, 10, 640, 100), np.float32), 416).tolist() == [432, 0, 640, 208]
    assert close_up(640, 360, np.array((100, 0, 300, 360), np.float32), 416).tolist() == [0, 0, 576, 360]
