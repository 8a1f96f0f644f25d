from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.retraining.releasing.int8 import Network
from pipelines.retraining.releasing.ranges import Spread, collect_spreads
from tests.pipelines.retraining import squares


def spread(*parts: np.ndarray) -> Spread:
    found = Spread.empty()
    for part in parts:
        found.add(part.astype(np.float32))
    return found


@given(st.lists(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=20), min_size=1, max_size=6))
def test_every_value_is_counted_once_whatever_the_order_of_sizes(parts: list[list[float]]) -> None:
    found = spread(*(np.array(part) for part in parts))
    values = np.concatenate(parts)
    assert found.counts.sum() == len(values)
    assert (found.lowest, found.highest) == (values.min(), values.max())
    assert found.range(100) == (min(values.min(), 0), max(values.max(), 0))


@pytest.mark.parametrize("percentile", [98.0, 99.0])
def test_a_percentile_is_numpys_to_a_bin(percentile: float) -> None:
    chance = np.random.default_rng(0)
    values = chance.normal(0, 1, 50_000)
    low, high = spread(*np.split(values, 10)).range(percentile)
    cut = (100 - percentile) / 2
    # The reach is 8 at most: a bin is 16 / 2048 wide.
    assert low == pytest.approx(np.percentile(values, cut), abs=0.02)
    assert high == pytest.approx(np.percentile(values, 100 - cut), abs=0.02)


def test_a_stray_value_is_cut_off() -> None:
    values = np.append(np.linspace(0, 1, 100_000), 500.0)
    low, high = spread(values).range(99.99)
    assert low == 0
    assert 0.9 < high < 2.1


def test_zero_is_always_inside() -> None:
    assert spread(np.array([3.0, 4.0])).range(100) == (0.0, 4.0)
    assert spread(np.array([-3.0, -4.0])).range(99.9)[1] == 0.0


def test_each_float_tensor_of_the_network_is_seen() -> None:
    model = Network(squares.weights()).prepared
    grey = np.full((1, 3, 64, 64), 0.5, np.float32)
    red = np.zeros_like(grey)
    red[:, 0] = 1
    found = collect_spreads(model, [grey, red])
    made = {name for node in model.graph.node for name in node.output}
    assert made <= set(found)
    assert "images" in found
    assert found["a"].highest == pytest.approx(1.0)
    assert found["a"].lowest == pytest.approx(-1.0)
    assert (found["scores"].lowest >= 0, found["scores"].highest <= 1) == (True, True)
    assert len(onnx.load_model_from_string(squares.weights()).graph.output) == 1
