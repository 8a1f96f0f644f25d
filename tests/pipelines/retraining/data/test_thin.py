from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipelines.retraining.data.dataset import Picture
from pipelines.retraining.data.duplicates import hash_pictures
from pipelines.retraining.data.thin import spread, thin
from tests.pipelines.retraining import drawn


@pytest.fixture
def clip(tmp_path: Path) -> list[Picture]:
    """Thirty frames in which one block slides along, between two pictures of something else."""
    frames = []
    for number in range(30):
        image = drawn.scene(1)
        cv2.rectangle(image, (4 * number, 60), (4 * number + 24, 90), (255, 255, 255), -1)
        frames.append(drawn.picture(tmp_path, f"frame_{number:02d}", image, group="clip"))
    return [drawn.picture(tmp_path, "before", 2), *frames, drawn.picture(tmp_path, "after", 3)]


@pytest.mark.parametrize("at_most", [1, 2, 5])
def test_of_many_frames_a_few_stay_and_single_pictures_all(clip: list[Picture], at_most: int) -> None:
    kept = [picture.path.stem for picture in thin(clip, at_most)]
    assert kept[0] == "before"
    assert kept[-1] == "after"
    assert len(kept) == 2 + at_most
    assert kept[1:-1] == sorted(kept[1:-1])


def test_those_that_stay_are_spread_over_the_clip(clip: list[Picture]) -> None:
    kept = [int(picture.path.stem[-2:]) for picture in thin(clip, 4)[1:-1]]
    assert kept[0] == 0
    assert max(np.diff([*kept, 29])) <= 15


def test_frames_that_look_the_same_are_spread_over_time() -> None:
    same = np.zeros((100, 2), np.uint64)
    assert spread(np.arange(100), same, 3).tolist() == [0, 50, 99]


def test_few_enough_stay_as_they_are(clip: list[Picture]) -> None:
    assert thin(clip, 30) == tuple(clip)
    assert thin([], 1) == ()
    assert spread(np.arange(3), hash_pictures(clip[:3]), 3).tolist() == [0, 1, 2]


def test_at_least_one_must_stay(clip: list[Picture]) -> None:
    with pytest.raises(ValueError, match="at_most: 0, allowed is 1 or more"):
        thin(clip, 0)
