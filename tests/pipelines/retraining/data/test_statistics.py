from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.retraining.data.dataset import Labels, Picture
from pipelines.retraining.data.statistics import statistics
from tests.pipelines.retraining import drawn


def _picture(split: str | None, group: str, *boxes: tuple[int, float, float], size: tuple[int, int] = (200, 100)):
    """A picture without a file; each box a class, a width and a height."""
    xyxy = np.array([[0, 0, width, height] for _, width, height in boxes], np.float32).reshape(-1, 4)
    labels = Labels(xyxy, np.array([class_id for class_id, *_ in boxes], np.int64))
    return Picture(Path("x.jpg"), "0" * 64, *size, group, split, labels)


def test_each_split_is_counted() -> None:
    pictures = [
        _picture("train", "a", (0, 10, 10), (0, 20, 10), (1, 100, 95)),
        _picture("val", "b", (0, 10, 10)),
        _picture("train", "a"),
        _picture("train", "c", (0, 32, 32), size=(400, 300)),
        _picture(None, "d"),
    ]
    figures = statistics(drawn.dataset(pictures), np.array([0, 1, 0, 3, 4]))
    assert list(figures) == ["train", "val", "none"]
    train = figures["train"]
    assert (train.pictures, train.empty, train.groups, train.alike, train.most_alike) == (3, 1, 2, 2, 2)
    assert train.width is not None
    assert train.width[1] == 200
    fire, smoke = train.classes["fire"], train.classes["smoke"]
    assert (fire.boxes, fire.pictures, fire.small, fire.medium, fire.large) == (3, 2, 2, 1, 0)
    assert (smoke.boxes, smoke.pictures, smoke.small, smoke.medium, smoke.large) == (1, 1, 0, 0, 1)
    assert figures["none"].classes["fire"].boxes == 0
    assert figures["none"].classes["fire"].side is None
    assert figures["none"].classes["fire"].aspect is None


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        (31.9, 32, "small"),
        (32, 32, "medium"),  # the bounds are COCO's: from 32² on medium, from 96² on large
        (95, 97, "medium"),
        (96, 96, "large"),
    ],
)
def test_sizes_are_cocos(width: float, height: float, size: str) -> None:
    figures = statistics(drawn.dataset([_picture("train", "a", (0, width, height))]), np.zeros(1, np.int64))
    fire = figures["train"].classes["fire"]
    assert {name: getattr(fire, name) for name in ("small", "medium", "large")} == {
        name: int(name == size) for name in ("small", "medium", "large")
    }


def test_side_and_aspect_do_not_depend_on_the_pictures_size() -> None:
    pictures = [_picture("train", "a", (0, 20, 10)), _picture("train", "b", (0, 40, 20), size=(400, 200))]
    fire = statistics(drawn.dataset(pictures), np.arange(2))["train"].classes["fire"]
    assert fire.side == pytest.approx((0.1, 0.1, 0.1))
    assert fire.aspect == pytest.approx((2, 2, 2))


def test_a_range_is_of_percentiles() -> None:
    pictures = [_picture("train", str(side), (0, side, 10)) for side in range(1, 102)]
    fire = statistics(drawn.dataset(pictures), np.arange(101))["train"].classes["fire"]
    assert fire.aspect == pytest.approx((0.6, 5.1, 9.6))


def test_an_empty_set_has_no_figures() -> None:
    assert statistics(replace(drawn.dataset([])), np.empty(0, np.int64)) == {}
