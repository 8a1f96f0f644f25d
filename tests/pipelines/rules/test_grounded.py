"""Places instead of boxes: a camera that flies past a fire whose true place is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration.ground import GroundPoint, between, moved, pixel_of
from calibration.lens import Lens
from calibration.pose import Accuracy, Attitude, Pose, PoseClock
from calibration.track import Fix
from pipelines.hazards import Hazard
from pipelines.rules.fire import FireSettings
from pipelines.rules.grounded import PATIENCE_S, Bearings, Grounded, Moment
from pipelines.scene import Scene
from tests.pipelines.builders import a_frame, an_activity, some_detections

HOME = (22.55, 114.05)
LENS = Lens.from_field_of_view(1280, 720, 70)
SETTINGS = FireSettings(clear_after_s=3.0)


def pose(north_m: float, *, yaw: float = 0.0, time_s: float = 0.0) -> Pose:
    """40 m above the ground, looking ahead and down."""
    latitude, longitude = moved(*HOME, north_m, 0.0)
    return Pose(
        time_s, PoseClock.UTC, latitude, longitude, height_m=40.0, attitude=Attitude(yaw, -40.0), lens=LENS,
        accuracy=Accuracy(1.0, 1.0, 0.5),
    )  # fmt: skip


class Flight:
    """A rule, and a camera that is where the test says."""

    def __init__(self, *fires: tuple[float, float]) -> None:
        self.fires = [moved(*HOME, *fire) for fire in fires]
        self.fix = Fix(pose(0.0), 0.0)
        self.late: dict[float, Fix] = {}
        self.rule = Grounded(SETTINGS, Bearings(self.where))

    def where(self, moment: Moment) -> Fix:
        return self.late.get(moment.time_s, self.fix)

    def look(self, time_s: float, at: Pose | None, *, burning: bool = True) -> tuple[Hazard, ...]:
        self.fix = Fix(at, 0.0) if at is not None else Fix(None, 9.0, "in a gap of 9.0 s between two poses")
        return self.rule.judge(self.scene(time_s, at or pose(0.0), burning=burning))

    def scene(self, time_s: float, at: Pose, *, burning: bool = True) -> Scene:
        rows = []
        for fire in self.fires if burning else []:
            x, y = pixel_of(at, *fire) or (-99.0, -99.0)
            if 0 <= x < 1280 and 0 <= y < 720:
                rows.append((x - 10, y - 20, x + 10, y, 0.8, 0))
        frame = a_frame(size=(1280, 720), time_s=time_s)
        whole = np.array([[0, 0, 1, 1]], np.float32)
        found = some_detections(*rows)
        return Scene(frame, an_activity(), found, ("fire",), np.array([0.5], np.float32), whole)


def away_m(hazard: Hazard, fire: tuple[float, float]) -> float:
    assert isinstance(hazard.ground, GroundPoint)
    return float(np.hypot(*between(moved(*HOME, *fire), (hazard.ground.latitude_deg, hazard.ground.longitude_deg))))


def test_a_fire_is_one_place_over_a_whole_pass_and_stays_where_it_is() -> None:
    flight = Flight((60.0, 2.0))
    told = [flight.look(0.5 * k, pose(3.0 * k)) for k in range(12)]
    assert [len(hazards) for hazards in told[:3]] == [0, 0, 1], "three sightings, over a second"
    hazards = [hazard for each in told for hazard in each]
    assert {hazard.subject for hazard in hazards} == {1}
    assert all(away_m(hazard, (60.0, 2.0)) < 1.0 for hazard in hazards)
    boxes = [hazard.box for hazard in hazards]
    assert boxes[-1][3] > boxes[0][3] + 0.1, "in the picture it wanders down"


def test_two_fires_are_two() -> None:
    flight = Flight((60.0, -12.0), (60.0, 12.0))
    for k in range(4):
        told = flight.look(0.5 * k, pose(3.0 * k))
    assert sorted(hazard.subject or 0 for hazard in told) == [1, 2]


def test_what_is_not_looked_at_is_neither_there_nor_gone() -> None:
    flight = Flight((60.0, 0.0))
    for k in range(4):
        (*_, hazard) = (None, *flight.look(0.5 * k, pose(0.0)))
    assert hazard is not None
    assert flight.rule.sees(hazard.ground or pytest.fail("no place"))
    for k in range(4, 40):
        assert flight.look(0.5 * k, pose(0.0, yaw=180.0), burning=False) == ()
        assert not flight.rule.sees(hazard.ground or pytest.fail("no place"))
    # Back again, and it still burns: the same one.
    (again,) = flight.look(25.0, pose(0.0))
    assert again.subject == hazard.subject


def test_what_is_looked_at_and_seen_no_more_is_over_after_a_while() -> None:
    flight = Flight((60.0, 0.0))
    for k in range(4):
        flight.look(0.5 * k, pose(0.0))
    told = [(0.5 * k, len(flight.look(0.5 * k, pose(0.0), burning=False))) for k in range(4, 14)]
    assert {count for at_s, count in told if at_s < 2.0 + SETTINGS.clear_after_s} == {1}
    assert {count for at_s, count in told if at_s >= 2.0 + SETTINGS.clear_after_s} == {0}


def test_from_far_away_a_place_is_not_looked_at() -> None:
    flight = Flight((60.0, 0.0))
    for k in range(4):
        (*_, hazard) = (None, *flight.look(0.5 * k, pose(20.0)))
    assert hazard is not None
    flight.look(3.0, pose(-60.0), burning=False)
    assert not flight.rule.sees(hazard.ground or pytest.fail("no place"))


def test_a_pose_that_comes_late_is_waited_for_and_not_for_ever() -> None:
    flight = Flight((60.0, 0.0))
    for k in range(4):
        now = pose(3.0 * k)
        old = Fix(replace(now, accuracy=Accuracy(20.0, 1.0, 20.0)), 1.0, settled=False)
        flight.fix = flight.late[0.5 * k] = old
        assert flight.rule.judge(flight.scene(0.5 * k, now)) == ()
        assert flight.rule.pending
    for k in range(4):
        flight.late[0.5 * k] = Fix(pose(3.0 * k), 0.1)
    (hazard,) = flight.look(2.0, pose(12.0))
    assert away_m(hazard, (60.0, 0.0)) < 1.0
    assert hazard.first_seen_s == 0.0

    never = Flight((60.0, 0.0))
    told = []
    for k in range(12):
        never.fix = Fix(replace(pose(0.0), accuracy=Accuracy(2.0, 1.0, 1.0)), 0.2, settled=False)
        told.append((0.5 * k, never.rule.judge(never.scene(0.5 * k, pose(0.0)))))
    first_s = next(at_s for at_s, hazards in told if hazards)
    assert PATIENCE_S < first_s <= PATIENCE_S + 2.0


def test_without_a_pose_it_is_told_without_a_place() -> None:
    flight = Flight((60.0, 0.0))
    for k in range(4):
        told = flight.look(0.5 * k, None)
    (hazard,) = told
    assert hazard.ground is None
    assert hazard.subject == 0
    over = [len(flight.look(1.5 + 0.5 * k, None, burning=False)) for k in range(1, 10)]
    assert over[0] == 1
    assert over[-1] == 0


def test_what_was_switched_off_is_forgotten() -> None:
    flight = Flight((60.0, 0.0))
    for k in range(4):
        flight.look(0.5 * k, pose(0.0))
    flight.rule.reset()
    assert flight.look(2.0, pose(0.0)) == ()
