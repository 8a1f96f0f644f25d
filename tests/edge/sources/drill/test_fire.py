"""A flame saturates the camera, has a flame's colour, and flickers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.edge.sources.drill.scenes import FIRE, changed, drill, flat

SIZE = (384, 288)


@pytest.mark.parametrize(("full_range", "white"), [(False, 235), (True, 255)])
def test_saturates(full_range: bool, white: int) -> None:
    y = drill(FIRE).render(flat(3.0, SIZE, full_range=full_range)).y
    assert y.max() >= white - 25
    if not full_range:
        assert y.max() <= 238


def test_has_the_colour_of_a_flame() -> None:
    frame = drill(FIRE).render(flat(3.0, SIZE))
    bright = frame.y[::2, ::2] > 150
    assert bright.sum() > 200
    assert np.median(frame.v[bright]) > 140  # red above
    assert np.median(frame.u[bright]) < 100  # and blue below grey
    blue, green, red = (frame.bgr()[..., i][::2, ::2][bright].astype(int) for i in range(3))
    assert np.mean((red >= green) & (green > blue)) > 0.9


def test_flickers() -> None:
    fire = drill(FIRE)
    areas = [changed(fire.render(flat(t, SIZE)), flat(t, SIZE)) for t in np.arange(4, 8, 0.08)]
    assert np.std(areas) > 0.03 * np.mean(areas)
    turns = np.diff(np.sign(np.diff(areas)))
    assert np.count_nonzero(turns) / 2 / 4 > 1.5  # times a second that it flares up


def test_stands_on_its_foot() -> None:
    below = flat(3.0, SIZE)
    y = drill({**FIRE, "at": (0.5, 0.7), "size": 0.4}).render(below).y.astype(int)
    burning = np.argwhere(y > 150)
    assert abs(burning[:, 1].mean() / SIZE[0] - 0.5) < 0.06
    assert burning[:, 0].max() / SIZE[1] == pytest.approx(0.7, abs=0.05)
    assert 0.1 < burning[:, 0].min() / SIZE[1] < 0.55


def test_glows_by_night_more_than_by_day() -> None:
    def glow(luma: int) -> float:
        below = flat(3.0, SIZE, luma)
        gain = drill({**FIRE, "size": 0.3}).render(below).y.astype(int) - below.y
        return float(gain[int(SIZE[1] * 0.5) :, int(SIZE[0] * 0.58) : int(SIZE[0] * 0.62)].mean())  # beside the flame

    night, day = glow(25), glow(140)
    assert night > 2 * day
    assert night > 1.5


def test_goes_out() -> None:
    fire = drill({**FIRE, "duration_s": 4})
    areas = [changed(fire.render(flat(t, SIZE)), flat(t, SIZE)) for t in (4.0, 5.6, 6.1)]
    assert areas[0] > areas[1] > areas[2] == 0
