"""The other loops' gates see what they must, and nothing in noise."""

from __future__ import annotations

import numpy as np
import pytest

from edge.bench.gates import LumaMotion, Mog2Gate, regions

RNG = np.random.default_rng(5)
STILL = np.kron(RNG.integers(60, 200, (18, 32)), np.ones((60, 60))).astype(np.float32)


def picture(x: int | None = None) -> np.ndarray:
    luma = STILL + RNG.normal(0, 3, STILL.shape)
    if x is not None:
        luma[500:700, x : x + 120] = 20
    return np.clip(luma, 0, 255).astype(np.uint8)


@pytest.fixture(params=[Mog2Gate, LumaMotion])
def look(request: pytest.FixtureRequest) -> object:
    gate = request.param()
    return gate.moves if isinstance(gate, Mog2Gate) else lambda luma: len(gate.boxes(luma)) > 0


def test_noise_is_nothing_and_a_person_is_something(look: object) -> None:
    assert callable(look)
    assert not any(look(picture()) for _ in range(40))
    assert all(look(picture(200 + 30 * step)) for step in range(20))


def test_where_it_moves() -> None:
    motion = LumaMotion()
    for _ in range(20):
        motion.boxes(picture())
    (box,) = motion.boxes(picture(900))
    assert box * [1920, 1080, 1920, 1080] == pytest.approx([900, 500, 1020, 700], abs=40)


def test_light_is_no_motion() -> None:
    motion = LumaMotion()
    for _ in range(20):
        motion.boxes(picture())
    assert not len(motion.boxes(255 - picture()))


def test_regions_are_squares_that_hold_what_moves() -> None:
    near, far, tall = [0.10, 0.10, 0.12, 0.15], [0.80, 0.70, 0.82, 0.76], [0.5, 0.1, 0.52, 0.9]
    beside = [0.13, 0.10, 0.15, 0.14]
    found = regions(np.array([near, far, tall, beside], np.float32), 1920, 1080, 320) * [1920, 1080, 1920, 1080]
    sides = found[:, 2:] - found[:, :2]
    assert sides[:, 0] == pytest.approx(sides[:, 1], abs=1)
    assert sorted(sides[:, 0]) == pytest.approx([320, 320, 0.8 * 1080 * 1.2], abs=1), "near ones share a region"
    assert found.min() >= 0
    assert (found[:, 2] <= 1921).all()
    for box in (near, far, tall, beside):
        x1, y1, x2, y2 = np.array(box) * [1920, 1080, 1920, 1080]
        held = (found[:, 0] <= x1 + 1) & (found[:, 1] <= y1 + 1) & (found[:, 2] >= x2 - 1) & (found[:, 3] >= y2 - 1)
        assert held.any()


def test_a_frame_smaller_than_the_model_is_one_region() -> None:
    (found,) = regions(np.array([[0.4, 0.4, 0.5, 0.5]], np.float32), 256, 144, 320)
    assert found == pytest.approx([0, 0, 1, 1])
