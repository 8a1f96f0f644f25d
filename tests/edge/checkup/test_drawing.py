from __future__ import annotations

import numpy as np
import pytest

from edge.checkup import draw_zones
from edge.config import SourceSettings
from pipelines.frame import from_bgr

GREY = from_bgr(np.full((480, 640, 3), 128, np.uint8))
SQUARE: list[list[float]] = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]


def source(*zones: str, polygon: list[list[float]] = SQUARE) -> SourceSettings:
    return SourceSettings.model_validate(
        {
            "name": "hall",
            "url": "/x.mp4",
            "rules": [{"rule": "fire"}],
            "zones": [{"name": zone, "polygon": polygon} for zone in zones],
        }
    )


def test_a_zone_is_shaded_inside_and_not_outside() -> None:
    drawn, bare = draw_zones(GREY, source("door")), draw_zones(GREY, source())
    changed = np.abs(drawn.astype(int) - bare).max(axis=2) > 10
    assert changed[130:200, 180:460].all()  # inside, off the labels
    assert not changed[:100].any()
    assert not changed[420:].any()


def test_zones_have_colours_of_their_own() -> None:
    one = draw_zones(GREY, source("a"))
    both = draw_zones(GREY, source("a", "a"))
    assert (one[150, 200] != both[150, 200]).any()


@pytest.mark.parametrize("name", ["疏散门", "door"])
def test_names_are_written(name: str) -> None:
    named, other = draw_zones(GREY, source(name)), draw_zones(GREY, source("?" * len(name)))
    assert (named != other).any()  # Chinese is not replaced by question marks


def test_a_zone_may_fill_the_picture() -> None:
    whole = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
    drawn = draw_zones(GREY, source("x", polygon=whole))
    edge = np.concatenate([drawn[100:380, 0], drawn[100:380, -1], drawn[-1, 100:540]])
    assert (edge != 128).any(axis=1).all()  # the outline is inside the picture on every side
