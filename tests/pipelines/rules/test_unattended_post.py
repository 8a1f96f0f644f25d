from __future__ import annotations

import numpy as np
import pytest

from calibration.polygon import Polygon
from calibration.zones import Zone
from pipelines.rules.unattended_post import UnattendedPost, UnattendedPostSettings
from pipelines.scene import Scene
from tests.pipelines.builders import a_frame
from tests.pipelines.rules.scenery import play, scene_of

DESK = Zone("desk", Polygon.of([[0.4, 0.5], [0.6, 0.5], [0.6, 0.8], [0.4, 0.8]]))
SITTING = (0.44, 0.3, 0.56, 0.65)  # the desk hides the legs
AWAY = (0.05, 0.3, 0.15, 0.8)


def rule(**settings: object) -> UnattendedPost:
    return UnattendedPost(UnattendedPostSettings.model_validate({"zone": "desk", **settings}), DESK)


def look(time_s: float, *people: tuple[float, float, float, float], **how: object) -> Scene:
    return scene_of(a_frame(time_s=time_s), time_s, *people, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("every_s", [0.2, 1.0, 10.0])
def test_the_alarm_comes_when_the_time_allowed_has_passed(every_s: float) -> None:
    times = np.arange(0, 130, every_s)
    looks = [look(float(t), SITTING if t <= 20 else AWAY) for t in times]
    (time_s, hazard), *_ = play(rule(absent_s=60.0), looks)
    assert 80.0 <= time_s <= 81 + 2 * every_s
    assert hazard.first_seen_s == pytest.approx(20.0, abs=0.2)
    assert hazard.box == pytest.approx((0.4, 0.5, 0.6, 0.8), abs=1e-5)
    assert hazard.zone == "desk"


def test_nobody_was_ever_there() -> None:
    alarms = play(rule(absent_s=30.0), [look(float(t)) for t in range(60)])
    assert alarms[0][0] == 30.0
    assert alarms[0][1].first_seen_s == 0.0


@pytest.mark.parametrize("confidence", [0.8, 0.22])
def test_who_is_found_now_and_then_is_there(confidence: float) -> None:
    looks = [look(float(t), *((SITTING,) if t % 40 == 0 else ()), confidence=confidence) for t in range(300)]
    assert not play(rule(absent_s=60.0), looks)


def test_time_in_which_nobody_looked_proves_nothing() -> None:
    far_apart = [look(20.0 * i) for i in range(30)]
    assert not play(rule(absent_s=60.0, max_look_gap_s=15.0), far_apart)
    elsewhere = np.array([[0.0, 0.0, 0.5, 1.0]], np.float32)
    assert not play(rule(absent_s=60.0), [look(float(t), looked=elsewhere) for t in range(300)])


def test_a_gap_is_left_out_and_the_rest_still_counts() -> None:
    times = [*range(41), *range(400, 460)]
    alarms = play(rule(absent_s=60.0), [look(float(t)) for t in times])
    assert alarms[0][0] == 420.0


def test_it_asks_for_closer_looks_before_the_alarm_and_when_looks_are_too_far_apart() -> None:
    desk = rule(absent_s=60.0)
    asked = []
    for t in range(0, 70, 10):
        desk.judge(look(float(t)))
        asked.append(desk.pending)
    assert asked == [False] * 5 + [True, False]  # the last quarter, at most 10 s; then the alarm stands
    slow = rule(absent_s=60.0)
    play(slow, [look(0.0), look(30.0)])
    assert slow.pending


def test_it_ends_when_somebody_is_back_but_not_for_one_who_walks_past() -> None:
    desk = rule(absent_s=30.0, clear_after_s=5.0)
    assert play(desk, [look(float(t)) for t in range(40)])
    passing = [look(40.0, SITTING), *(look(float(t)) for t in range(41, 60))]
    assert len(play(desk, passing)) == 20
    back = play(desk, [look(float(t), SITTING) for t in range(60, 80)])
    assert 64.0 <= back[-1][0] <= 67.0
