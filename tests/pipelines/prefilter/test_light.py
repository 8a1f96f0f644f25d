from __future__ import annotations

import numpy as np
import pytest

from pipelines.prefilter.light import relit


def a_view() -> np.ndarray:
    rng = np.random.default_rng(3)
    coarse = np.kron(rng.integers(40, 160, (9, 16)), np.ones((10, 10)))
    return np.clip(coarse + rng.normal(0, 4, coarse.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (0.4, 0.0), (1.5, 0.0), (1.0, -25.0), (0.7, 20.0)])
def test_a_view_is_known_again_under_another_light(gain: float, offset: float) -> None:
    view = a_view()
    now = np.clip(view * gain + offset, 0, 255).astype(np.uint8)
    assert np.abs(relit(view, now).astype(int) - now).mean() < 1.0


def test_what_has_changed_besides_stands_out_in_full() -> None:
    view = a_view()
    now = np.clip(view * 0.6, 0, 255).astype(np.uint8)
    now[20:60, 30:90] = 200  # a sixth of the picture
    apart = np.abs(relit(view, now).astype(int) - now)
    assert apart[20:60, 30:90].min() > 60
    apart[20:60, 30:90] = 0
    assert apart.max() < 8


def test_a_blank_wall_has_no_gain_to_read_off() -> None:
    wall = np.full((90, 160), 100, np.uint8)
    assert (relit(wall, wall + 30) == 130).all()


def test_white_can_not_become_whiter() -> None:
    view = a_view()
    view[:5] = 250
    now = np.clip(view * 1.5, 0, 255).astype(np.uint8)
    assert (relit(view, now)[:5] == 255).all()
