from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from pipelines.activity import Activity
from pipelines.frame import Frame, from_bgr
from pipelines.prefilter import Prefilter
from tests.pipelines.builders import a_frame

SIZE = (320, 180)


@cache
def a_yard() -> np.ndarray:
    """A textured scene: blocks of different grey with fine structure."""
    rng = np.random.default_rng(1)
    coarse = np.kron(rng.integers(60, 180, (9, 16)), np.ones((20, 20)))
    scene = (coarse + rng.normal(0, 6, SIZE[::-1])).astype(np.float32)
    scene.flags.writeable = False
    return scene


@cache
def some_noise(i: int) -> np.ndarray:
    return np.random.default_rng(i).normal(0, 1, SIZE[::-1]).astype(np.float32)


def seen(picture: np.ndarray, time_s: float, noise: float = 1.5) -> Frame:
    noisy = picture + noise * some_noise(round(time_s * 5) % 64)
    return a_frame(np.clip(noisy, 0, 255).astype(np.uint8), time_s=time_s)


def settled(noise: float = 1.5, seconds: float = 10.0) -> Prefilter:
    prefilter = Prefilter()
    for i in range(int(seconds * 5)):
        prefilter.look(seen(a_yard(), i / 5, noise))
    return prefilter


def covers(activity: Activity, x: float, y: float) -> bool:
    return any(x1 <= x <= x2 and y1 <= y <= y2 for x1, y1, x2, y2 in activity.regions.xyxy)


@pytest.mark.parametrize("noise", [0.5, 2.0, 8.0, 16.0])  # from a sunny day to a dark night
def test_noise_is_not_a_region(noise: float) -> None:
    prefilter = settled(noise, 20)
    looks = [prefilter.look(seen(a_yard(), 20 + i / 5, noise)) for i in range(50)]
    assert sum(len(look.regions) > 0 for look in looks) <= 2


def test_keyframes_which_an_encoder_draws_anew_are_no_regions() -> None:
    """Between them it hides the noise; what is known of the one kind of picture does not hold for the other."""
    prefilter, flagged = settled(0.5), 0
    for turn in range(3):
        began_s = 10 + 40 * turn
        keyframes = [prefilter.look(seen(a_yard(), began_s + 2 * i, 6.0)) for i in range(1, 16)]
        flagged += sum(len(look.regions) > 0 for look in keyframes)
        for i in range(40):  # awake for a while
            prefilter.look(seen(a_yard(), began_s + 31 + i / 5, 0.5))
    assert flagged <= 1


def test_something_that_moves_is_a_region_where_it_is() -> None:
    prefilter = settled()
    hits = 0
    for i in range(20):
        picture, x = a_yard().copy(), 20 + 13 * i
        picture[75:105, x : x + 13] = 20
        look = prefilter.look(seen(picture, 10 + i / 5))
        hits += covers(look, (x + 6) / 320, 0.5)
    assert hits == 20


@pytest.mark.parametrize(
    ("forming_s", "opacity"), [(5, 0.8), (60, 0.3), (180, 0.8), (180, 0.3)]
)  # a plume that forms slowly must not be absorbed on the way
def test_a_plume_is_flagged_however_slowly_it_forms(forming_s: int, opacity: float) -> None:
    prefilter = settled()
    y, x = np.mgrid[0:180, 0:320]
    plume = np.exp(-(((x - 160) / 45) ** 2 + ((y - 80) / 55) ** 2))
    first = None
    for i in range(forming_s * 5 + 25):
        share = min(1.0, i / (forming_s * 5)) * opacity
        look = prefilter.look(seen(a_yard() * (1 - share * plume) + 190 * share * plume, 10 + i / 5))
        if first is None and covers(look, 0.5, 80 / 180):
            first = i / 5
    assert first is not None
    assert first <= forming_s * 0.7
    assert covers(look, 0.5, 80 / 180)  # and stays flagged once it has formed


@pytest.mark.parametrize("noise", [0.5, 1.5, 3.0])
def test_thin_smoke_that_no_single_cell_shows_is_seen_over_many(noise: float) -> None:
    prefilter, hits = settled(noise), []
    for i in range(60 * 5):
        picture = a_yard().copy()
        picture[60:120, 120:200] += min(i / 5, 30.0) / 30 * 7  # levels, over half a minute
        look = prefilter.look(seen(picture, 10 + i / 5, noise))
        hits.append(covers(look, 0.5, 0.5))
    assert hits.index(True) / 5 < 30
    assert sum(hits) > 10 * 5, "until it counts as part of a view so young"


@pytest.mark.parametrize("gain", [0.5, 0.7, 1.4])
def test_a_light_that_is_switched_is_not_a_hazard_for_long(gain: float) -> None:
    prefilter = settled()
    looks = [prefilter.look(seen(a_yard() * gain, 10 + i / 5)) for i in range(50)]
    assert looks[0].unsettled  # the whole view is to be looked at
    assert not looks[-1].unsettled
    assert all(len(look.regions) == 0 for look in looks[20:])


def test_a_plume_stays_flagged_when_the_light_is_switched() -> None:
    prefilter = settled()
    y, x = np.mgrid[0:180, 0:320]
    plume = 0.5 * np.exp(-(((x - 160) / 40) ** 2 + ((y - 80) / 40) ** 2))
    smoky = a_yard() * (1 - plume) + 190 * plume
    before = [prefilter.look(seen(smoky, 10 + i / 5)) for i in range(25)]
    after = [prefilter.look(seen(smoky * 0.6, 15 + i / 5)) for i in range(25)]
    assert covers(before[-1], 0.5, 80 / 180)
    assert after[0].unsettled  # once more in full
    assert not any(look.unsettled for look in after[1:])
    assert all(covers(look, 0.5, 80 / 180) for look in after[5:])
    assert not any(covers(look, 0.1, 0.9) for look in after[5:])


def test_an_iris_that_closes_on_something_white_does_not_flag_the_whole_view() -> None:
    prefilter = settled()
    looks = []
    for i in range(20):
        picture = a_yard() * (1 - 0.02 * min(i, 12))
        picture[60:110, 120:190] = 240
        looks.append(prefilter.look(seen(picture, 10 + i / 5)))
    assert all(covers(look, 155 / 320, 85 / 180) for look in looks)
    areas = [float(((b := look.regions.xyxy)[:, 2] - b[:, 0]) @ (b[:, 3] - b[:, 1])) for look in looks]
    assert max(areas) < 0.35


def test_a_car_that_stood_there_when_the_view_began_is_forgotten_soon() -> None:
    prefilter = Prefilter()
    looks = []
    for i in range(150):
        picture = a_yard().copy()
        if i < 20:
            picture[60:140, 100:200] = 230
        looks.append(prefilter.look(seen(picture, i / 5)))
    assert any(len(look.regions) for look in looks[20:60])
    assert not any(len(look.regions) for look in looks[75:])


def test_daylight_that_changes_slowly_is_not_a_region() -> None:
    prefilter = settled()
    looks = [prefilter.look(seen(a_yard() + i / 25, 10 + i / 5)) for i in range(500)]  # 20 levels in 100 s
    assert sum(len(look.regions) > 0 for look in looks) <= 25


def test_flame_colour() -> None:
    frame = seen(a_yard(), 0.0)
    u, v = frame.u.copy(), frame.v.copy()
    y = frame.y.copy()
    y[50:70, 150:170], u[25:35, 75:85], v[25:35, 75:85] = 220, 60, 180
    flame = Prefilter().look(Frame("gate", 0, 0, frame.clock, 0, y, u, v)).flame
    assert flame[25:35, 75:85].all()
    assert flame.sum() == 100


@pytest.mark.parametrize("size", [(176, 144), (177, 145), (406, 720), (3840, 2160)])
def test_any_size(size: tuple[int, int]) -> None:
    prefilter = Prefilter()
    for i in range(3):
        look = prefilter.look(a_frame(100, size=size, time_s=i / 5))
    assert look.luma.shape == (90, 160)
    assert (look.luma == 100).all()
    assert len(look.regions) == 0


def test_a_stream_that_changes_its_size_starts_afresh() -> None:
    prefilter = settled()
    assert prefilter.look(a_frame(200, size=(176, 144), time_s=11)).unsettled


def test_what_is_handed_out_is_not_overwritten() -> None:
    prefilter = settled()
    first = prefilter.look(seen(a_yard(), 10.0))
    before = first.luma.copy(), first.fast.copy(), first.slow.copy()
    prefilter.look(seen(255 - a_yard(), 10.2))
    assert all((a == b).all() for a, b in zip(before, (first.luma, first.fast, first.slow), strict=True))


def test_what_has_come_to_stay_is_a_region_and_does_not_stir() -> None:
    rng = np.random.default_rng(1)
    ground = np.kron(rng.integers(80, 140, (9, 16)), np.ones((40, 40))).astype(np.uint8)
    prefilter = Prefilter()
    looks = []
    for number in range(100):
        picture = np.repeat(ground[..., None], 3, axis=2).copy()
        if number >= 40:
            left = min(100 + 20 * (number - 40), 300)  # comes in for two seconds, then stands
            picture[100:200, left : left + 80] = 230
        looks.append(prefilter.look(from_bgr(picture, time_s=number * 0.2)))
    assert not any(look.stirring for look in looks[15:40])
    assert all(look.stirring for look in looks[40:50])
    assert not any(look.stirring for look in looks[55:])
    assert all(len(look.regions) for look in looks[55:])
