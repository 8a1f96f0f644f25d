"""Which frames of a view are kept, with the models that ship on real footage, and by rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from edge.clock import AgentClock
from edge.model_store import ModelStore
from edge.sources import Pace, open_source
from pipelines.detect import Detector
from pipelines.events import Condition, Event, Handling, Mode, Phase
from pipelines.frame import Clock, Frame
from pipelines.harvest import Find, Keeper, Why, worth
from pipelines.harvest.find import HALF_LIFE_S
from pipelines.hazards import HazardKind
from pipelines.lane import LanePlan
from pipelines.rules.fire import FireSettings
from pipelines.rules.smoke import SmokeSettings
from pipelines.schedule import Rate
from pipelines.watch import Inspection, Watch, WatchPlan
from tests.pipelines.builders import a_frame, a_scene, an_activity, some_detections
from tests.pipelines.harvest.builders import a_kept

NEAR = some_detections((32, 18, 96, 90, 0.26, 0))
STIRS = an_activity(moving=0.5)


@pytest.fixture(scope="module")
def plan(root: Path) -> WatchPlan:
    model = ModelStore([root / "models"]).load("fire-smoke")
    card = model.card.with_thresholds({"fire": 0.25, "smoke": 0.35})  # those of `a_scene`, whatever ships
    return WatchPlan("gate", (LanePlan(Detector(card, model.weights), (FireSettings(), SmokeSettings())),))


@pytest.fixture
def keeper(plan: WatchPlan) -> Keeper:
    return a_keeper(plan)


def a_keeper(plan: WatchPlan, every_s: float = 60.0) -> Keeper:
    ids = count(1)
    return Keeper(plan, lambda: f"find-{next(ids)}", every_s)


def seen(*events: Event, frame: Frame | None = None, **scene: object) -> Inspection:
    one = a_scene(NEAR, frame=frame or a_frame(), activity=STIRS, **scene)  # type: ignore[arg-type]
    return Inspection(events, (), (), np.empty((0, 4), np.float32), (one,))


def an_event(phase: Phase = Phase.OPEN, *, incident: str = "i1", drill: bool = False, score: float = 0.7) -> Event:
    return Event(
        incident, 1, phase, Condition.ACTIVE, Handling.OPEN, Mode.ALARM, HazardKind.FIRE, "gate", "fire", None, 4,
        score, (0.1, 0.1, 0.3, 0.5), 0.0, 1_000_000.0, 0.0, 0.0, 0, drill, Clock.AGENT,
    )  # fmt: skip


def test_an_uncertain_frame_with_all_that_is_known_of_it(keeper: Keeper) -> None:
    find = keeper.judge(seen())
    assert find is not None
    assert (find.why, find.source, find.width, find.height) == (Why.UNCERTAIN, "gate", 320, 180)
    assert find.models == {"fire-smoke": ("fire", "smoke")}
    (proposal,) = find.proposals
    assert (proposal.name, proposal.means, proposal.counted) == ("fire", "fire", True)
    assert proposal.box == pytest.approx((0.1, 0.1, 0.3, 0.5))
    assert find.claims == ()
    assert Find.model_validate_json(find.model_dump_json()) == find


def test_not_again_before_its_time_and_not_the_same(keeper: Keeper) -> None:
    assert keeper.judge(seen()) is not None
    assert keeper.judge(seen(frame=a_frame(time_s=30))) is None
    assert keeper.judge(seen(frame=a_frame(time_s=90))) is None  # the same picture still
    noise = np.random.default_rng(1).integers(0, 255, (180, 320)).astype(np.uint8)
    assert keeper.judge(seen(frame=a_frame(noise, time_s=90))) is not None


def test_what_an_earlier_run_kept_is_remembered(plan: WatchPlan) -> None:
    find = a_keeper(plan).judge(seen())
    assert find is not None
    later = a_keeper(plan)
    later.remember(find)
    assert later.judge(seen(frame=a_frame(time_s=90))) is None


@pytest.mark.parametrize("phase", [Phase.OPEN, Phase.UPDATE])
def test_every_frame_of_an_incident(keeper: Keeper, phase: Phase) -> None:
    for second in range(5):
        find = keeper.judge(seen(an_event(phase), an_event(phase, incident="i2"), frame=a_frame(time_s=second)))
        assert find is not None
        assert (find.why, find.score, find.spot) == (Why.INCIDENT, 0.7, (0.1, 0.1, 0.3, 0.5))
        assert [(c.incident, c.model, c.names) for c in find.claims] == [
            ("i1", "fire-smoke", ("fire",)), ("i2", "fire-smoke", ("fire",)),
        ]  # fmt: skip


@pytest.mark.parametrize(
    "inspection",
    [
        pytest.param(seen(an_event(), frame=a_frame(drill=True)), id="painted fire"),
        pytest.param(replace(seen(an_event()), scenes=()), id="outside of the view's hours"),
    ],
)
def test_never(keeper: Keeper, inspection: Inspection) -> None:
    assert keeper.judge(inspection) is None


@pytest.mark.parametrize("event", [an_event(Phase.CLEARED), an_event(drill=True)])
def test_no_claim_of_what_is_over_or_was_painted(keeper: Keeper, event: Event) -> None:
    find = keeper.judge(seen(event))
    assert find is not None
    assert find.why is Why.UNCERTAIN
    assert find.claims == ()


def inspections(plan: WatchPlan, clip: Path) -> Iterator[Inspection]:
    ids = count(1)
    watch, rate = Watch(plan, lambda: f"incident-{next(ids)}"), Rate(plan.analysis_fps)
    for frame in open_source("yard", str(clip), pace=Pace.FAST, clock=AgentClock()).frames():
        if frame.time_s > 12:
            return
        if rate.due(frame.time_s):
            activity = watch.look(frame)
            if watch.want(frame, activity) is not None:
                yield watch.inspect(frame, activity)


def test_on_real_footage_it_keeps_a_few_of_many(plan: WatchPlan, root: Path) -> None:
    often, seldom = a_keeper(plan, 1.0), a_keeper(plan)
    kept: dict[str, Counter[Why]] = {"often": Counter(), "seldom": Counter()}
    looks = 0
    for inspection in inspections(plan, root / "datasets" / "demo" / "yard.mp4"):
        looks += 1
        for name, keeper in (("often", often), ("seldom", seldom)):
            find = keeper.judge(inspection)
            if find is not None:
                kept[name][find.why] += 1
    assert 1 <= kept["often"].total() < looks
    assert kept["seldom"].total() <= kept["often"].total()
    assert max(kept["seldom"].values()) == 1


def test_worth_falls_with_age_and_incidents_outlive_the_others() -> None:
    incident, uncertain = a_kept(why=Why.INCIDENT), a_kept()
    now_s = incident.kept_s
    assert worth(incident, now_s) == pytest.approx(worth(incident, now_s + HALF_LIFE_S) + 1)
    assert worth(incident, now_s + 1.9 * HALF_LIFE_S) > worth(uncertain, now_s)
    assert worth(incident, now_s + 2.1 * HALF_LIFE_S) < worth(uncertain, now_s)
    # A century later the older is still worth less.
    assert worth(a_kept(kept_s=0.0), 4e9) < worth(a_kept(kept_s=60.0), 4e9)
