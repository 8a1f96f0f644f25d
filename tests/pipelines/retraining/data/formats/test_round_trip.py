"""What is written in a format is read back the same: each picture, split, class and box, to a tenth of a pixel."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Dataset
from pipelines.retraining.data.formats.intake import Intake
from pipelines.retraining.data.formats.table import read, write
from tests.pipelines.retraining.sample import HEIGHT, WIDTH, Box, dataset, picture

FORMATS = ("yolo", "coco", "voc", "label-studio", "cvat")


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    """On a grid of tenths of a pixel, as the manifest keeps them, at least one pixel wide and high."""
    x1, y1 = draw(st.integers(0, (WIDTH - 1) * 10)), draw(st.integers(0, (HEIGHT - 1) * 10))
    x2, y2 = draw(st.integers(x1 + 10, WIDTH * 10)), draw(st.integers(y1 + 10, HEIGHT * 10))
    return draw(st.integers(0, 1)), x1 / 10, y1 / 10, x2 / 10, y2 / 10


def again(form: str, given: Dataset, folder: Path, *, link: bool = False) -> Dataset:
    write(form, given, folder, link=link)
    imported = read(form, folder, None, Intake("sample"))
    assert imported.faults == ()
    return imported.dataset


def assert_same(found: Dataset, expected: Dataset) -> None:
    assert (found.classes, found.keypoints) == (expected.classes, expected.keypoints)
    by_digest = {each.sha256: each for each in found.pictures}
    assert by_digest.keys() == {each.sha256 for each in expected.pictures}
    for each in expected.pictures:
        twin = by_digest[each.sha256]
        assert (twin.width, twin.height, twin.split) == (each.width, each.height, each.split)
        assert twin.labels.class_id.tolist() == each.labels.class_id.tolist()
        np.testing.assert_allclose(twin.labels.xyxy, each.labels.xyxy, atol=0.051)
        np.testing.assert_allclose(twin.labels.keypoints, each.labels.keypoints, atol=0.051)


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(labelled=st.lists(boxes(), max_size=4), split=st.sampled_from(["train", "val", None]))
def test_boxes(form: str, labelled: list[Box], split: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pictures = (
            picture(Path(folder), "in/a.jpg", labelled, split=split),
            picture(Path(folder), "in/b.png", [(1, 0, 0, 80, 60)], split="train"),
        )
        expected = dataset(*pictures)
        assert_same(again(form, expected, Path(folder) / "out"), expected)


@pytest.mark.parametrize("form", FORMATS)
def test_negatives_and_a_class_without_boxes(form: str, tmp_path: Path) -> None:
    expected = dataset(picture(tmp_path, "in/a.jpg"), picture(tmp_path, "in/b.jpg", [(1, 2, 3, 20, 30)]))
    assert_same(again(form, expected, tmp_path / "out"), expected)


@pytest.mark.parametrize("form", ["yolo", "coco"])
def test_keypoints(form: str, tmp_path: Path) -> None:
    pictures = (
        picture(tmp_path, "in/a.jpg", [(0, 2, 3, 20.5, 30.1), (0, 10, 10, 40, 50)], points=3),
        picture(tmp_path, "in/empty.jpg", points=3),
    )
    expected = dataset(*pictures, classes=("person",), keypoints=("nose", "left_hand", "right_hand"))
    assert_same(again(form, expected, tmp_path / "out"), expected)


@pytest.mark.parametrize("form", ["voc", "label-studio", "cvat"])
def test_keypoints_are_refused_where_they_have_no_place(form: str, tmp_path: Path) -> None:
    posed = dataset(picture(tmp_path, "in/a.jpg", [(0, 2, 3, 20, 30)], points=2), keypoints=("head", "foot"))
    with pytest.raises(DatasetError, match=f"has 2 keypoints a box, which {form} can not hold"):
        write(form, posed, tmp_path / "out", link=False)


@pytest.mark.parametrize("form", FORMATS)
def test_two_pictures_of_one_name(form: str, tmp_path: Path) -> None:
    # The same stem in two folders and with two suffixes: one text file a stem would mix them up.
    names = ("one/a.jpg", "two/a.jpg", "two/A.png")
    pictures = [picture(tmp_path / "in", name, [(0, 5 * place, 3, 70, 30)]) for place, name in enumerate(names)]
    expected = dataset(*pictures)
    assert_same(again(form, expected, tmp_path / "out"), expected)


@pytest.mark.parametrize("form", FORMATS)
def test_links(form: str, tmp_path: Path) -> None:
    expected = dataset(picture(tmp_path, "in/a.jpg", [(0, 2, 3, 20, 30)]))
    assert_same(again(form, expected, tmp_path / "out", link=True), expected)
    linked = [path for path in (tmp_path / "out").rglob("*.jpg") if path.is_symlink()]
    assert [path.resolve() for path in linked] == [tmp_path / "in" / "a.jpg"]


def test_a_picture_that_is_gone(tmp_path: Path) -> None:
    given = dataset(picture(tmp_path, "in/a.jpg"))
    (tmp_path / "in" / "a.jpg").unlink()
    with pytest.raises(DatasetError, match=r"a\.jpg: can not be written from .*a\.jpg: No such file"):
        write("yolo", given, tmp_path / "out", link=False)
