"""A film repeats without a jump, in bounded memory, in any order; the fluid stays finite and rises."""

from __future__ import annotations

import numpy as np
import pytest

from edge.sources.drill import fire, smoke
from edge.sources.drill.film import Cut, Film, Sheet
from edge.sources.drill.fluid import FOOT, Fluid, Gas

CUT = Cut(steps=1, onset=40, loop=64, blend=16)
FIRST_END_S = (40 + 64) / 16


@pytest.fixture(scope="module")
def film() -> Film:
    return Film(smoke.GAS, CUT, seed=3)


def change(film: Film, time_s: float) -> float:
    one, other = (film.at(t).astype(int) for t in (time_s, time_s + film.period_s))
    return float(np.abs(one - other).mean())


def test_repeats_without_a_jump(film: Film) -> None:
    usual = max(change(film, 3 + i / 16) for i in range(48))
    around = [change(film, FIRST_END_S + i / 16) for i in range(-3, 20)]
    assert max(around) < 1.3 * usual


def test_without_a_blend_it_would_jump(film: Film) -> None:
    usual = max(change(film, 3 + i / 16) for i in range(48))
    last, first = film.at(FIRST_END_S - 1 / 16).astype(int), film.at(40 / 16).astype(int)
    assert np.abs(last - first).mean() > 1.5 * usual  # so that the test above can fail


def test_the_loop_repeats(film: Film) -> None:
    once, twice = film.at(FIRST_END_S + 2), film.at(FIRST_END_S + 2 + 1000 * 64 / 16)
    assert np.array_equal(once, twice)


def test_any_order() -> None:
    forth, back = Film(fire.GAS, CUT, 5), Film(fire.GAS, CUT, 5)
    times = [i * forth.period_s for i in range(0, 30, 5)]
    played = [forth.at(t).copy() for t in times]
    assert all(np.array_equal(a, back.at(t)) for t, a in reversed(list(zip(times, played, strict=True))))


def test_sheets_wait_for_their_turn(film: Film) -> None:
    sheets = (Sheet(0.0, False, 0.0), Sheet(2.0, True, 0.1))
    early, alone = film.stack(1.0, sheets), film.stack(1.0, sheets[:1])
    assert np.array_equal(early, alone)
    late = film.stack(3.0, sheets)
    assert late.sum() > film.stack(3.0, sheets[:1]).sum()
    second = film.at(1.0)[:, ::-1].astype(np.float32) / 255
    move = round(0.1 * second.shape[1])
    np.testing.assert_allclose((late - film.stack(3.0, sheets[:1]))[:, move:], second[:, :-move], atol=1e-5)


@pytest.mark.parametrize("gas", [smoke.GAS, fire.GAS], ids=["smoke", "fire"])
def test_rises_from_its_foot(gas: Gas) -> None:
    fluid = Fluid(gas, seed=2)
    side = gas.cells * gas.detail
    highest = []
    for _ in range(3):
        for _ in range(round(0.7 / gas.step_s)):
            fluid.step()
        assert np.isfinite(fluid.matter).all()
        assert fluid.matter.max() <= 1
        highest.append(np.argwhere(fluid.matter > 0.1)[:, 0].min())
    assert highest[0] > highest[-1]
    assert fluid.matter[round((FOOT + 0.06) * side) :].max() < 0.1  # nothing below the ground
