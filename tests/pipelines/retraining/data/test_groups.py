from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.retraining.data.duplicates import Pairs, hash_pictures, near_pairs
from pipelines.retraining.data.groups import alike, inseparable, join, members
from tests.pipelines.retraining import drawn


@pytest.mark.parametrize(
    ("count", "links", "labels"),
    [
        (0, [], []),
        (3, [], [0, 1, 2]),  # nothing linked
        (4, [(2, 3)], [0, 1, 2, 2]),
        (5, [(3, 4), (1, 3), (1, 0)], [0, 0, 2, 0, 0]),  # a chain, in no order
        (3, [(1, 1), (2, 1), (1, 2)], [0, 1, 1]),  # with itself, and twice
    ],
)
def test_linked_things_become_groups(count: int, links: list[tuple[int, int]], labels: list[int]) -> None:
    assert join(count, links).tolist() == labels


def test_members_are_listed_under_the_first() -> None:
    groups = members(np.array([0, 1, 0, 3, 1]))
    assert {first: places.tolist() for first, places in groups.items()} == {0: [0, 2], 1: [1, 4], 3: [3]}
    assert members(np.empty(0, np.int64)) == {}


def test_clip_digest_and_looks_bind_together(tmp_path: Path) -> None:
    pictures = [
        drawn.picture(tmp_path, "a1", 1, group="clip-a"),
        drawn.picture(tmp_path, "a2", 2, group="clip-a"),
        drawn.picture(tmp_path, "b", drawn.scene(2)[:, ::-1].copy()),  # looks like a2, mirrored
        drawn.picture(tmp_path, "c1", 3),
        drawn.picture(tmp_path, "c2", 3),  # the same bytes
        drawn.picture(tmp_path, "d", 4),
    ]
    nothing = Pairs(*(np.empty(0, np.int64) for _ in range(3)))
    assert inseparable(pictures, nothing).tolist() == [0, 0, 2, 3, 3, 5]
    pairs = near_pairs(hash_pictures(pictures))
    assert inseparable(pictures, pairs).tolist() == [0, 0, 0, 3, 3, 5]
    assert alike(len(pictures), pairs).tolist() == [0, 1, 1, 3, 3, 5]


def test_a_group_named_like_a_digest_is_not_that_picture(tmp_path: Path) -> None:
    one = drawn.picture(tmp_path, "one", 1)
    two = drawn.picture(tmp_path, "two", 2, group=one.sha256)
    assert inseparable([one, two], near_pairs(hash_pictures([one, two]))).tolist() == [0, 1]
