from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.retraining.data.dataset import Picture
from pipelines.retraining.data.leakage import WITHHELD, LeakKind, clear_of, find_leaks
from tests.pipelines.retraining import drawn


@pytest.fixture
def clean(tmp_path: Path) -> list[Picture]:
    """Two splits of two pictures each, nothing in common."""
    return [
        drawn.picture(tmp_path, f"p{seed}", seed, group=f"clip-{split}", split=split)
        for seed, split in enumerate(["train", "train", "val", "val"])
    ]


def test_a_clean_set_leaks_nothing(clean: list[Picture]) -> None:
    assert find_leaks(drawn.dataset(clean)) == ()
    assert find_leaks(drawn.dataset([])) == ()


@pytest.mark.parametrize(
    ("seed", "mirrored", "group", "kind"),
    [
        (0, False, "own", LeakKind.DIGEST),  # the file itself
        (0, True, "own", LeakKind.NEAR),  # its mirror image
        (9, False, "clip-train", LeakKind.GROUP),  # another picture of the clip
    ],
)
def test_each_kind_of_leak_is_found(
    clean: list[Picture], tmp_path: Path, seed: int, mirrored: bool, group: str, kind: LeakKind
) -> None:
    image = drawn.scene(seed)
    image = np.ascontiguousarray(image[:, ::-1]) if mirrored else image
    leaking = drawn.picture(tmp_path, "leaking", image, group=group, split="val")
    (leak,) = find_leaks(drawn.dataset([*clean, leaking]))
    assert leak.kind is kind
    assert (leak.first, leak.second) == (clean[0], leaking)
    assert str(leak).startswith(str(kind))
    assert f"train has {clean[0].path}, val has {leaking.path}" in str(leak)
    assert (leak.distance is not None) == (kind is LeakKind.NEAR)


@pytest.mark.parametrize("split", [None, WITHHELD, "train"])
def test_a_picture_that_is_not_used_or_in_the_same_split_leaks_nothing(
    clean: list[Picture], tmp_path: Path, split: str | None
) -> None:
    copy = drawn.picture(tmp_path, "copy", 0, group="clip-train", split=split)
    assert find_leaks(drawn.dataset([*clean, copy])) == ()


def test_leaks_are_named_in_one_order_whatever_the_order_of_the_pictures(clean: list[Picture], tmp_path: Path) -> None:
    copy = drawn.picture(tmp_path, "copy", 0, split="val")
    texts = {str(*find_leaks(drawn.dataset(order))) for order in ([*clean, copy], [copy, *clean[::-1]])}
    assert len(texts) == 1


def test_several_sets_leak_by_file_and_looks_not_by_the_name_of_a_group(clean: list[Picture], tmp_path: Path) -> None:
    same_name = drawn.picture(tmp_path, "other", 8, group="clip-train", split="val")
    assert find_leaks(drawn.dataset(clean), drawn.dataset([same_name], "second")) == ()
    same_file = drawn.picture(tmp_path, "copy", 1, split="val")
    (leak,) = find_leaks(drawn.dataset(clean), drawn.dataset([same_file], "second"))
    assert leak.kind is LeakKind.DIGEST
    assert (leak.first.path, leak.second.path) == (clean[1].path, same_file.path)


def test_near_duplicates_are_listed_pair_by_pair_nearest_first(clean: list[Picture], tmp_path: Path) -> None:
    copies = []
    for number, shift in enumerate((6, 0, 3)):
        image = np.roll(drawn.scene(0), shift, axis=1)
        image[0, 0] = number  # another file
        copies.append(drawn.picture(tmp_path, f"copy{number}", image, split="val"))
    leaks = find_leaks(drawn.dataset([*clean, *copies]))
    assert len(leaks) == 3
    found = [leak.distance for leak in leaks if leak.distance is not None]
    assert found == sorted(found)
    assert leaks[0].second is copies[1]


def test_what_is_in_a_chain_with_others_is_not_clear_of_them(clean: list[Picture], tmp_path: Path) -> None:
    judge = drawn.picture(tmp_path, "judge", np.ascontiguousarray(drawn.scene(0)[:, ::-1]))
    # p0 looks like the judge; p1 is of p0's clip.
    assert clear_of(clean, [judge]) == tuple(clean[2:])
    assert clear_of(clean, []) == tuple(clean)
    assert clear_of([], [judge]) == ()
    assert clear_of([replace(clean[3], group="x")], clean[:2]) != ()
