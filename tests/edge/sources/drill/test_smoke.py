"""Smoke absorbs and scatters, is shaded from above, and is lit like the scene."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.sources.drill.canvas import Canvas
from tests.edge.sources.drill.scenes import SMOKE, changed, drill, flat

SIZE = (384, 288)


@pytest.mark.parametrize("full_range", [False, True])
def test_absorption(full_range: bool) -> None:
    # Over two flat plates the difference that is left is exp(−τ), whatever the colour of the smoke is.
    plates = [flat(12.0, SIZE, luma, full_range=full_range) for luma in (60, 180)]
    canvases = [Canvas(plate) for plate in plates]
    depth = np.tile(np.linspace(0, 4, SIZE[0], dtype=np.float32), (SIZE[1], 1))
    for canvas in canvases:
        window = canvas.window(0, 0, SIZE[0] - 1, SIZE[1] - 1)
        assert window is not None
        canvas.blend(window, 1 - np.exp(-depth), 140.0, 128.0, 128.0)
    dark, bright = (canvas.frame().y.astype(float) for canvas in canvases)
    assert np.abs((bright - dark) / 120 - np.exp(-depth)).max() < 1.01 / 120  # two roundings


@pytest.mark.parametrize("opacity", [0.3, 0.8])
def test_opacity_is_kept(opacity: float) -> None:
    # Stripes lose of their contrast what the smoke hides.
    below = flat(15.0, SIZE)
    below.y[:, ::2] += 60
    y = drill({**SMOKE, "opacity": opacity}).render(below).y.astype(np.float32)
    contrast = cv2.blur(np.abs(y[:, ::2] - y[:, 1::2]), (9, 9)) / 60
    assert 1 - contrast.max() < 0.02  # none at the side
    assert opacity - 0.15 < 1 - contrast.min() < min(1.0, opacity + 0.2)


def test_shade() -> None:
    below = flat(12.0, SIZE)
    black, white = (drill({**SMOKE, "shade": shade}).render(below).y for shade in (0.0, 1.0))
    assert (black.astype(int) - below.y).min() < -40
    assert (white.astype(int) - below.y).max() > 40


def test_takes_the_colour_out() -> None:
    below = flat(12.0, SIZE)
    smoke = drill({**SMOKE, "opacity": 0.95}).render(below)
    strength = np.abs(smoke.u.astype(int) - 128) + np.abs(smoke.v.astype(int) - 128)
    assert strength.max() <= 15  # 8 + 7 of the background
    assert strength.min() <= 3


def test_is_as_bright_as_the_scene() -> None:
    white = {**SMOKE, "shade": 1.0, "opacity": 0.95}
    night, day = (int(drill(white).render(flat(12.0, SIZE, luma)).y.max()) for luma in (30, 120))
    assert night < 150 < day


def test_stays_in_range() -> None:
    # Studio swing has no luma below 16 or above 235; the sensor's noise may stray by a few.
    for shade in (0.0, 1.0):
        y = drill({**SMOKE, "shade": shade, "opacity": 0.98}).render(flat(12.0, SIZE)).y
        assert y.min() >= 16
        assert y.max() <= 240


@pytest.mark.parametrize("wind", [-1.0, 1.0])
def test_leans_with_the_wind(wind: float) -> None:
    below = flat(12.0, SIZE)
    moved = np.abs(drill({**SMOKE, "wind": wind}).render(below).y.astype(int) - below.y)[: SIZE[1] // 2]
    centre = (moved.sum(axis=0) * np.arange(SIZE[0])).sum() / moved.sum() / SIZE[0]
    assert (centre - 0.5) * wind > 0.03


def test_clears_away() -> None:
    smoke = drill({**SMOKE, "duration_s": 8})
    areas = [changed(smoke.render(flat(t, SIZE)), flat(t, SIZE)) for t in (8.0, 10.0, 12.0, 13.0)]
    assert areas == sorted(areas, reverse=True)
    assert areas[-1] == 0
