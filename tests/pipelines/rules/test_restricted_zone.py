from __future__ import annotations

import numpy as np
import pytest

from calibration.polygon import Polygon
from calibration.zones import Zone
from pipelines.rules.restricted_zone import RestrictedZone, RestrictedZoneSettings
from pipelines.scene import Scene
from tests.pipelines.builders import a_frame
from tests.pipelines.rules.scenery import play, scene_of

ZONE = Zone("lawn", Polygon.of([[0.4, 0.4], [0.6, 0.4], [0.6, 0.9], [0.4, 0.9]]))
INSIDE = (0.45, 0.3, 0.55, 0.7)
OUTSIDE = (0.75, 0.3, 0.85, 0.7)


def rule(**settings: object) -> RestrictedZone:
    return RestrictedZone(RestrictedZoneSettings.model_validate({"zone": "lawn", **settings}), ZONE)


def look(time_s: float, *people: tuple[float, float, float, float], **how: object) -> Scene:
    return scene_of(a_frame(time_s=time_s), time_s, *people, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("per_s", [1, 2, 5])
def test_the_alarm_comes_after_the_dwell(per_s: int) -> None:
    looks = [look(t / per_s, INSIDE if t >= per_s else OUTSIDE) for t in range(6 * per_s)]
    (time_s, hazard), *_ = play(rule(dwell_s=1.0), looks)
    assert time_s == pytest.approx(2.0)
    assert hazard.first_seen_s == pytest.approx(1.0)
    assert hazard.zone == "lawn"
    assert hazard.box == pytest.approx(INSIDE, abs=1e-4)
    assert hazard.score == pytest.approx(0.8)


@pytest.mark.parametrize(
    "seen",
    [
        "11011",  # one look missed
        "10011",  # two missed
        "1o111",  # the foot wobbles over the edge
    ],
)
def test_a_blink_does_not_begin_again(seen: str) -> None:
    there = {"1": (INSIDE,), "0": (), "o": (OUTSIDE,)}
    looks = [look(i * 0.5, *there[c]) for i, c in enumerate(seen)]
    assert play(rule(dwell_s=2.0), looks)


@pytest.mark.parametrize(
    "seen",
    [
        "11100000",  # too short
        "10001000",  # mostly not there
        "10010010",  # less than most of the looks
    ],
)
def test_too_short_is_no_alarm(seen: str) -> None:
    looks = [look(i * 0.5, *((INSIDE,) if c == "1" else ())) for i, c in enumerate(seen)]
    assert not play(rule(dwell_s=2.0), looks)


def test_two_who_cut_the_corner_do_not_add_up() -> None:
    looks = [look(i * 0.5, INSIDE, track=1 if i < 2 else 2) for i in range(4)]
    assert not play(rule(dwell_s=1.5), looks)


def test_it_ends_when_all_have_left() -> None:
    both = [look(i * 0.5, INSIDE, (0.5, 0.4, 0.58, 0.8)) for i in range(6)]
    one = [look(3 + i * 0.5, INSIDE) for i in range(10)]
    none = [look(8 + i * 0.5, OUTSIDE) for i in range(30)]
    alarms = play(rule(clear_after_s=4.0), [*both, *one, *none])
    assert alarms[0][1].box == pytest.approx((0.45, 0.3, 0.58, 0.8), abs=1e-4)
    # Last inside at 7.5 s; the third look without ends the stay, and 4 s later it is over.
    assert 11.0 <= alarms[-1][0] <= 13.5


def test_somebody_unconfirmed_by_the_tracker_does_not_count() -> None:
    assert not play(rule(dwell_s=0.0), [look(i * 0.5, INSIDE, track=-1) for i in range(5)])


def test_without_dwell_the_first_look_alarms() -> None:
    assert play(rule(dwell_s=0.0), [look(0.0, INSIDE)])


def test_looking_elsewhere_ends_nothing() -> None:
    lawn = rule(clear_after_s=2.0)
    play(lawn, [look(i * 0.5, INSIDE) for i in range(4)])
    elsewhere = np.array([[0.7, 0.0, 1.0, 1.0]], np.float32)
    assert len(play(lawn, [look(3.0 + i, looked=elsewhere) for i in range(30)])) == 30


def test_vehicles_where_asked_for() -> None:
    looks = [look(i * 0.5, INSIDE, kind="vehicle") for i in range(6)]
    assert not play(rule(), looks)
    assert play(rule(meanings=["person", "vehicle"]), looks)


def test_it_asks_to_look_again_while_it_decides() -> None:
    lawn = rule()
    assert not lawn.pending
    lawn.judge(look(0.0, INSIDE))
    assert lawn.pending
    lawn.reset()
    assert not lawn.pending
