from __future__ import annotations

from pathlib import Path

import pytest

from calibration.errors import ConfigError
from edge.agent.ids import Uuid7
from edge.config.drill import DrillFire, DrillSettings
from edge.model_store import ModelStore
from edge.replay import Replay
from edge.replay.trial import plan_trial, replay_together
from edge.sources import Pace, Source, open_source
from edge.sources.drill import Drill
from pipelines.detect import Detector
from pipelines.hazards import HazardKind
from tests.edge.test_model_store import write

SMOKE_ONLY = [
    {"name": "fire", "means": "none", "threshold": 0.5},
    {"name": "smoke", "means": "smoke", "threshold": 0.5},
]


@pytest.fixture
def tiny(tmp_path: Path) -> ModelStore:
    write(tmp_path, "both")
    write(tmp_path, "smoke-only", classes=SMOKE_ONLY)
    return ModelStore([tmp_path])


def detector(store: ModelStore, name: str) -> Detector:
    model = store.load(name)
    return Detector(model.card, model.weights)


def test_the_model_under_test_serves_what_it_can(tiny: ModelStore) -> None:
    trial = plan_trial(detector(tiny, "smoke-only"), tiny, ["smoke", "fire"], [])
    tested, other = trial.plan.lanes
    assert tested.detector.card.name == "smoke-only"
    assert [rule.title for rule in tested.rules] == ["smoke"]
    assert other.detector.card.name == "both"
    assert [rule.title for rule in other.rules] == ["fire"]
    assert trial.judged == (HazardKind.SMOKE,)
    assert trial.left_out == ()


def test_a_rule_that_nobody_serves_is_named(tmp_path: Path) -> None:
    write(tmp_path, "smoke-only", classes=SMOKE_ONLY)
    alone = ModelStore([tmp_path])
    trial = plan_trial(detector(alone, "smoke-only"), alone, None, [HazardKind.RESTRICTED_ZONE])
    assert len(trial.plan.lanes) == 1
    assert {"restricted_zone: needs a zone", "fire: no model at hand serves it"} <= set(trial.left_out)


def test_alone_with_another_detector(tiny: ModelStore) -> None:
    trial = plan_trial(detector(tiny, "smoke-only"), tiny, None, [])
    other = detector(tiny, "smoke-only")
    (lane,) = trial.alone(other).lanes
    assert lane.detector is other
    assert lane.rules == trial.plan.lanes[0].rules


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (["fire"], "--rules fire: model smoke-only serves none of them, it sees smoke"),
        (["dragon"], "--rules dragon: there is no such rule"),
        (["blocked_exit"], "--rules blocked_exit: needs a zone, which clips do not have"),
        ([], "--rules: names no rule"),
    ],
)
def test_refusals(tiny: ModelStore, rules: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        plan_trial(detector(tiny, "smoke-only"), tiny, rules, [])


def test_together_is_the_same_as_one_by_one(yard: Path, store: ModelStore) -> None:
    plans = [plan_trial(detector(store, "fire-smoke"), store, rules, []).plan for rules in (["fire"], ["smoke"])]
    drill = Drill(DrillSettings(items=(DrillFire(kind="fire", at=(0.75, 0.9), size=0.35, start_s=0.5, grow_s=1),)))

    def footage() -> Source:
        return open_source("yard", str(yard), pace=Pace.FAST, keep_s=0.0)

    (fire, smoke), length_s = replay_together(footage(), plans, drill)
    alone = Replay(footage(), plans[0], Uuid7(), drill)
    told = [event for step in alone.steps() for event in step.events]
    assert told
    assert [(e.kind, e.phase, e.time_s, e.box) for e in fire] == [(e.kind, e.phase, e.time_s, e.box) for e in told]
    assert smoke == []
    assert length_s == alone.summary.media_s
