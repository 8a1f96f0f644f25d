"""One lamp does not fill the disk."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.harvest import Why
from pipelines.harvest.memory import DAY_S, MOST_A_PLACE, SAME_BITS, Memory, looks_like
from tests.pipelines.builders import a_frame

HERE, THERE = (0.1, 0.1, 0.2, 0.3), (0.7, 0.6, 0.8, 0.9)
PLAIN = "0" * 16
OTHER = f"{(1 << SAME_BITS) - 1:016x}"
U = Why.UNCERTAIN


@pytest.mark.parametrize(
    ("why", "passed_s", "rested"),
    [
        (U, 59.0, False), (U, 60.0, True), (Why.UNSTIRRED, 0.0, True),
        (U, -3600.0, True),  # the camera's clock was set back
        (U, -1.0, False),
    ],
)  # fmt: skip
def test_one_a_kind_every_so_often(why: Why, passed_s: float, rested: bool) -> None:
    memory = Memory(60.0)
    memory.add(U, 1000.0, HERE, PLAIN)
    assert memory.rested(why, 1000.0 + passed_s) is rested


@pytest.mark.parametrize(
    ("why", "passed_s", "spot", "looks", "fresh"),
    [
        pytest.param(U, 600.0, HERE, PLAIN, False, id="the same"),
        pytest.param(U, 600.0, HERE, OTHER, True, id="looks different"),
        pytest.param(U, 600.0, HERE, f"{1:016x}", False, id="looks nearly the same"),
        pytest.param(U, 600.0, (0.12, 0.12, 0.25, 0.3), PLAIN, False, id="swayed"),
        pytest.param(U, 600.0, THERE, PLAIN, True, id="elsewhere"),
        pytest.param(Why.UNEXPLAINED, 600.0, HERE, PLAIN, True, id="for another reason"),
        pytest.param(U, DAY_S, HERE, PLAIN, True, id="the next day"),
    ],
)
def test_the_same_thing_once_a_day(why: Why, passed_s: float, spot: object, looks: str, fresh: bool) -> None:
    memory = Memory(60.0)
    memory.add(U, 1000.0, HERE, PLAIN)
    assert memory.fresh(why, 1000.0 + passed_s, spot, looks) is fresh  # type: ignore[arg-type]


def test_a_lamp_that_always_looks_different_gives_only_so_many_pictures() -> None:
    memory, rng, kept = Memory(0.0), np.random.default_rng(1), 0
    for minute in range(1440):
        looks = rng.bytes(8).hex()
        if memory.fresh(U, 60.0 * minute, HERE, looks):
            memory.add(U, 60.0 * minute, HERE, looks)
            kept += 1
    assert kept == MOST_A_PLACE


def test_how_a_spot_looks() -> None:
    rng = np.random.default_rng(3)
    view = rng.integers(40, 200, (180, 320)).astype(np.uint8)
    coarse = np.kron(rng.integers(40, 200, (12, 20)), np.ones((15, 16))).astype(np.uint8)
    noisy = np.clip(coarse + rng.normal(0, 3, coarse.shape), 0, 255).astype(np.uint8)

    def bits(a: np.ndarray, b: np.ndarray) -> int:
        one, other = (looks_like(a_frame(v), (0.2, 0.2, 0.7, 0.8)) for v in (a, b))
        return (int(one, 16) ^ int(other, 16)).bit_count()

    assert bits(coarse, coarse) == 0
    assert bits(coarse, noisy) < SAME_BITS  # the sensor's noise
    assert bits(coarse, (coarse * 0.8).astype(np.uint8)) < SAME_BITS  # dusk
    assert bits(coarse, view) >= SAME_BITS


@pytest.mark.parametrize(
    "spot", [(0.0, 0.0, 0.0, 0.0), (1.0, 1.0, 1.0, 1.0), (0.0, 0.0, 1.0, 1.0), (0.5, 0.5, 0.501, 0.501)]
)
def test_any_spot_has_looks(spot: tuple[float, float, float, float]) -> None:
    assert len(looks_like(a_frame(size=(33, 17)), spot)) == 16
