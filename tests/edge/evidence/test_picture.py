"""A picture is saved whole, wherever and however it is called, or the fault is named."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.errors import EvidenceError
from edge.evidence.picture import save_picture

PICTURE = np.full((48, 64, 3), (10, 120, 240), np.uint8)


@pytest.mark.parametrize("name", ["电镀线.jpg", "a.JPEG", "a.png"])
def test_saved_with_its_folder(tmp_path: Path, name: str) -> None:
    path = tmp_path / "new" / name
    save_picture(PICTURE, path)
    read = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert read is not None
    assert read.shape == PICTURE.shape
    assert np.abs(read.astype(int) - PICTURE).max() < 5


@pytest.mark.parametrize(
    ("picture", "name", "message"),
    [
        (PICTURE, "file/a.jpg", r"file/a\.jpg: can not be written: (Not a directory|File exists)"),
        (PICTURE, "a.gif", r"a\.gif: a picture is saved as \.jpg, \.jpeg, \.png"),
        (np.zeros((1, 70_000, 3), np.uint8), "a.jpg", r"a\.jpg: a picture of 70000×1 can not be encoded"),
    ],
)
def test_what_can_not_be_saved(tmp_path: Path, picture: np.ndarray, name: str, message: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match=message):
        save_picture(picture, tmp_path / name)
