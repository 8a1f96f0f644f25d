"""Flames that the model does not see are believed where it sees smoke, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.polygon import Polygon
from calibration.zones import Zone
from pipelines.activity import Activity
from pipelines.rules.fire import Fire, FireSettings
from pipelines.rules.flames import flame_boxes
from pipelines.scene import Scene
from tests.pipelines.builders import SHAPE, a_scene, an_activity, some_detections, with_flame
from tests.pipelines.rules.test_fire_and_smoke import BOX, FLAME, VEST, WALL, a_picture, churning

HERE = (40, 10, 200, 120, 0.4, 1)  # smoke over the flames
ELSEWHERE = (230, 10, 315, 60, 0.4, 1)
# The cells of the small picture on which a_picture's patch lies.
CELLS = (slice(30, 60), slice(50, 80))


def playing(activity: Activity, share: float, seed: int) -> Activity:
    """The patch is of a flame's colour, and this share of it changes."""
    flame, moving = np.zeros(SHAPE, bool), activity.moving.copy()
    flame[CELLS] = True
    moving[CELLS] = np.random.default_rng(seed).random(moving[CELLS].shape) < share
    return with_flame(activity, flame, moving)


def look(
    i: int, smoke: tuple[float, ...] | None, *, colour: tuple[int, int, int] = FLAME, share: float = 0.4, fine: int = 6,
    rigid: bool = False, meanings: tuple[str, ...] = ("fire", "smoke"),
) -> Scene:  # fmt: skip
    """The `i`th look, 0.4 s after the one before."""
    frame = a_picture(colour, i * 0.4, shape=0 if rigid else i, shift=2 * (i % 3) if rigid else 0)
    found = some_detections() if smoke is None else some_detections(smoke)  # type: ignore[arg-type]
    return a_scene(found, frame=frame, activity=playing(churning(fine, i), share, i), meanings=meanings)


def opened(rule: Fire, looks: list[Scene]) -> int | None:
    """The number of the look at which there is fire for the first time."""
    return next((i for i, scene in enumerate(looks) if rule.judge(scene)), None)


@pytest.mark.parametrize(
    ("facts", "at"),
    [
        ({}, 9),  # nine signs of 0.1125 make 1.0, and the first look has nothing to compare with
        ({"share": 0.02}, None),  # a poster that hardly flickers
        ({"colour": VEST}, None),  # no glow
        ({"colour": WALL}, None),
        ({"rigid": True}, None),  # a lamp before a camera that trembles
        ({"fine": 1}, None),  # what the model takes for smoke has edges: people, leaves
    ],
)
def test_what_plays_like_flames_where_smoke_churns_is_fire(facts: dict[str, object], at: int | None) -> None:
    assert opened(Fire(FireSettings()), [look(i, HERE, **facts) for i in range(25)]) == at  # type: ignore[arg-type]


@pytest.mark.parametrize("smoke", [None, ELSEWHERE, (*HERE[:4], 0.1, 1)])
def test_without_smoke_at_the_place_it_is_none(smoke: tuple[float, ...] | None) -> None:
    rule = Fire(FireSettings())
    assert opened(rule, [look(i, smoke) for i in range(25)]) is None
    assert not rule.pending  # and asks for no looks: a lamp may flicker all day


def test_smoke_may_come_later_than_the_flames() -> None:
    looks = [look(i, None if i < 10 else HERE) for i in range(25)]
    assert opened(Fire(FireSettings()), looks) == 12  # in the third look with smoke


def test_smoke_that_has_gone_for_long_counts_no_more() -> None:
    looks = [look(i, HERE if i < 2 else None) for i in range(30)] + [look(30, HERE)]
    assert opened(Fire(FireSettings()), looks) is None


def test_it_can_be_switched_off_and_needs_a_model_that_knows_smoke() -> None:
    assert opened(Fire(FireSettings(beside_smoke=False)), [look(i, HERE) for i in range(25)]) is None
    blind = [look(i, HERE, meanings=("fire", "steam")) for i in range(25)]
    assert opened(Fire(FireSettings()), blind) is None


def test_only_in_the_zone() -> None:
    zone = Zone("store", Polygon.of([[0.6, 0.0], [1.0, 0.0], [1.0, 0.5], [0.6, 0.5]]))
    assert opened(Fire(FireSettings(zone="store"), zone), [look(i, HERE) for i in range(25)]) is None


def test_one_fire_that_the_model_sees_as_well_is_one_hazard() -> None:
    rule = Fire(FireSettings())
    for i in range(20):
        scene = look(i, HERE)
        both = some_detections(HERE, (*BOX, 0.5, 0))
        hazards = rule.judge(a_scene(both, frame=scene.frame, activity=scene.activity))
        assert len(hazards) <= 1
    assert hazards[0].score == 0.5


def test_it_ends_when_the_flames_have_been_gone_for_long_enough() -> None:
    rule = Fire(FireSettings())
    assert opened(rule, [look(i, HERE) for i in range(15)]) is not None
    without_smoke = [look(i, None) for i in range(15, 60)]
    assert all(rule.judge(scene) for scene in without_smoke)  # once fire, it is fire while its flames play
    quiet = [a_scene(some_detections(), frame=a_picture(WALL, i * 0.4), activity=an_activity()) for i in range(60, 99)]
    assert len([scene for scene in quiet if rule.judge(scene)]) == 25  # `clear_after_s`, 10 s
    assert not rule.pending


def test_reset_forgets() -> None:
    rule = Fire(FireSettings())
    assert opened(rule, [look(i, HERE) for i in range(15)]) is not None
    rule.reset()
    assert not rule.pending
    assert not rule.judge(look(15, HERE))


def test_glints_are_no_flames_and_gaps_of_a_cell_are_none() -> None:
    lit = np.zeros(SHAPE, bool)
    lit[10, 10:13] = True  # three cells
    lit[40:50:2, 80:100] = True  # stripes
    still = an_activity()
    boxes = flame_boxes(with_flame(still, lit, moving=lit))
    assert boxes.shape == (1, 4)
    assert boxes[0].tolist() == pytest.approx([79 / 160, 39 / 90, 101 / 160, 50 / 90])
    assert len(flame_boxes(with_flame(still, lit))) == 0  # of a flame's colour, but still
