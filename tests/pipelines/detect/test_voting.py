"""Boxes that agree are heard: what is scored is what runs, and a thing seen by many is surer than one seen by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipelines.detect.decode import suppress
from pipelines.detect.voting import SHARE, vote
from pipelines.detections import Detections

IOU = 0.5


def boxes(*rows: tuple[float, float, float, float, float], class_id: int = 0) -> Detections:
    """x1, y1, x2, y2, score each."""
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(table[:, :4], table[:, 4], np.full(len(table), class_id, np.int64))


def crowd(seed: int, count: int) -> Detections:
    """Boxes about a few things, some far from any."""
    rng = np.random.default_rng(seed)
    centre = rng.choice([60.0, 160.0, 300.0], (count, 2)) + rng.normal(0, 12, (count, 2))
    half = rng.uniform(15, 45, (count, 2))
    xyxy = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
    return Detections(xyxy, rng.uniform(0.01, 0.95, count).astype(np.float32), rng.integers(0, 2, count))


def test_many_that_agree_are_surer_than_one_alone() -> None:
    near = [(10.0 + k, 10.0, 60.0 + k, 60.0, 0.5) for k in range(6)]
    told = vote(boxes(*near, (200, 200, 260, 260, 0.5)), IOU)
    assert len(told) == 2
    assert told.confidence[0] > 1.5 * told.confidence[1]
    assert told.xyxy[0, 0] > 10  # the others have pulled it


def test_edges_are_the_mean_of_those_that_agree() -> None:
    told = vote(boxes((10, 10, 50, 50, 0.64), (14, 10, 54, 50, 0.64)), IOU)
    np.testing.assert_allclose(told.xyxy, [[12, 10, 52, 50]], atol=1e-4)


def test_what_is_much_weaker_has_no_vote() -> None:
    strong = (10.0, 10.0, 50.0, 50.0, 0.8)
    alone = vote(boxes(strong), IOU)
    joined = vote(boxes(strong, (14, 10, 54, 50, 0.8 * SHARE * 0.9)), IOU)
    np.testing.assert_array_equal(joined.xyxy, alone.xyxy)
    np.testing.assert_array_equal(joined.confidence, alone.confidence)


def test_another_class_has_no_vote() -> None:
    both = Detections.concatenate([boxes((10, 10, 50, 50, 0.8)), boxes((14, 10, 54, 50, 0.7), class_id=1)])
    told = vote(both, IOU)
    np.testing.assert_array_equal(np.sort(told.xyxy, axis=0), np.sort(both.xyxy, axis=0))


@given(st.integers(0, 10**6), st.integers(1, 60))
def test_there_are_as_many_as_suppression_leaves_and_in_order(seed: int, count: int) -> None:
    found = crowd(seed, count)
    told = vote(found, IOU)
    assert len(told) == len(suppress(found, IOU))
    assert (np.diff(told.confidence) <= 0).all()
    assert ((told.confidence > 0) & (told.confidence < 1)).all()
    assert np.isfinite(told.xyxy).all()


@given(st.integers(0, 10**6), st.floats(0.05, 0.5))
@example(874, 0.5)  # sums of another length: the last digits differ
def test_weak_boxes_that_are_not_decoded_change_nothing_of_the_strong(seed: int, floor: float) -> None:
    """The scorer decodes down to hardly any confidence, the agent does not: a box of both has one score."""
    found = crowd(seed, 60)
    decoded = found.pick(found.confidence >= floor * SHARE)
    every, fewer = vote(found, IOU), vote(decoded, IOU)
    for xyxy, confidence in strong(suppress(found, IOU), floor):
        wanted = row_of(every, confidence, xyxy, found)
        assert row_of(fewer, confidence, xyxy, decoded) == pytest.approx(wanted, abs=1e-3)


def strong(kept: Detections, floor: float) -> list[tuple[NDArray[np.float32], float]]:
    return [(xyxy, float(c)) for xyxy, c in zip(kept.xyxy, kept.confidence, strict=True) if c >= floor]


def row_of(told: Detections, confidence: float, xyxy: NDArray[np.float32], found: Detections) -> tuple[float, ...]:
    """What became of the box that suppression keeps with this score."""
    order = np.argsort(-suppress(found, IOU).confidence, kind="stable")
    kept = suppress(found, IOU).pick(order)
    at = int(np.flatnonzero((kept.xyxy == xyxy).all(axis=1) & (kept.confidence == np.float32(confidence)))[0])
    # Winners stand in the order of what they came to: found again by their overlap with where they were.
    again = [i for i in range(len(told)) if told.class_id[i] == kept.class_id[at]]
    nearest = min(again, key=lambda i: float(np.abs(told.xyxy[i] - kept.xyxy[at]).sum()))
    return (float(told.confidence[nearest]), *told.xyxy[nearest].tolist())


@pytest.mark.parametrize("found", [boxes(), boxes((5, 5, 5, 5, 0.9))], ids=["nothing", "a box without an area"])
def test_nothing_to_vote_about(found: Detections) -> None:
    told = vote(found, IOU)
    np.testing.assert_array_equal(told.xyxy, found.xyxy)
