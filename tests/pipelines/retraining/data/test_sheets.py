from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Dataset, Picture
from pipelines.retraining.data.duplicates import hash_pictures, near_pairs
from pipelines.retraining.data.groups import alike
from pipelines.retraining.data.leakage import leaks_among
from pipelines.retraining.data.sheets import COLUMNS, contact_sheet, write_sheets
from pipelines.retraining.data.tiles import HEIGHT_PX, LINE_PX, WIDTH_PX, Exhibit
from tests.pipelines.retraining import drawn


@pytest.fixture
def yard(tmp_path: Path) -> Dataset:
    """Two splits; seven pictures of train are alike, one of them in val too."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    fire, smoke = (0, 20, 20, 60, 60), (1, 80, 10, 190, 120)
    pictures = [drawn.picture(folder, f"t{seed}", seed, [fire], split="train") for seed in range(3)]
    pictures.append(drawn.picture(folder, "empty", 20, split="train"))
    pictures.append(drawn.picture(folder, "v0", 30, [smoke, fire], split="val"))
    for number in range(7):
        image = drawn.scene(40)
        image[:3, :3] = number
        split = "val" if number == 6 else "train"
        pictures.append(drawn.picture(folder, f"same{number}", image, [smoke], split=split))
    return drawn.dataset(pictures)


def _write(dataset: Dataset, folder: Path) -> tuple[Path, ...]:
    hashes = hash_pictures(dataset.pictures)
    pairs = near_pairs(hashes)
    return write_sheets(dataset, hashes, alike(len(hashes), pairs), leaks_among(dataset.pictures, pairs), folder)


def test_a_sheet_for_each_class_split_and_suspect(yard: Dataset, tmp_path: Path) -> None:
    paths = _write(yard, tmp_path / "new" / "sheets")
    assert {path.stem for path in paths} == {
        "train-fire", "train-smoke", "train-empty", "val-fire", "val-smoke",
        "smallest", "largest", "repeated", "leaks",
    }  # fmt: skip
    assert {path.stem for path in (tmp_path / "new" / "sheets").iterdir()} == {path.stem for path in paths}
    sheets = {path.stem: cv2.imread(str(path)) for path in paths}
    assert all(sheet.shape[1] > COLUMNS * WIDTH_PX for sheet in sheets.values())
    # One row of tiles each, but a row a class for the extremes.
    row = HEIGHT_PX + LINE_PX
    assert all(row < sheets[name].shape[0] < 2 * row for name in ("train-fire", "leaks", "repeated"))
    assert all(2 * row < sheets[name].shape[0] < 3 * row for name in ("smallest", "largest"))


def test_a_set_that_is_not_split_has_sheets_too(yard: Dataset, tmp_path: Path) -> None:
    pictures = [Picture(p.path, p.sha256, p.width, p.height, p.group, None, p.labels) for p in yard.pictures[:4]]
    assert {path.stem for path in _write(drawn.dataset(pictures), tmp_path)} == {
        "none-fire", "none-empty", "smallest", "largest"
    }  # fmt: skip


def test_nothing_gives_no_sheet(tmp_path: Path) -> None:
    assert _write(drawn.dataset([]), tmp_path / "sheets") == ()


def test_a_sample_shows_different_pictures_first(tmp_path: Path) -> None:
    """Forty frames of one scene before three other pictures: all three are on the sheet of thirty."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    pictures = []
    for number in range(43):
        image = drawn.scene(0 if number < 40 else number)
        image[:2, :2] = number
        if number >= 40:
            image[40:100, 40:140] = (0, 250, 10 * (number - 30))  # a colour of its own, to be found on the sheet
        pictures.append(drawn.picture(folder, f"p{number}", image, [(0, 5, 5, 20, 20)], split="train"))
    (path,) = (path for path in _write(drawn.dataset(pictures), tmp_path) if path.stem == "train-fire")
    sheet = cv2.imread(str(path))
    for number in (40, 41, 42):
        assert (sheet == (0, 250, 10 * (number - 30))).all(axis=2).sum() > 1000


def test_tiles_that_belong_together_touch(yard: Dataset) -> None:
    exhibits = [Exhibit(picture, picture.path.stem) for picture in yard.pictures[:4]]
    apart = contact_sheet(exhibits, "apart", yard, columns=4)
    pairs = contact_sheet(exhibits, "pairs", yard, columns=4, together=2)
    assert apart.shape[1] - pairs.shape[1] == 2 * 6
    assert not np.array_equal(apart[:, :100], pairs[:, -100:])


def test_a_folder_that_can_not_be_written_is_named(yard: Dataset, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(DatasetError, match="can not write the contact sheets"):
        _write(yard, blocked / "sheets")
