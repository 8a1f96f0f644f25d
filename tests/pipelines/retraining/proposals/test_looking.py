from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest

from calibration.errors import DatasetError
from pipelines.retraining.proposals.derive import Image
from pipelines.retraining.proposals.looking import Eye, Footage, below, kept_together, see, see_footage
from pipelines.retraining.proposals.teacher import Proposals, Teacher
from tests.pipelines.retraining.drawn import dataset, picture, scene
from tests.pipelines.retraining.proposed import Box, proposals


class White:
    """A teacher who sees the white patch in a picture, as one class."""

    classes = ("person", "patch")
    keypoints = ()

    def __init__(self, confidence: float) -> None:
        self._confidence = confidence

    def look(self, image: Image) -> Proposals:
        rows, columns = np.nonzero((image == 255).all(axis=2))
        if not len(rows):
            return proposals()
        box: Box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        return proposals((1, self._confidence, box))


def eye(**fields: Any) -> Eye:
    usual: dict[str, Any] = {"wanted": {"patch": "thing"}, "classes": ("thing",), "hand": {}}
    return Eye(teacher=cast(Teacher, White(0.8)), **usual | fields)


def patched(seed: int) -> Image:
    image = np.minimum(scene(seed), 250)
    image[20:60, 30:80] = 255
    return image


def test_what_is_seen_carries_what_is_known(tmp_path: Path) -> None:
    one = picture(tmp_path, "one", patched(1), [(0, 1, 2, 30, 40)], group="yard", split="test")
    (seen,) = see(dataset([one], "drawn"), [tmp_path], eye(hand={"fire": ("thing",)}))
    assert (seen.name, seen.source, seen.group, seen.split) == ("drawn_one", "one.png", "yard", "val")
    assert (seen.sha256, seen.size) == (one.sha256, (192, 144))
    assert seen.found.xyxy.tolist() == [[30, 20, 80, 60]]
    assert seen.found.class_id.tolist() == [0]
    assert seen.hand is one.labels
    assert seen.meanings == ((0,), None)
    assert seen.witnessed is None


def test_labels_that_say_nothing_here_are_no_hand(tmp_path: Path) -> None:
    one = picture(tmp_path, "one", patched(1), [(0, 1, 2, 30, 40)])
    (seen,) = see(dataset([one]), [tmp_path], eye())
    assert seen.hand is None
    assert seen.split is None


@pytest.mark.parametrize(("confidence", "count"), [(0.5, 1), (0.3, 0)])
def test_a_witness_is_believed_when_sure(tmp_path: Path, confidence: float, count: int) -> None:
    one = picture(tmp_path, "one", patched(1))
    (seen,) = see(dataset([one]), [tmp_path], eye(witness=cast(Teacher, White(confidence))))
    assert seen.witnessed is not None
    assert seen.witnessed.shape == (count, 4)


def test_frames_of_footage_are_one_group(tmp_path: Path) -> None:
    film = tmp_path / "film.avi"
    film.write_bytes(b"film")

    def read(path: Path, numbers: frozenset[int]) -> Iterator[tuple[int, Image]]:
        yield from ((number, patched(number)) for number in sorted(numbers))

    found = list(see_footage(Footage(film, (0, 12), read), [tmp_path], eye()))
    assert [(one.name, one.frame, one.group, one.source) for one in found] == [
        ("film_0000", 0, "film", "film.avi"),
        ("film_0012", 12, "film", "film.avi"),
    ]
    assert all(len(one.found) == 1 for one in found)


def test_near_a_kept_picture_nothing_is_trained_on(tmp_path: Path) -> None:
    image = scene(1)
    darker = cv2.convertScaleAbs(image, alpha=0.95)
    kept = picture(tmp_path, "kept", image, group="a", split="val")
    near = picture(tmp_path, "near", np.asarray(darker, np.uint8), group="b", split="train")
    same_group = picture(tmp_path, "same", scene(2), group="b", split="train")
    far = picture(tmp_path, "far", scene(3), group="c", split="train")
    sets, left_out = kept_together([dataset([kept]), dataset([near, same_group, far])])
    assert [[one.path.stem for one in part.pictures] for part in sets] == [["kept"], ["far"]]
    assert left_out == 2


def test_near_duplicates_of_two_sets_become_one_group(tmp_path: Path) -> None:
    one = picture(tmp_path, "one", scene(1), group="a")
    other = replace(picture(tmp_path, "other", scene(1), group="b"))
    sets, left_out = kept_together([dataset([one]), dataset([other])])
    assert {part.pictures[0].group for part in sets} == {"a"}
    assert left_out == 0


def test_a_source_outside_the_roots(tmp_path: Path) -> None:
    assert below(tmp_path / "a" / "b.jpg", [tmp_path / "c", tmp_path]) == "a/b.jpg"
    with pytest.raises(DatasetError, match=r"b\.jpg: lies below none of .*say --root"):
        below(tmp_path / "b.jpg", [tmp_path / "c"])


def test_a_picture_that_is_none(tmp_path: Path) -> None:
    one = picture(tmp_path, "one", 1)
    one.path.write_bytes(b"nothing")
    with pytest.raises(DatasetError, match="is no picture"):
        list(see(dataset([one]), [tmp_path], eye()))
