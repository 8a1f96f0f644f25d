from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from pipelines.tiles import Tiles, grid

NOTHING: list[list[float]] = []


def test_a_grid_covers_the_picture_and_shrinks_nothing() -> None:
    parts = grid(1920, 1080, 640)
    seen = np.zeros((1080, 1920), bool)
    for x1, y1, x2, y2 in parts:
        assert (x2 - x1) * 1920 == pytest.approx(640)
        seen[round(y1 * 1080) : round(y2 * 1080), round(x1 * 1920) : round(x2 * 1920)] = True
    assert seen.all()
    assert grid(320, 240, 640) == []


def test_every_part_has_its_turn_and_far_ones_three_times_as_often() -> None:
    tiles, every = Tiles(320, 3), grid(1920, 1080, 320)
    looks = Counter[tuple[float, ...]]()
    for _ in range(200):
        views = tiles.plan(1920, 1080, NOTHING, 0.2)
        assert views[0].tolist() == [0, 0, 1, 1]
        assert len(views) == 4
        looks.update(tuple(np.round(view, 4).tolist()) for view in views[1:])
    assert len(looks) == len(every), "none waits for ever"
    far = [count for part, count in looks.items() if part[1] <= 0.35 and part[3] >= 0.08]
    near = [count for part, count in looks.items() if part[1] > 0.35]
    assert far
    assert 2.0 < np.mean(far) / np.mean(near) < 4.0
    assert max(near) - min(near) <= 2


def test_regions_come_first_and_leave_half_to_the_others() -> None:
    tiles = Tiles(320, 4)
    boxes = [[0.5, 0.5, 0.52, 0.53], [0.98, 0.0, 1.0, 0.02], [0.1, 0.8, 0.2, 0.9]]
    views = tiles.plan(1920, 1080, boxes, None)
    assert len(views) == 5
    x1, _, x2, _ = views[1].tolist()
    assert (x1 + x2) / 2 == pytest.approx(0.51, abs=1e-3)
    assert (x2 - x1) * 1920 == pytest.approx(320, abs=1)
    assert views[2].tolist()[2] == pytest.approx(1.0), "moved into the picture"
    assert views.min() >= 0
    assert views.max() <= 1


def test_a_picture_no_larger_than_the_model_is_shown_whole() -> None:
    assert len(Tiles(640, 4).plan(640, 360, NOTHING, None)) == 1


def test_the_size_may_change() -> None:
    tiles = Tiles(320, 2)
    assert len(tiles.plan(1920, 1080, NOTHING, 0.1)) == 3
    assert len(tiles.plan(400, 300, NOTHING, 0.1)) == 3
