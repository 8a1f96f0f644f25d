from __future__ import annotations

import cv2
import numpy as np
import pytest

from calibration.polygon import Polygon
from calibration.zones import Zone
from pipelines.activity import Activity
from pipelines.frame import Frame, from_bgr
from pipelines.hazards import Hazard
from pipelines.rules.fire import Fire, FireSettings
from pipelines.rules.glow import glow
from pipelines.rules.rigidity import rigidity
from pipelines.rules.smoke import Smoke, SmokeSettings
from tests.pipelines.builders import SHAPE, Given, a_scene, an_activity, some_detections

BOX = (100, 60, 160, 120)
FLAME, VEST, WALL = (90, 200, 250), (30, 110, 250), (120, 120, 120)


def a_picture(colour: tuple[int, int, int], time_s: float, *, shape: int = 0, shift: int = 0) -> Frame:
    """A wall with a patch of a colour on it; `shape` is the seed of its form, `shift` moves the whole picture."""
    picture = np.full((180, 320, 3), WALL, np.uint8)
    form = np.kron(np.random.default_rng(shape).random((6, 6)) > 0.3, np.ones((10, 10))).astype(bool)
    patch = picture[BOX[1] : BOX[3], BOX[0] : BOX[2]]
    patch[form] = colour
    return from_bgr(np.roll(picture, shift, axis=1), time_s=time_s)


def burn(
    rule: Fire,
    *,
    colour: tuple[int, int, int] = FLAME,
    moving: float = 0.3,
    score: float = 0.5,
    rigid: bool = False,
) -> list[int]:
    """How many hazards there are at each of ten looks."""
    counts = []
    for i in range(10):
        frame = a_picture(colour, i * 0.4, shape=0 if rigid else i, shift=2 * (i % 3) if rigid else 0)
        scene = a_scene(some_detections((*BOX, score, 0)), frame=frame, activity=an_activity(moving=moving))
        counts.append(len(rule.judge(scene)))
    return counts


@pytest.mark.parametrize(
    ("facts", "alarm_at"),
    [
        ({}, 3),  # the first look has nothing to compare with, then three are needed
        ({"score": 0.25}, 4),
        ({"score": 0.16}, 7),  # weak, but it keeps coming
        ({"score": 0.11}, None),  # weaker than 0.45 of the threshold
        ({"moving": 0.0}, None),  # a poster of a fire
        ({"colour": VEST, "score": 0.35}, None),  # an orange vest
        ({"colour": WALL, "score": 0.35}, None),
        ({"colour": (200, 200, 200), "score": 0.5}, 3),  # infrared has no colour: the model must be surer
        ({"rigid": True}, None),  # a lamp, seen by a camera that trembles
    ],
)
def test_fire(facts: dict[str, object], alarm_at: int | None) -> None:
    counts = burn(Fire(FireSettings()), **facts)  # type: ignore[arg-type]
    assert (counts.index(1) if 1 in counts else None) == alarm_at


@pytest.mark.parametrize(("corner", "found"), [(0.0, True), (0.5, False)])
def test_fire_in_a_zone_only(corner: float, found: bool) -> None:
    zone = Zone(
        "store", Polygon.of([[corner, corner], [corner + 0.5, corner], [corner + 0.5, corner + 0.5], [corner, 0.9]])
    )
    assert bool(burn(Fire(FireSettings(zone="store"), zone))[-1]) == found


def test_the_hazard_says_where_and_since_when() -> None:
    rule = Fire(FireSettings())
    hazard: tuple[Hazard, ...] = ()
    asked = []
    for i in range(4):
        activity, frame = an_activity(moving=0.3), a_picture(FLAME, 7 + i * 0.4, shape=i)
        scene = a_scene(some_detections((*BOX, 0.5, 0)), frame=frame, activity=activity)
        hazard = rule.judge(scene)
        asked.append(rule.pending)
    assert hazard[0].box == pytest.approx((100 / 320, 60 / 180, 160 / 320, 120 / 180))
    assert hazard[0].first_seen_s == pytest.approx(7.4)
    assert asked == [False, True, True, False]  # what is confirmed asks for nothing while it is seen
    rule.reset()
    assert not rule.judge(scene)


def waves(fineness: int, seed: int) -> np.ndarray:
    """A random change of the view whose details are about this many cells wide."""
    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.normal(0, 1, SHAPE).astype(np.float32), (0, 0), fineness / 2)
    return np.asarray(field / field.std() * 15).astype(np.int16)


def churning(fineness: int, i: int, share: float = 1.0) -> Activity:
    """All of the left `share` of the view changes, with details of this fineness."""
    step = waves(fineness, i)
    step[:, int(SHAPE[1] * share) :] = 0
    return Activity(
        luma=np.zeros(SHAPE, np.uint8),
        fast=np.abs(step).clip(0, 255).astype(np.uint8),
        moving=np.abs(step) > 7,
        regions=an_activity().regions,
        stirring=False,
        unsettled=False,
        derived=Given(step=step),
    )


@pytest.mark.parametrize(
    ("fineness", "share", "score", "seconds", "found"),
    [
        (6, 1.0, 0.6, 8, True),  # soft, all over, lasting
        (6, 1.0, 0.6, 4, False),  # not long enough
        (6, 1.0, 0.12, 8, False),  # the model is not sure
        (1, 1.0, 0.6, 8, False),  # fine detail: leaves, people, noise
        (6, 0.25, 0.6, 8, False),  # something moves in front of a grey wall
        (6, 0.0, 0.9, 20, False),  # the grey wall by itself
    ],
)
def test_smoke(fineness: int, share: float, score: float, seconds: float, found: bool) -> None:
    rule = Smoke(SmokeSettings())
    hazards: tuple[Hazard, ...] = ()
    for i in range(int(seconds / 0.4)):
        box = some_detections((10, 10, 310, 170, score, 1))
        hazards = rule.judge(a_scene(box, time_s=i * 0.4, activity=churning(fineness, i, share)))
    assert bool(hazards) == found


@pytest.mark.parametrize(
    ("colour", "least", "most"),
    [(FLAME, 0.5, 1), (VEST, 0, 0.01), (WALL, 0, 0), ((255, 255, 255), 0, 0), ((60, 60, 200), 0, 0.01)],
)
def test_glow(colour: tuple[int, int, int], least: float, most: float) -> None:
    share = glow(a_picture(colour, 0), np.array([105, 65, 155, 115], np.float32))
    assert least <= share <= most


def test_glow_of_next_to_nothing() -> None:
    assert glow(a_picture(FLAME, 0), np.array([318, 0, 330, 1], np.float32)) == 0.0


@pytest.mark.parametrize(
    ("box", "shift", "shape", "rigid"),
    [
        ((95, 55, 165, 125), 4, 0, True),  # the whole picture moved by four pixels
        ((0, 55, 165, 125), 12, 0, True),  # and the box begins at the edge, where what moved out is gone
        ((95, 55, 165, 125), 0, 5, False),  # it stayed where it was and changed its shape
        ((320, 180, 320, 180), 0, 0, True),  # nothing at all: no error, and nothing that changed
    ],
)
def test_rigidity(box: tuple[int, ...], shift: int, shape: int, rigid: bool) -> None:
    before, now = a_picture(FLAME, 0), a_picture(FLAME, 0.4, shape=shape, shift=shift)
    assert (rigidity(before, now, np.array(box, np.float32)) > 0.9) == rigid
