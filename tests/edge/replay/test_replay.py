"""A clip through the whole pipeline: what is counted, what is marked, what is left of one that breaks off."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from calibration.errors import SourceUnusable
from edge.config.drill import DrillFire, DrillSettings
from edge.model_store import ModelStore
from edge.replay import Replay, Step, plans_from_rules
from edge.sources import Pace, open_source
from edge.sources.drill import Drill
from pipelines.events import Phase
from pipelines.hazards import HazardKind
from pipelines.watch import WatchPlan
from tests.edge.replay.conftest import FRAMES

FIRE = DrillFire(kind="fire", at=(0.75, 0.9), size=0.35, start_s=0.5, grow_s=1)


@pytest.fixture(scope="module")
def plan(store: ModelStore) -> WatchPlan:
    return plans_from_rules(["fire", "smoke"], store).watch


def replay(clip: Path, plan: WatchPlan, drill: Drill | None = None) -> Replay:
    ids = count(1)
    return Replay(open_source("clip", str(clip), pace=Pace.FAST), plan, lambda: f"id{next(ids)}", drill)


def test_a_summary_counts_what_was_done(yard: Path, plan: WatchPlan) -> None:
    run = replay(yard, plan)
    assert (run.summary.frames, run.summary.inspected) == (0, 0)
    steps = list(run.steps())
    summary = run.summary
    assert summary.frames == FRAMES
    assert len(steps) == FRAMES / 2  # analysed five times a second, of ten
    assert summary.inspected == sum(step.inspection is not None for step in steps)
    assert 0 < summary.inspected <= len(steps)
    assert summary.incidents == 0
    assert not any(step.events or step.frame.drill for step in steps)
    assert summary.media_s == pytest.approx((FRAMES - 1) / 10)
    assert summary.wall_s > 0


def test_a_drill_raises_an_alarm_that_says_so(yard: Path, plan: WatchPlan) -> None:
    run = replay(yard, plan, Drill(DrillSettings(items=(FIRE,))))
    steps = list(run.steps())
    events = [event for step in steps for event in step.events]
    opened = [event for event in events if event.phase is Phase.OPEN]
    assert {event.kind for event in opened} == {HazardKind.FIRE}
    assert all(event.drill for event in events)
    assert all(step.frame.drill for step in steps)
    assert run.summary.incidents == len({event.incident for event in events}) == len(opened)
    assert FIRE.start_s < opened[0].time_s < (FRAMES - 1) / 10


def test_a_clip_that_breaks_off_gives_what_came_before(yard: Path, plan: WatchPlan, tmp_path: Path) -> None:
    content = yard.read_bytes()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content[: len(content) * 6 // 10])
    run = replay(broken, plan)
    steps: list[Step] = []
    with pytest.raises(SourceUnusable, match=r"broken\.mp4: is cut off, it ends after \d\.\d s of 4\.0 s"):
        steps.extend(run.steps())  # what comes before the error stays in the list
    assert 0 < len(steps) < FRAMES / 2
    assert len(steps) <= run.summary.frames < FRAMES
    assert any(step.inspection is not None for step in steps)
