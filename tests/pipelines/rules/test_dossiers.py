"""The same person keeps a number and what is known, also when the track breaks."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.rules.dossiers import Dossier, Dossiers, Sign

FULL = np.array([[0, 0, 1, 1]], np.float32)
BOX = (0.3, 0.2, 0.4, 0.6)


def update(people: Dossiers, time_s: float, *tracked: tuple[int, tuple[float, ...]]) -> list[Dossier]:
    tracks = np.array([track for track, _ in tracked], np.int64)
    boxes = np.array([box for _, box in tracked], np.float32).reshape(-1, 4)
    return people.update(tracks, boxes, time_s, FULL)


@pytest.mark.parametrize(
    ("box", "track", "same"),
    [
        ((0.5, 0.2, 0.6, 0.6), 1, True),  # the track says so, however far away
        ((0.33, 0.22, 0.43, 0.62), 2, True),  # another track that begins where the first was lost
        ((0.42, 0.2, 0.52, 0.6), 2, True),  # a step aside
        ((0.7, 0.2, 0.8, 0.6), 2, False),
    ],
)
def test_who_is_the_same(box: tuple[float, ...], track: int, same: bool) -> None:
    people = Dossiers(keep_s=10)
    (first,) = update(people, 0.0, (1, BOX))
    update(people, 1.0)
    (second,) = update(people, 2.0, (track, box))
    assert (second.subject == first.subject) is same


def test_whoever_is_still_there_is_nobody_else() -> None:
    people = Dossiers(keep_s=10)
    (first,) = update(people, 0.0, (1, BOX))
    found = update(people, 1.0, (1, BOX), (2, (0.32, 0.2, 0.42, 0.6)))
    assert found[0] is first
    assert found[1].subject != first.subject


def test_of_two_who_were_lost_the_nearer_is_back() -> None:
    people = Dossiers(keep_s=10)
    update(people, 0.0, (1, BOX), (2, (0.38, 0.2, 0.48, 0.6)))
    (back,) = update(people, 1.0, (3, (0.37, 0.2, 0.47, 0.6)))
    assert back.subject == 2


def test_who_is_gone_for_long_is_forgotten() -> None:
    people = Dossiers(keep_s=5)
    update(people, 0.0, (1, BOX))
    for time_s in range(1, 7):
        update(people, float(time_s))
    assert not list(people)
    (again,) = update(people, 8.0, (2, BOX))
    assert again.subject == 2


def test_nobody_is_gone_where_nobody_looked() -> None:
    people = Dossiers(keep_s=5)
    update(people, 0.0, (1, BOX))
    elsewhere = np.array([[0.8, 0, 1, 1]], np.float32)
    for time_s in range(1, 20):
        people.update(np.empty(0, np.int64), np.empty((0, 4), np.float32), float(time_s), elsewhere)
    assert [person.subject for person in people] == [1]


def test_the_balance_of_what_was_seen() -> None:
    person = Dossier(1, 1, np.array(BOX, np.float32), 0.0)
    for time_s, missing, worn in ((0.0, 1.0, 0.0), (1.0, 1.5, 0.5), (2.0, 0.0, 0.8)):
        person.add(Sign(time_s, missing, worn), window_s=10)
    assert person.balance(2.0) == pytest.approx(1.0 + 1.0 - 2 * 0.8)
    assert [sign.time_s for sign in person.without] == [0.0, 1.0]
    # Two looks at one frame are one
    person.add(Sign(2.0, 0.5, 0.3), window_s=10)
    assert person.signs[-1] == Sign(2.0, 0.5, 0.8)
    # What is older than the window no longer counts
    person.add(Sign(11.5, 1.0, 0.0), window_s=10)
    assert [sign.time_s for sign in person.signs] == [2.0, 11.5]
