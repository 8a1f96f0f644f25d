from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Labels, Picture
from pipelines.retraining.training.close_ups import write_close_ups

FIRE, SMOKE = 0, 1
WIDE, TALL = 384, 288


def picture(folder: Path, name: str, *boxes: tuple[int, int, int, int, int]) -> Picture:
    """A dark picture with a bright square in each box; class first."""
    pixels = np.full((TALL, WIDE, 3), 30, np.uint8)
    for _, x1, y1, x2, y2 in boxes:
        pixels[y1:y2, x1:x2] = 250
    path = folder / name
    cv2.imwrite(str(path), pixels)
    rows = np.array(boxes, np.float32).reshape(-1, 5)
    labels = Labels(rows[:, 1:], rows[:, 0].astype(np.int64))
    return Picture(path, hashlib.sha256(path.read_bytes()).hexdigest(), WIDE, TALL, f"group of {name}", "train", labels)


def bright(path: Path) -> tuple[float, float, float, float]:
    """Where a close-up is bright: x1, y1, x2, y2 px."""
    pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    rows, columns = np.nonzero(pixels > 140)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("seed", range(12))
def test_the_box_of_a_close_up_lies_on_what_it_is_about(tmp_path: Path, seed: int) -> None:
    one = picture(tmp_path, "one.png", (FIRE, 150, 120, 190, 150))
    (near,) = write_close_ups([one], tmp_path / "near", 416, 1.0, [FIRE], seed)
    assert (near.width, near.height) == (416, 416)
    assert (near.group, near.split) == (one.group, one.split)
    assert near.labels.class_id.tolist() == [FIRE]
    assert near.labels.xyxy[0].tolist() == pytest.approx(bright(near.path), abs=4)
    side = 416 / (near.labels.xyxy[0, 2] - near.labels.xyxy[0, 0]) * 40
    assert 56 <= side <= 202  # 1.4 to 4 times the box, and no more than 0.7 of the picture


def test_what_is_mostly_out_of_view_has_no_label(tmp_path: Path) -> None:
    far = picture(tmp_path, "one.png", (FIRE, 20, 20, 50, 50), (SMOKE, 300, 200, 380, 280))
    (near,) = write_close_ups([far], tmp_path / "near", 416, 1.0, [FIRE], 1)
    assert near.labels.class_id.tolist() == [FIRE]


def test_empty_pictures_are_enlarged_as_far_and_classes_not_asked_for_are_not(tmp_path: Path) -> None:
    fires = [picture(tmp_path, f"fire{i}.png", (FIRE, 150, 120, 180, 150)) for i in range(10)]
    empty = [picture(tmp_path, f"empty{i}.png") for i in range(10)]
    smoke = [picture(tmp_path, f"smoke{i}.png", (SMOKE, 100, 100, 160, 160)) for i in range(10)]
    near = write_close_ups([*fires, *empty, *smoke], tmp_path / "near", 416, 0.5, [FIRE], 1)
    assert len(near) == 10
    names = [one.path.name for one in near]
    assert {name[:4] for name in names} == {"fire", "empt"}
    assert all(len(one.labels) == 0 for one in near if one.path.name.startswith("empty"))


def test_a_box_that_is_most_of_the_picture_is_not_enlarged(tmp_path: Path) -> None:
    large = picture(tmp_path, "one.png", (FIRE, 20, 20, 300, 280))
    assert write_close_ups([large], tmp_path / "near", 416, 1.0, [FIRE], 1) == []


def test_the_same_seed_gives_the_same_pictures(tmp_path: Path) -> None:
    fires = [picture(tmp_path, f"fire{i}.png", (FIRE, 150, 120, 180, 150)) for i in range(6)]
    one, again, other = (
        [p.sha256 for p in write_close_ups(fires, tmp_path / name, 416, 0.5, [FIRE], seed)]
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert one == again != other


def test_a_picture_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    one = picture(tmp_path, "one.png", (FIRE, 150, 120, 180, 150))
    one.path.write_bytes(b"none")
    with pytest.raises(DatasetError, match=r"one\.png: is no picture"):
        write_close_ups([one], tmp_path / "near", 416, 1.0, [FIRE], 1)
