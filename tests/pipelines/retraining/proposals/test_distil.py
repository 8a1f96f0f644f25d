from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipelines.retraining.proposals.distil import HOLD_PERCENT, Seen, distil, split_of
from pipelines.retraining.proposals.propose import Limits
from pipelines.retraining.proposals.teacher import Proposals
from tests.pipelines.retraining.proposed import Box, labels, proposals

CLASSES = ("person", "suitcase", "bus")
PERSON, SUITCASE, BUS = 0, 1, 2
A: Box = (10, 10, 50, 110)
B: Box = (120, 40, 180, 100)


def seen(name: str, found: Proposals, **fields: Any) -> Seen:
    usual: dict[str, Any] = {
        "source": f"{name}.jpg", "frame": None, "sha256": "0" * 64, "size": (200, 160), "group": name, "split": None
    }  # fmt: skip
    return Seen(name=name, found=found, **usual | fields)


def test_sure_is_a_label_and_doubtful_is_painted() -> None:
    (made,), classes, tally = distil(
        [seen("one", proposals((PERSON, 0.9, A), (PERSON, 0.3, B)))], CLASSES, Limits(), least=1
    )
    assert made.boxes == ((0, *A),)
    assert len(made.grey) == 1
    assert classes == ("person",)
    assert (tally.pictures, tally.painted, tally.places, tally.boxes) == (1, 1, 1, {"person": 1})


def test_a_class_with_too_few_boxes_is_dropped_and_painted() -> None:
    found = proposals((PERSON, 0.9, A), (BUS, 0.9, B))
    several = [seen(str(i), found if i == 0 else proposals((PERSON, 0.9, A))) for i in range(3)]
    pictures, classes, tally = distil(several, CLASSES, Limits(), least=2)
    assert classes == ("person",)
    assert tally.scarce == {"suitcase": 0, "bus": 1}
    assert [len(picture.grey) for picture in pictures] == [1, 0, 0]


def test_boxes_of_a_kept_split_do_not_count_for_a_class() -> None:
    pictures = [seen("one", proposals((PERSON, 0.9, A))), seen("two", proposals((BUS, 0.9, B)), split="val")]
    assert distil(pictures, CLASSES, Limits(), least=1)[1] == ("person",)


@pytest.mark.parametrize(
    ("found", "boxes"),
    [
        (proposals((SUITCASE, 0.9, (10, 10, 60, 60))), 1),
        # A car from above, taken for a suitcase.
        (proposals((SUITCASE, 0.9, (10, 10, 110, 100)), (PERSON, 0.9, (150, 10, 180, 100))), 0),
    ],
)
def test_a_thing_to_carry_is_not_as_large_as_that(found: Proposals, boxes: int) -> None:
    pictures, classes, _ = distil([seen("one", found)], CLASSES, Limits(), least=0)
    assert sum(classes[box[0]] == "suitcase" for picture in pictures for box in picture.boxes) == boxes


def test_what_only_the_witness_sees_is_doubtful() -> None:
    witnessed = np.array([A, B], np.float32)
    (made,), _, _ = distil([seen("one", proposals((PERSON, 0.9, A)), witnessed=witnessed)], CLASSES, Limits(), 1)
    assert made.grey == ((117, 37, 183, 103),)


def test_hand_labels_win() -> None:
    hand = labels((0, (12, 12, 52, 112)))
    one = seen("one", proposals((PERSON, 0.9, A)), hand=hand, meanings=((PERSON,),))
    (made,), _, _ = distil([one], CLASSES, Limits(), 1)
    assert made.boxes == ((0, 12, 12, 52, 112),)


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        (proposals(), True),  # a negative
        (proposals((PERSON, 0.3, A)), False),  # nothing but paint
        (proposals((PERSON, 0.3, (0, 0, 200, 120)), (PERSON, 0.9, (20, 125, 40, 160))), False),  # mostly paint
    ],
)
def test_what_teaches_nothing_is_left_out_and_counted(found: Proposals, kept: bool) -> None:
    pictures, _, tally = distil([seen("one", found)], CLASSES, Limits(), 0)
    assert (len(pictures), tally.left_out) == (int(kept), int(not kept))


def test_split_by_group_and_sticky() -> None:
    groups = [f"clip{i}" for i in range(2000)]
    share = sum(split_of(group) == "hold" for group in groups) / len(groups)
    assert share == pytest.approx(HOLD_PERCENT / 100, abs=0.03)
    found = [seen(f"p{i}", proposals(), group=groups[i % 40]) for i in range(80)]
    pictures, _, _ = distil([*found, seen("last", proposals(), group="clip1", split="val")], CLASSES, Limits(), 0)
    assert all(a.split == b.split for a, b in zip(pictures[:40], pictures[40:80], strict=True))
    assert pictures[-1].split == "val"
