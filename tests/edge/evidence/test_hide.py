"""Who is hidden is not to be recognised; who is the hazard is, and nobody's picture is changed in place."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.evidence.hide import CELLS, hide
from pipelines.frame import Frame, from_bgr
from pipelines.hazards import Box

LEFT, RIGHT = (0.1, 0.2, 0.3, 0.9), (0.6, 0.2, 0.8, 0.9)


def noise(width: int = 320, height: int = 240) -> Frame:
    return from_bgr(np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8))


def people(*boxes: Box) -> NDArray[np.float32]:
    return np.array(boxes, np.float32).reshape(-1, 4)


def part(frame: Frame, box: Box) -> NDArray[np.uint8]:
    x1, y1, x2, y2 = (round(side * size) for side, size in zip(box, (frame.width, frame.height) * 2, strict=True))
    return frame.y[y1:y2, x1:x2]


def values(frame: Frame, box: Box) -> int:
    """How many different rows and columns there are: of a mosaic, few."""
    found = part(frame, box)
    return int(np.unique(found, axis=0).shape[0] * np.unique(found, axis=1).shape[1])


def test_everybody_is_shown_in_few_squares() -> None:
    frame = noise()
    before = frame.y.copy()
    hidden = hide(frame, people(LEFT, RIGHT), None)
    for box in (LEFT, RIGHT):
        assert np.unique(part(hidden, box), axis=1).shape[1] <= CELLS
        assert values(hidden, box) < 200 < values(frame, box)
    assert np.array_equal(part(hidden, (0.35, 0.0, 0.55, 1.0)), part(frame, (0.35, 0.0, 0.55, 1.0)))
    assert np.array_equal(frame.y, before)
    assert (hidden.u != frame.u).any()
    assert (hidden.time_s, hidden.source) == (frame.time_s, frame.source)


def test_the_hazard_is_shown_as_it_is() -> None:
    frame = noise()
    hidden = hide(frame, people(LEFT, RIGHT), LEFT)
    assert np.array_equal(part(hidden, LEFT), part(frame, LEFT))
    assert values(hidden, RIGHT) < 200
    # Who stands in a large hazard belongs to it; who stands beside it and touches it does not, and hides none of it.
    whole = hide(frame, people(LEFT), (0.0, 0.0, 0.5, 1.0))
    assert whole is frame
    beside = hide(frame, people((0.25, 0.2, 0.6, 0.9)), LEFT)
    assert np.array_equal(part(beside, LEFT), part(frame, LEFT))
    assert values(beside, (0.4, 0.3, 0.6, 0.9)) < 200


@pytest.mark.parametrize(
    "box",
    [
        (-0.2, -0.1, 0.1, 0.2),
        (0.95, 0.9, 1.3, 1.4),
        (0.5, 0.5, 0.501, 0.501),
        (0.5, 0.5, 0.5, 0.5),
        (1.2, 1.2, 1.4, 1.4),
    ],
)
def test_boxes_at_the_edge_and_of_a_pixel(box: Box) -> None:
    frame = noise(321, 241)
    hidden = hide(frame, people(box), None)
    assert hidden.y.shape == frame.y.shape


def test_where_there_is_nobody_nothing_is_copied() -> None:
    frame = noise()
    assert hide(frame, people(), None) is frame
