from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.errors import DatasetError
from pipelines.retraining.releasing.spread import choose_spread, describe


def grey(folder: Path, name: str, level: int, colour: tuple[int, int, int] | None = None) -> Path:
    picture = np.full((48, 64, 3), level if colour is None else colour, np.uint8)
    path = folder / f"{name}.png"
    cv2.imwrite(str(path), picture)
    return path


def test_the_rare_are_chosen_among_the_many(tmp_path: Path) -> None:
    many = [grey(tmp_path, f"day{i}", 120 + i % 3) for i in range(30)]
    night, red = grey(tmp_path, "night", 8), grey(tmp_path, "red", 0, (20, 20, 220))
    chosen = choose_spread([*many[:15], night, *many[15:], red], 3)
    assert chosen[0] in many, "the first is an ordinary one"
    assert set(chosen[1:]) == {night, red}


def test_never_twice_and_never_more_than_there_are(tmp_path: Path) -> None:
    paths = [grey(tmp_path, f"{i}", 90) for i in range(5)]
    assert sorted(choose_spread(paths, 9)) == sorted(paths)


def test_the_same_again(tmp_path: Path) -> None:
    paths = [grey(tmp_path, f"{i}", i * 20) for i in range(12)]
    assert choose_spread(paths, 5) == choose_spread(paths, 5)


def test_size_does_not_matter(tmp_path: Path) -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[32:] = 200
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    cv2.imwrite(str(small), picture)
    cv2.imwrite(str(large), cv2.resize(picture, (256, 256), interpolation=cv2.INTER_NEAREST))
    assert np.linalg.norm(describe(small) - describe(large)) < 0.05


def test_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "notes.png"
    path.write_text("no picture")
    with pytest.raises(DatasetError, match=r"notes\.png: is not a picture"):
        choose_spread([path], 1)
    with pytest.raises(DatasetError, match="no pictures"):
        choose_spread([], 1)
