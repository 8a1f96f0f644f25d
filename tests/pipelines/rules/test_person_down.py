from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from calibration.polygon import Polygon
from calibration.zones import Zone
from pipelines.hazards import Hazard
from pipelines.rules.person_down import PersonDown, PersonDownSettings
from pipelines.scene import CloseUp
from tests.pipelines.rules.bodies import LYING, POSTURES, Body, scene_of

LOOK_S = 0.4
WIDE = (220, 60)  # room to lie to the right


def rule(place: Zone | None = None, **settings: float | str) -> PersonDown:
    return PersonDown(PersonDownSettings.model_validate(settings), place)


def play(
    watching: PersonDown, until_s: float, bodies: Callable[[float], list[Body]], from_s: float = 0.0
) -> list[tuple[float, tuple[Hazard, ...]]]:
    """Time and hazards of each look."""
    looks = int((until_s - from_s) / LOOK_S + 1.001)
    times = [round(from_s + i * LOOK_S, 3) for i in range(looks)]
    return [(time_s, watching.judge(scene_of(bodies(time_s), time_s))) for time_s in times]


def alarmed_s(told: list[tuple[float, tuple[Hazard, ...]]]) -> list[float]:
    return [time_s for time_s, hazards in told if hazards]


def held(posture: str, **how: object) -> Callable[[float], list[Body]]:
    body = replace(Body(posture, at=WIDE), **how)
    return lambda _: [body]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("posture", POSTURES)
def test_who_lies_and_who_does_not(posture: str, mirrored: bool) -> None:
    told = play(rule(), 10, held(posture, mirrored=mirrored, at=(320, 60)))
    assert bool(alarmed_s(told)) == (posture in LYING)


@pytest.mark.parametrize("turned_deg", [-30, -15, 15, 30])
@pytest.mark.parametrize("posture", ["standing", "on a chair", "kneeling", "bending", "lying", "knees drawn up"])
def test_a_camera_that_hangs_askew_by_up_to_thirty_degrees(posture: str, turned_deg: float) -> None:
    told = play(rule(roll_deg=turned_deg), 5, held(posture, turned_deg=turned_deg))
    assert bool(alarmed_s(told)) == (posture in LYING)


def test_a_camera_on_its_side_has_to_be_told() -> None:
    assert alarmed_s(play(rule(), 5, held("standing", turned_deg=90)))
    assert not alarmed_s(play(rule(roll_deg=90), 5, held("standing", turned_deg=90)))
    assert not alarmed_s(play(rule(), 5, held("lying", turned_deg=-90)))
    assert alarmed_s(play(rule(roll_deg=-90), 5, held("lying", turned_deg=-90)))


def test_after_the_dwell_and_with_its_beginning() -> None:
    told = play(rule(), 6, held("lying"))
    assert alarmed_s(told)[0] == pytest.approx(2.0)
    (hazard,) = told[-1][1]
    assert (hazard.first_seen_s, hazard.zone) == (0.0, None)
    assert hazard.score == pytest.approx(0.8)


def test_a_fall_that_was_seen_needs_half_of_it() -> None:
    told = play(rule(), 6, lambda now: [Body("standing" if now < 2 else "lying", at=WIDE)])
    assert alarmed_s(told)[0] == pytest.approx(3.2)  # lies from 2.0 on: the first look after 3.0
    slow = {0: "standing", 1: "kneeling", 2: "crawling", 3: "crawling", 4: "crawling", 5: "lying"}
    told = play(rule(), 9, lambda now: [Body(slow[min(int(now), 5)], at=WIDE)])
    assert alarmed_s(told)[0] == pytest.approx(7.2)  # lies from 5.2 on


@pytest.mark.parametrize("lain_s", [0.8, 1.6])
def test_lying_for_an_instant_is_nothing(lain_s: float) -> None:
    postures = ["lying" if 4 <= i * LOOK_S <= 4 + lain_s - 0.01 else "crawling" for i in range(30)]
    told = play(rule(), 11, lambda now: [Body(postures[round(now / LOOK_S)], at=WIDE)])
    assert not alarmed_s(told)


@pytest.mark.parametrize(
    ("looks", "alarms"),
    [
        ("L.LL..LLLL", True),  # blinks of one and two looks
        ("LL...LL...LL...LL", False),  # three in a row: it begins anew each time
        ("L..L..L..L..L..L..", False),  # a third of the looks is not enough
    ],
)
def test_a_detector_that_blinks(looks: str, alarms: bool) -> None:
    there = [look == "L" for look in looks]
    told = play(rule(), (len(looks) - 1) * LOOK_S, lambda now: [Body("lying", at=WIDE)] * there[round(now / LOOK_S)])
    assert bool(alarmed_s(told)) == alarms


@pytest.mark.parametrize(
    "how",
    [
        {"hidden": ("shoulder",)},
        {"hidden": ("hip",)},
        {"hidden": ("knee", "ankle")},
        {"tall": 34.0},
        {"confidence": 0.1},
    ],
)
def test_what_can_not_be_told_is_not_judged(how: dict[str, object]) -> None:
    assert not alarmed_s(play(rule(), 6, held("lying", **how)))


@pytest.mark.parametrize("hidden", ["knee", "ankle"])
def test_half_of_the_legs_is_enough(hidden: str) -> None:
    assert alarmed_s(play(rule(), 6, held("lying", hidden=(hidden,))))


def test_what_was_never_seen_upright_must_be_surer() -> None:
    assert not alarmed_s(play(rule(), 6, held("lying", confidence=0.5)))  # the card's threshold is 0.4
    told = play(rule(), 9, lambda now: [Body("standing" if now < 2 else "lying", at=WIDE, confidence=0.5)])
    assert alarmed_s(told)


class Near:
    """Shows whoever is really there, so much larger."""

    def __init__(self, there: list[Body], gain: float = 3.0) -> None:
        self.there, self.gain, self.asked = there, gain, 0

    def scale(self, xyxy: np.ndarray) -> float:
        return 0.5 if xyxy[2] - xyxy[0] == 640 else 0.5 * self.gain

    def look(self, xyxy: np.ndarray) -> CloseUp:
        self.asked += 1
        return CloseUp(scene_of(self.there, 0).detections, xyxy, 0.5 * self.gain)


LIES = Body("lying", at=WIDE)


@pytest.mark.parametrize(
    ("seen", "lens", "alarms"),
    [
        (replace(LIES, hidden=("knee", "ankle")), Near([LIES]), True),  # from nearer by the legs are visible
        (replace(LIES, tall=40), Near([replace(LIES, tall=40)]), True),  # 18 px in the whole view, 54 in the closer
        (replace(LIES, tall=40), Near([replace(LIES, tall=40)], gain=1.2), False),  # no closer look to be had
        (LIES, Near([Body("crawling", at=(290, 100))]), False),  # not so from nearer by
        (LIES, Near([]), False),  # nobody there
    ],
)
def test_a_closer_look_counts(seen: Body, lens: Near, alarms: bool) -> None:
    watching = rule()
    told = [watching.judge(replace(scene_of([seen], i * LOOK_S), lens=lens)) for i in range(12)]
    assert any(told) == alarms
    assert lens.asked == (12 if lens.gain > 2 else 0)


@pytest.mark.parametrize("posture", ["standing", "on a chair", "kneeling"])
def test_nobody_looks_closer_at_who_is_plainly_up(posture: str) -> None:
    lens, watching = Near([]), rule()
    watching.judge(replace(scene_of([Body(posture, at=WIDE)], 0), lens=lens))
    assert lens.asked == 0


def test_a_narrow_box_outweighs_keypoints_gone_astray() -> None:
    watching = rule()
    for i in range(15):
        scene = scene_of([Body("lying", at=WIDE)], i * LOOK_S)
        scene.detections.xyxy[:] = (220, 60, 300, 260)
        assert watching.judge(scene) == ()


def test_a_torso_that_points_at_the_camera_says_nothing() -> None:
    watching = rule()
    for i in range(15):
        scene = scene_of([Body("lying", at=WIDE)], i * LOOK_S)
        hips = scene.detections.keypoints[0, 11:13]
        hips[:, :2] = scene.detections.keypoints[0, 5:7, :2] + (8, 1)
        assert watching.judge(scene) == ()


def test_each_for_themselves() -> None:
    people = [
        Body("lying", at=(40, 100)),
        Body("lying", at=(380, 100), track=2),
        Body("standing", at=(300, 20), track=3),
    ]
    told = play(rule(), 4, lambda _: people)
    assert len(told[-1][1]) == 2


def test_a_new_number_in_the_same_place_is_the_same_body() -> None:
    told = play(rule(), 9, lambda now: [Body("lying", at=WIDE, track=int(now / 1.2))])
    assert alarmed_s(told)[0] == pytest.approx(2.0)
    assert {hazard.first_seen_s for _, hazards in told for hazard in hazards} == {0.0}
    fall = play(rule(), 6, lambda now: [Body(at=WIDE) if now < 2 else Body("lying", at=WIDE, track=2)])
    assert alarmed_s(fall)[0] == pytest.approx(3.2)
    apart = play(rule(), 9, lambda now: [Body("lying", at=(40 + 300 * (int(now / 1.2) % 2), 60), track=int(now / 1.2))])
    assert not alarmed_s(apart)  # here and there by turns: nobody who stays


def test_it_ends_when_they_have_been_up_for_a_while() -> None:
    told = play(rule(clear_after_s=4.0), 16, lambda now: [Body("lying" if now < 6 else "on the floor", at=WIDE)])
    # Lies until 5.6; from the look at 6.0 on each look adds 0.4 s of not lying.
    assert alarmed_s(told)[-1] == pytest.approx(9.2)


def test_who_is_hidden_by_helpers_or_a_blanket_still_lies() -> None:
    covered = {True: (), False: ("hip", "knee", "ankle")}
    told = play(rule(clear_after_s=2.0), 20, lambda now: [Body("lying", at=WIDE, hidden=covered[now < 4])])
    assert alarmed_s(told)[-1] == 20
    told = play(rule(clear_after_s=2.0), 20, lambda now: [Body("lying", at=WIDE)] * (now < 4))
    assert alarmed_s(told)[-1] < 6.1  # nothing found where it was: carried away


def test_only_in_the_zone() -> None:
    bed = Zone("bed", Polygon.of([(0, 0), (0.3, 0), (0.3, 1), (0, 1)]))
    assert not alarmed_s(play(rule(bed, zone="bed"), 5, held("lying", at=(400, 60))))
    told = play(rule(bed, zone="bed"), 5, held("lying", at=(20, 60)))
    assert told[-1][1][0].zone == "bed"


def test_it_asks_for_looks_while_somebody_lies() -> None:
    watching = rule()
    play(watching, 1, held("standing"))
    assert not watching.pending
    play(watching, 2, held("lying"), from_s=1.2)
    assert watching.pending
    watching.reset()
    assert not watching.pending
    assert watching.judge(scene_of([Body("lying", at=WIDE)], 9.0)) == ()


def test_nobody_there() -> None:
    assert not alarmed_s(play(rule(), 2, lambda _: []))
