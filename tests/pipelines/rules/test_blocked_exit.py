"""Things put into real pictures open it; people who pass, other light and infrared do not.

The thresholds were chosen on other scenes and with other things than those here; see docs/hazards.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.polygon import Polygon
from calibration.zones import Zone
from pipelines.rules.blocked_exit import BlockedExit, BlockedExitSettings
from pipelines.scene import Scene
from tests.pipelines.rules.cutouts import DRAWN, Alpha, Picture, cut_out, drawn
from tests.pipelines.rules.scenery import infrared, play, put, read, scene_of, sensor

DOC = Path("/usr/share/doc/opencv-doc/examples/data")  # Debian's opencv-doc
PHOTOGRAPHED = {
    "apple.jpg": (0.05, 0.02, 0.95, 0.96),
    "orange.jpg": (0.03, 0.08, 0.93, 0.99),
    "box.png": (0.005, 0.005, 0.995, 0.995),
    "aloeL.jpg": (0.05, 0.02, 0.98, 0.98),
    "licenseplate_motion.jpg": (0.02, 0.02, 0.98, 0.98),
    "chicky_512.png": (0.1, 0.02, 0.95, 0.98),
}

ROAD = Polygon.of([[0.36, 0.36], [0.60, 0.34], [0.72, 0.52], [0.46, 0.56]])
FOOT = (0.55, 0.49)
FLOOR = Polygon.of([[0.05, 0.66], [0.42, 0.66], [0.42, 0.96], [0.02, 0.96]])
PUT_S, DWELL_S = 8.0, 8.0


def rule(zone: Polygon = ROAD, **settings: object) -> BlockedExit:
    given = {"zone": "exit", "dwell_s": DWELL_S, "person_dwell_s": 20, "reference_s": 4, "clear_after_s": 3, **settings}
    return BlockedExit(BlockedExitSettings.model_validate(given), Zone("exit", zone))


@pytest.fixture(scope="module")
def yard(root: Path) -> list[tuple[float, Picture]]:
    """25 s of people who walk over a yard, one look a second; nobody here tells the rule about them."""
    return read(root / "datasets/demo/yard.mp4", per_s=1, until_s=25)


@pytest.fixture(scope="module")
def room(shared: Path) -> list[tuple[float, Picture]]:
    """The empty room before the first visitor, played again and again."""
    empty = read(shared / "data/clips/room_visitors.mp4", per_s=5, until_s=1.0)
    return [(float(i), empty[i % len(empty)][1]) for i in range(25)]


def scenes(
    clip: list[tuple[float, Picture]], change: Callable[[Picture, float], NDArray[np.float32] | Picture]
) -> Iterator[Scene]:
    rng = np.random.default_rng(7)
    for time_s, picture in clip:
        yield scene_of(sensor(change(picture, time_s), rng), time_s)


def with_thing(
    thing: tuple[Picture, Alpha],
    share: float,
    zone: Polygon = ROAD,
    foot: tuple[float, float] = FOOT,
    until_s: float = np.inf,
) -> Callable[[Picture, float], Picture]:
    def change(picture: Picture, time_s: float) -> Picture:
        return put(picture, thing, foot, zone, share) if PUT_S <= time_s < until_s else picture

    return change


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_a_thing_left_in_the_yard_opens_it(yard: list[tuple[float, Picture]], name: str) -> None:
    alarms = play(rule(), scenes(yard, with_thing(drawn(name), share=0.06)))
    assert alarms
    first_s, hazard = alarms[0]
    assert PUT_S + DWELL_S <= first_s <= PUT_S + DWELL_S + 3
    assert hazard.first_seen_s == pytest.approx(PUT_S, abs=1.1)
    assert alarms[-1][0] == pytest.approx(yard[-1][0])
    x1, _, x2, y2 = hazard.box
    assert x1 < FOOT[0] < x2
    assert y2 == pytest.approx(FOOT[1], abs=0.05)


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_a_thing_left_in_the_room_opens_it(room: list[tuple[float, Picture]], name: str) -> None:
    alarms = play(rule(FLOOR), scenes(room, with_thing(drawn(name), 0.08, FLOOR, (0.25, 0.9))))
    assert alarms
    assert PUT_S + DWELL_S <= alarms[0][0] <= PUT_S + DWELL_S + 3


@pytest.mark.parametrize("name", sorted(PHOTOGRAPHED))
def test_a_real_thing_cut_out_of_a_photograph_opens_it(yard: list[tuple[float, Picture]], name: str) -> None:
    picture = cv2.imread(str(DOC / name)) if (DOC / name).is_file() else None
    if picture is None:
        pytest.skip("needs Debian's opencv-doc")
    thing = cut_out(np.asarray(picture, np.uint8), PHOTOGRAPHED[name])
    assert play(rule(), scenes(yard, with_thing(thing, 0.1)))


LIGHT: dict[str, Callable[[Picture, float], NDArray[np.float32] | Picture]] = {
    "no change": lambda picture, _: picture,
    "darker at once": lambda picture, t: picture.astype(np.float32) * (0.6 if t >= PUT_S else 1),
    "brighter at once": lambda picture, t: picture.astype(np.float32) * (1.4 if t >= PUT_S else 1),
    "darker by and by": lambda picture, t: picture.astype(np.float32) * np.interp(t, [6, 20], [1, 0.6]),
    "brighter by and by": lambda picture, t: picture.astype(np.float32) * np.interp(t, [6, 20], [1, 1.4]),
    "a lamp goes on": lambda picture, t: picture * 0.8 + (25 if t >= PUT_S else 0),
    "a cloud's soft shadow": lambda picture, t: _shaded(picture, t),
    "infrared": lambda picture, t: infrared(picture) if t >= PUT_S else picture,
    "infrared and back": lambda picture, t: infrared(picture) if PUT_S <= t < 16 else picture,
}


def _shaded(picture: Picture, time_s: float) -> NDArray[np.float32]:
    across = np.linspace(0, 1, picture.shape[1], dtype=np.float32)
    edge = np.interp(time_s, [5, 20], [-0.2, 1.2])
    return picture * (1 - 0.4 / (1 + np.exp((across - edge) / 0.05)))[None, :, None]


@pytest.mark.parametrize("light", sorted(LIGHT))
def test_other_light_does_not_open_it(yard: list[tuple[float, Picture]], light: str) -> None:
    assert not play(rule(), scenes(yard, LIGHT[light]))


@pytest.mark.parametrize("light", sorted(LIGHT))
def test_other_light_in_the_room_does_not_open_it(room: list[tuple[float, Picture]], light: str) -> None:
    assert not play(rule(FLOOR), scenes(room, LIGHT[light]))


@pytest.mark.parametrize("light", ["darker at once", "brighter by and by", "infrared", "infrared and back"])
def test_other_light_does_not_hide_what_stands_there(room: list[tuple[float, Picture]], light: str) -> None:
    stands = with_thing(drawn("drum"), 0.1, FLOOR, (0.25, 0.9))

    def change(picture: Picture, time_s: float) -> NDArray[np.float32] | Picture:
        # The thing comes before the light changes (4 s here, 8 s there), and stays.
        return LIGHT[light](stands(picture, time_s + 4), time_s)

    alarms = play(rule(FLOOR, reference_s=2), scenes(room, change))
    assert alarms[0][0] <= 4 + DWELL_S + 8
    assert alarms[-1][0] == 24.0


def test_a_thing_put_there_at_night_opens_it(room: list[tuple[float, Picture]]) -> None:
    stands = with_thing(drawn("crate"), 0.1, FLOOR, (0.25, 0.9))
    night = scenes(room, lambda picture, t: infrared(stands(picture, t - 3)) if t >= 5 else picture)
    alarms = play(rule(FLOOR, reference_s=3), night)
    assert alarms
    assert alarms[0][0] >= 11 + DWELL_S


@pytest.mark.parametrize("zone", [
    [[0.30, 0.28], [0.62, 0.26], [0.75, 0.55], [0.42, 0.60]],
    [[0.60, 0.25], [0.92, 0.20], [0.98, 0.50], [0.70, 0.50]],
    [[0.05, 0.32], [0.45, 0.34], [0.42, 0.50], [0.02, 0.46]],
])  # fmt: skip
@pytest.mark.parametrize("per_s", [1, 3])
def test_people_who_pass_do_not_open_it_though_no_detector_sees_them(
    root: Path, zone: list[list[float]], per_s: int
) -> None:
    looks = read(root / "datasets/demo/yard.mp4", per_s=per_s, until_s=25)
    rng = np.random.default_rng(1)
    assert not play(rule(Polygon.of(zone), dwell_s=15), [scene_of(sensor(p, rng), t) for t, p in looks])


def test_it_clears_when_the_thing_is_taken_away(room: list[tuple[float, Picture]]) -> None:
    longer = [*room, *((t + 25, picture) for t, picture in room)]
    exit_ = rule(FLOOR)
    alarms = play(exit_, scenes(longer, with_thing(drawn("sack"), 0.1, FLOOR, (0.25, 0.9), until_s=26.0)))
    assert 26.0 <= alarms[-1][0] <= 36.0
    assert not exit_.pending


PERSON = (0.18, 0.35, 0.28, 0.9)


def test_a_person_who_stands_there_opens_it_later_than_a_thing(room: list[tuple[float, Picture]]) -> None:
    longer = [*room, *((t + 25, picture) for t, picture in room)]
    mannequin = with_thing(drawn("chair"), 0.12, FLOOR, (0.23, 0.9))
    looks = [scene_of(mannequin(picture, t), t, *((PERSON,) if t >= PUT_S else ())) for t, picture in longer]
    alarms = play(rule(FLOOR, person_dwell_s=20), looks)
    assert PUT_S + 20 <= alarms[0][0] <= PUT_S + 23


def test_a_person_who_moves_about_does_not(room: list[tuple[float, Picture]]) -> None:
    looks = []
    for i, (_, picture) in enumerate(room * 2):
        away = 0.08 * (i // 3 % 3)
        looks.append(scene_of(picture, float(i), (0.1 + away, 0.35, 0.2 + away, 0.9)))
    assert not play(rule(FLOOR, person_dwell_s=10), looks)


CAR = (0.1, 0.5, 0.4, 0.95)


def test_a_vehicle_that_stood_there_from_the_start_is_found_by_the_detector(room: list[tuple[float, Picture]]) -> None:
    parked = [scene_of(picture, t, CAR, kind="vehicle") for t, picture in room]
    alarms = play(rule(FLOOR), parked)
    assert alarms[0][0] == pytest.approx(DWELL_S)
    assert alarms[0][1].score == pytest.approx(0.8)


def test_a_vehicle_seen_where_the_clear_zone_looks_the_same_is_a_mistake(room: list[tuple[float, Picture]]) -> None:
    looks = [scene_of(picture, t, *((CAR,) if t >= PUT_S else ()), kind="vehicle") for t, picture in room]
    assert not play(rule(FLOOR), looks)


def test_it_asks_for_looks_while_it_learns_and_decides(room: list[tuple[float, Picture]]) -> None:
    exit_ = rule(FLOOR)
    stands = with_thing(drawn("crate"), 0.1, FLOOR, (0.25, 0.9))
    asked = {}
    for scene in scenes(room, stands):
        exit_.judge(scene)
        asked[scene.time_s] = exit_.pending
    assert asked[2.0]  # learning
    assert not asked[7.0]  # known and clear
    assert asked[12.0]  # something is there
    assert not asked[22.0]  # the alarm stands


def test_what_the_clear_zone_looks_like_outlasts_a_reset(room: list[tuple[float, Picture]]) -> None:
    exit_ = rule(FLOOR)
    play(exit_, scenes(room[:8], lambda picture, _: picture))
    exit_.reset()
    stands = with_thing(drawn("crate"), 0.1, FLOOR, (0.25, 0.9))
    assert play(exit_, scenes(room[8:], stands))


@pytest.mark.parametrize("name", ["drum", "mattress", "pallet", "sack"])
def test_what_stood_there_from_the_start_and_leaves_is_not_missed(room: list[tuple[float, Picture]], name: str) -> None:
    # Nobody knew that it did not belong there; when it goes, the zone is clearer, not blocked.
    stood = with_thing(drawn(name), 0.1, FLOOR, (0.25, 0.9), until_s=18.0)
    looks = list(scenes(room, lambda picture, t: stood(picture, t + PUT_S)))
    exit_ = rule(FLOOR)
    assert not play(exit_, looks)
    # And from then on that place is watched like any other.
    later = scenes([(t + 25, picture) for t, picture in room], with_thing(drawn("chair"), 0.1, FLOOR, (0.25, 0.9)))
    assert play(exit_, later)
