"""Whose head and whose torso: on drawn boxes, and on the labels of real pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.rules.worn import HEAD, TORSO, BodyPart, owners, upper_part

STANDING = (100, 100, 160, 260)
BESIDE = (150, 105, 210, 265)
"""Half hidden behind the first."""
STOOPING = (100, 100, 260, 200)


@pytest.mark.parametrize(
    ("part", "box", "people", "expected"),
    [
        (HEAD, (120, 100, 142, 124), [STANDING], 0),
        # A hard hat in the hand, or a head on a poster at the knee
        (HEAD, (120, 200, 142, 224), [STANDING], -1),
        # Somebody else's head, half a metre away
        (HEAD, (165, 100, 187, 124), [STANDING], -1),
        # Half out of the person's box
        (HEAD, (95, 100, 117, 124), [STANDING], -1),
        (HEAD, (120, 100, 142, 124), [], -1),
        # Who stoops has the head anywhere above the knees
        (HEAD, (225, 140, 250, 165), [STOOPING], 0),
        (HEAD, (225, 172, 250, 197), [STOOPING], -1),
        (TORSO, (110, 125, 150, 190), [STANDING], 0),
        (TORSO, (110, 230, 150, 260), [STANDING], -1),
        # Of two people it belongs to the one whom it fits clearly better
        (HEAD, (118, 100, 140, 124), [STANDING, BESIDE], 0),
        (HEAD, (170, 105, 192, 129), [STANDING, BESIDE], 1),
        # Where both could have it, nobody does
        (HEAD, (146, 102, 162, 120), [(100, 100, 170, 260), (140, 100, 210, 260)], -1),
    ],
)
def test_whose_it_is(part: BodyPart, box: tuple[float, ...], people: list[tuple[float, ...]], expected: int) -> None:
    found = owners(part, np.array([box], np.float32), np.array(people, np.float32).reshape(-1, 4))
    assert found.tolist() == [expected]


def test_no_box_is_nobody_s() -> None:
    assert owners(HEAD, np.empty((0, 4), np.float32), np.array([STANDING], np.float32)).shape == (0,)


@pytest.mark.parametrize("split", ["train", "val"])
@pytest.mark.parametrize(("part", "classes"), [(HEAD, (0, 2)), (TORSO, (7, 4))])
def test_labelled_parts_find_their_person(shared: Path, split: str, part: BodyPart, classes: tuple[int, int]) -> None:
    person, of_all, given = 5, 0, 0
    for path in sorted((shared / "data" / "ppe" / "labels" / split).glob("*.txt")):
        rows = np.array([line.split()[:5] for line in path.read_text().splitlines()], np.float32).reshape(-1, 5)
        middle, side = rows[:, 1:3] * 416, rows[:, 3:5] * 416
        boxes = np.concatenate([middle - side / 2, middle + side / 2], axis=1)
        parts, people = boxes[np.isin(rows[:, 0], classes)], boxes[rows[:, 0] == person]
        # A part whose person nobody labelled is no fault of the matching.
        inside = (
            (parts[:, None, :2] >= people[None, :, :2] - 2) & (parts[:, None, 2:] <= people[None, :, 2:] + 2)
        ).all(axis=2)
        has_person = inside.any(axis=1)
        found = owners(part, parts, people)
        of_all += int(has_person.sum())
        given += int((found[has_person] >= 0).sum())
    assert of_all > 80
    print(f"\n{split}, {part.worn}: {given} of {of_all} labelled parts inside a person are that person's")
    assert given / of_all > 0.85


def test_a_closer_look_leaves_the_legs_of_somebody_upright_out() -> None:
    standing, sitting = np.array([10, 20, 50, 120], np.float32), np.array([10, 20, 90, 120], np.float32)
    assert upper_part(standing).tolist() == [10, 20, 50, 95]
    assert upper_part(sitting).tolist() == sitting.tolist()
