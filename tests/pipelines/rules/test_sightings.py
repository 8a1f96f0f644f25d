from __future__ import annotations

import numpy as np
import pytest

from pipelines.rules.sightings import Confirmation, Sightings, Spot

USUAL = Confirmation(window_s=8, least=3, strength=1.0, lasting_s=0, hold_s=10)
WHOLE = np.array([[0, 0, 1, 1]], np.float32)
HERE = (0.4, 0.4, 0.5, 0.5)
FAR = (0.8, 0.1, 0.9, 0.2)


def look(
    sightings: Sightings,
    time_s: float,
    *signs: tuple[tuple[float, ...], float],
    looked: np.ndarray = WHOLE,
    steady: bool = True,
) -> list[Spot]:
    boxes = np.array([box for box, _ in signs], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score in signs], np.float32)
    return sightings.update(time_s, boxes, scores, looked, steady=steady)


@pytest.mark.parametrize(
    ("score", "looks"),
    [
        (0.6, 3),  # strong signs: three looks are needed all the same
        (0.34, 3),
        (0.25, 4),  # weaker ones must come more often
        (0.2, 5),
    ],
)
def test_few_strong_signs_or_many_weak_ones(score: float, looks: int) -> None:
    sightings = Sightings(USUAL)
    for i in range(looks - 1):
        assert look(sightings, i * 0.4, (HERE, score)) == []
    (spot,) = look(sightings, (looks - 1) * 0.4, (HERE, score))
    assert spot.first_seen_s == 0.0
    assert spot.score == pytest.approx(score)


def test_signs_that_are_too_old_do_not_count() -> None:
    sightings = Sightings(USUAL)
    assert all(look(sightings, i * 4.5, (HERE, 0.6)) == [] for i in range(10))


@pytest.mark.parametrize(("signs", "chased_s"), [(1, 3.0), (2, 6.0)])
def test_one_sign_is_not_chased_for_as_long_as_several(signs: int, chased_s: float) -> None:
    sightings = Sightings(USUAL)
    for i in range(signs):
        look(sightings, i * 0.5, (HERE, 0.3))
    last_s = (signs - 1) * 0.5
    look(sightings, last_s + chased_s)
    assert sightings.pending
    look(sightings, last_s + chased_s + 0.5)
    assert not sightings.pending
    assert len(sightings.spots) == 1  # what comes there later still adds to it


def test_a_place_that_is_no_longer_chased_is_confirmed_by_more_signs_all_the_same() -> None:
    sightings = Sightings(USUAL)
    look(sightings, 0.0, (HERE, 0.5))
    look(sightings, 4.0)
    assert not sightings.pending
    look(sightings, 4.5, (HERE, 0.5))
    assert sightings.pending
    assert len(look(sightings, 5.0, (HERE, 0.5))) == 1


def test_a_confirmed_hazard_asks_for_no_looks_until_it_may_have_ended() -> None:
    sightings = Sightings(USUAL)
    for i in range(3):
        look(sightings, i * 0.5, (HERE, 0.6))
    asked = []
    for i in range(24):
        assert len(look(sightings, 1.5 + i * 0.4)) == 1
        asked.append(sightings.pending)
    assert asked == [False] * 12 + [True] * 12  # missed for 5 s of 10
    look(sightings, 11.0, (HERE, 0.2))
    assert not sightings.pending


def test_a_second_hazard_in_the_view_is_chased_as_the_first_was() -> None:
    sightings = Sightings(USUAL)
    for i in range(3):
        look(sightings, i * 0.5, (HERE, 0.6))
    assert not sightings.pending
    look(sightings, 1.5, (HERE, 0.6), (FAR, 0.3))
    assert sightings.pending


def test_signs_in_different_places_do_not_add_up() -> None:
    sightings = Sightings(USUAL)
    look(sightings, 0, (HERE, 0.6))
    look(sightings, 0.4, (FAR, 0.6))
    assert look(sightings, 0.8, (HERE, 0.6)) == []


def test_two_places_are_two_spots() -> None:
    sightings = Sightings(USUAL)
    for i in range(3):
        spots = look(sightings, i * 0.4, (HERE, 0.6), (FAR, 0.6))
    assert len(spots) == 2


def test_tongues_of_one_flame_are_one_spot() -> None:
    sightings = Sightings(USUAL)
    for i in range(3):
        spots = look(sightings, i * 0.4, ((0.4, 0.4, 0.45, 0.5), 0.3), ((0.47, 0.42, 0.5, 0.5), 0.6))
    (spot,) = spots
    assert spot.box == pytest.approx((0.4, 0.4, 0.5, 0.5))
    assert spot.score == pytest.approx(0.6)


def test_spots_that_grow_together_keep_the_older_history() -> None:
    sightings = Sightings(USUAL)
    for i in range(3):
        look(sightings, i * 0.4, ((0.1, 0.1, 0.2, 0.2), 0.6))
    for i in range(3, 6):
        assert len(look(sightings, i * 0.4, ((0.1, 0.1, 0.2, 0.2), 0.6), ((0.5, 0.1, 0.6, 0.2), 0.6))) in {1, 2}
    (spot,) = look(sightings, 2.4, ((0.1, 0.1, 0.6, 0.2), 0.6))
    assert spot.first_seen_s == 0.0


def test_what_travels_is_not_confirmed_unless_the_camera_moves() -> None:
    path = [(0.1 + 0.07 * i, 0.4, 0.18 + 0.07 * i, 0.6) for i in range(9)]
    still, carried = Sightings(USUAL), Sightings(USUAL)
    found = [look(still, i * 0.4, (box, 0.3)) for i, box in enumerate(path)]
    assert not any(found)
    found = [look(carried, i * 0.4, (box, 0.3), steady=False) for i, box in enumerate(path)]
    assert any(found)


def test_hysteresis() -> None:
    sightings = Sightings(USUAL)
    for i in range(3):
        look(sightings, i * 0.4, (HERE, 0.6))
    for i in range(10):
        assert len(look(sightings, 1.8 + i)) == 1  # unseen for 10 s at last: still held
    assert len(look(sightings, 11.2, (HERE, 0.2))) == 1  # a weak sign keeps it
    for i in range(10):
        assert len(look(sightings, 12.2 + i)) == 1
    assert look(sightings, 22.2) == []
    assert not sightings.pending


def test_a_few_looks_far_apart_do_not_end_it() -> None:
    sightings = Sightings(USUAL)
    for i in range(3):
        look(sightings, i * 0.4, (HERE, 0.6))
    held = [len(look(sightings, 10.0 * (i + 1))) for i in range(7)]
    assert held == [1, 1, 1, 1, 1, 0, 0]


def test_what_is_not_looked_at_is_not_missed() -> None:
    sightings = Sightings(USUAL)
    for i in range(3):
        look(sightings, i * 0.4, (HERE, 0.6))
    elsewhere = np.array([[0.7, 0, 1, 0.3]], np.float32)
    for i in range(20):
        assert len(look(sightings, 1.2 + i * 2, looked=elsewhere)) == 1


def test_a_time_that_it_must_last() -> None:
    sightings = Sightings(Confirmation(window_s=12, least=3, strength=1.0, lasting_s=5, hold_s=20))
    confirmed = [bool(look(sightings, i * 0.4, (HERE, 0.9))) for i in range(15)]
    assert confirmed.index(True) == 13  # 5.2 s after the first


def test_reset() -> None:
    sightings = Sightings(USUAL)
    for i in range(3):
        look(sightings, i * 0.4, (HERE, 0.6))
    sightings.reset()
    assert look(sightings, 1.2, (HERE, 0.6)) == []
