"""What in an inspection a model could learn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipelines.activity import Activity, Regions
from pipelines.harvest import Why
from pipelines.harvest.signs import STRONG, Sign, signs
from pipelines.scene import Scene
from tests.pipelines.builders import a_frame, a_scene, an_activity, some_detections, with_flame

FIRE = frozenset({"fire", "smoke"})
PEOPLE = frozenset({"person"})
SOMEBODY = ("person", "vehicle")
BOX = (32, 18, 96, 90)  # of 320×180


def found(scene: Scene, wanted: frozenset[str] = FIRE) -> list[Sign]:
    return list(signs([scene], [wanted]))


def a_flame(cells: int, *, moving: bool = True) -> Activity:
    activity = an_activity()
    flame = np.zeros(activity.luma.shape, bool)
    flame[10 : 10 + cells // 4, 100:104] = True
    return with_flame(activity, flame, flame.copy() if moving else activity.moving)


def a_region(score: float) -> Activity:
    regions = Regions(np.array([[0.5, 0.5, 0.7, 0.9]], np.float32), np.array([score], np.float32))
    return replace(an_activity(moving=0.3), regions=regions)


@pytest.mark.parametrize(
    ("confidence", "uncertain"),
    # The threshold of fire is 0.25, odds of 1:3.
    [(0.25, 1.0), (0.4, 0.0), (0.15, 0.0), (0.3, 0.64), (0.2, 0.58), (0.9, 0.0)],
)
def test_how_near_to_its_threshold(confidence: float, uncertain: float) -> None:
    scores = [s.score for s in found(a_scene(some_detections((*BOX, confidence, 0)), activity=an_activity(moving=0.5)))]
    assert scores == pytest.approx([uncertain] if uncertain else [], abs=0.01)


def test_the_nearest_of_several_and_only_what_the_rules_ask_for() -> None:
    detections = some_detections((*BOX, 0.31, 0), (200, 18, 290, 90, 0.35, 1))
    scene = a_scene(detections, activity=an_activity(moving=0.5))
    (sign,) = found(scene)
    assert sign.why is Why.UNCERTAIN
    assert sign.score == pytest.approx(1.0)
    assert sign.spot == pytest.approx((200 / 320, 0.1, 290 / 320, 0.5), abs=1e-3)
    (only_fire,) = found(scene, frozenset({"fire"}))
    assert only_fire.spot[0] == pytest.approx(0.1)
    assert found(scene, PEOPLE) == []


@pytest.mark.parametrize(
    ("moving", "unsettled", "meanings", "kept"),
    [
        pytest.param(0.0, False, ("fire", "smoke"), True, id="sure of fire that stands still"),
        pytest.param(0.3, False, ("fire", "smoke"), False, id="it flickers"),
        pytest.param(0.0, True, ("fire", "smoke"), False, id="the prefilter can not tell"),
        pytest.param(0.0, False, SOMEBODY, False, id="people may stand still"),
    ],
)
def test_sure_where_nothing_stirs(moving: float, unsettled: bool, meanings: tuple[str, ...], kept: bool) -> None:
    activity = an_activity(moving=moving, unsettled=unsettled)
    scene = a_scene(some_detections((*BOX, 0.9, 0)), activity=activity, meanings=meanings)
    whys = [sign.why for sign in found(scene, frozenset(meanings))]
    assert whys == ([Why.UNSTIRRED] if kept else [])


@pytest.mark.parametrize(
    ("activity", "detections", "meanings", "kept"),
    [
        pytest.param(a_flame(40), some_detections(), ("fire",), True, id="flame colours move, nothing found"),
        pytest.param(a_flame(4), some_detections(), ("fire",), False, id="a few cells only"),
        pytest.param(a_flame(40, moving=False), some_detections(), ("fire",), False, id="an orange wall"),
        pytest.param(
            a_flame(40), some_detections((195, 15, 215, 40, 0.11, 0)), ("fire",), False, id="seen, if only faintly"
        ),
        pytest.param(a_flame(40), some_detections(), ("person",), False, id="nobody asks for fire"),
        pytest.param(a_region(STRONG), some_detections(), ("person",), True, id="much changed, nobody found"),
        pytest.param(a_region(STRONG / 2), some_detections(), ("person",), False, id="little changed"),
        pytest.param(
            a_region(STRONG), some_detections((170, 100, 200, 150, 0.2, 0)), ("person",), False, id="somebody is there"
        ),
        pytest.param(
            a_region(STRONG), some_detections((0, 0, 20, 20, 0.2, 0)), ("person",), True, id="somebody is elsewhere"
        ),
        pytest.param(a_region(STRONG), some_detections(), ("fire",), False, id="the model knows nothing that walks"),
    ],
)
def test_what_no_detection_explains(
    activity: Activity, detections: object, meanings: tuple[str, ...], kept: bool
) -> None:
    scene = a_scene(detections, activity=activity, meanings=meanings, thresholds=(0.6,))  # type: ignore[arg-type]
    whys = [sign.why for sign in found(scene, frozenset(meanings))]
    assert whys == ([Why.UNEXPLAINED] if kept else [])


def test_another_lane_may_explain_it() -> None:
    activity = a_region(STRONG)
    people = a_scene(some_detections(), activity=activity, meanings=("person",), thresholds=(0.6,))
    fire = a_scene(some_detections((170, 100, 200, 150, 0.12, 0)), frame=a_frame(), activity=activity)
    assert [s.why for s in signs([people, fire], [PEOPLE, frozenset()])] == []
    assert [s.why for s in signs([people], [PEOPLE])] == [Why.UNEXPLAINED]
