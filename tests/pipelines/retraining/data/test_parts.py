from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.retraining.data.duplicates import hash_pictures, near_pairs
from pipelines.retraining.data.leakage import LeakKind, clear_of, leaks_among
from pipelines.retraining.data.parts import POINTS, part_pairs
from pipelines.retraining.data.split import split_dataset
from tests.pipelines.retraining import drawn

SIZE = 384, 288


def _scene(seed: int) -> NDArray[np.uint8]:
    """Blotches of several sizes: corners unlike those of any other seed, as in nature."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.integers(0, 255, (SIZE[1] // step, SIZE[0] // step, 3), np.uint8), SIZE).astype(np.float32)
        for step in (48, 16, 6)
    ]
    return np.mean(layers, axis=0).astype(np.uint8)


def _mosaic(*seeds: int) -> NDArray[np.uint8]:
    """Four quarters, each cut out of another scene, a little reduced."""
    quarters = []
    for seed in seeds:
        scene = cv2.resize(_scene(seed), None, fx=0.9, fy=0.9, interpolation=cv2.INTER_AREA)
        quarters.append(scene[60 : 60 + SIZE[1] // 2, 90 : 90 + SIZE[0] // 2])
    return np.vstack([np.hstack(quarters[:2]), np.hstack(quarters[2:])])


def test_a_mosaic_of_train_that_holds_a_part_of_val_is_found_and_withheld(tmp_path: Path) -> None:
    pictures = [
        drawn.picture(tmp_path, "m0", _mosaic(1, 2, 3, 4), split="train"),
        drawn.picture(tmp_path, "v0", _scene(7), split="val"),
        drawn.picture(tmp_path, "m1", _mosaic(5, 6, 7, 8), split="train"),
        drawn.picture(tmp_path, "v1", _scene(9), split="val"),
        drawn.picture(tmp_path, "m2", _mosaic(10, 11, 12, 13), split="train"),
    ]
    near = near_pairs(hash_pictures(pictures))
    assert not len(near), "a hash of the whole should not see it"
    parts = part_pairs(pictures, [picture.split for picture in pictures])
    assert list(zip(parts.first, parts.second, strict=True)) == [(1, 2)]
    assert parts.distance[0] >= POINTS
    (leak,) = leaks_among(pictures, near, parts)
    assert (leak.kind, leak.first, leak.second) == (LeakKind.PART, pictures[2], pictures[1])
    assert f"part of each other ({parts.distance[0]} corners agree): train has" in str(leak)
    dealt = split_dataset(drawn.dataset(pictures), {"train": 1.0}, near, parts=parts, withhold=True)
    assert [picture.split for picture in dealt.dataset.pictures] == ["train", "val", "withheld", "val", "train"]
    assert not dealt.leaks
    train, val = ([picture for picture in pictures if picture.split == split] for split in ("train", "val"))
    assert clear_of(train, val) == tuple(train)
    assert clear_of(train, val, parts=True) == (pictures[0], pictures[4])


@pytest.mark.parametrize(
    "splits",
    [
        ["train", "train"],  # in one split anything may be part of anything
        ["train", None],  # what is not used leaks nothing
        [],
    ],
)
def test_only_pictures_of_two_splits_are_compared(tmp_path: Path, splits: list[str | None]) -> None:
    pictures = [
        drawn.picture(tmp_path, "scene", _scene(1)),
        drawn.picture(tmp_path, "m", _mosaic(1, 2, 3, 4)),
    ]
    assert len(part_pairs(pictures[: len(splits)], splits)) == 0


def test_pictures_without_corners_are_part_of_nothing(tmp_path: Path) -> None:
    blank = np.full((100, 100, 3), 90, np.uint8)
    pictures = [
        drawn.picture(tmp_path, "blank", blank),
        drawn.picture(tmp_path, "tiny", blank[:8, :8]),
        drawn.picture(tmp_path, "scene", _scene(1)),
    ]
    assert len(part_pairs(pictures, ["train", "train", "val"])) == 0
    assert len(part_pairs(pictures[:2], ["train", "val"])) == 0


def test_a_near_duplicate_is_listed_once(tmp_path: Path) -> None:
    scene = _scene(1)
    copy = scene.copy()
    copy[0, 0] = 0
    pictures = [drawn.picture(tmp_path, "one", scene, split="train"), drawn.picture(tmp_path, "two", copy, split="val")]
    parts = part_pairs(pictures, ["train", "val"])
    assert len(parts) == 1
    (leak,) = leaks_among(pictures, near_pairs(hash_pictures(pictures)), parts)
    assert leak.kind is LeakKind.NEAR
