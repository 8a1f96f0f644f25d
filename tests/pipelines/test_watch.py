"""The stages in their order, with the models that ship and the drill for a fire."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from calibration.polygon import Polygon
from calibration.zones import Zone
from edge.clock import AgentClock
from edge.config.drill import DrillFire, DrillSettings
from edge.model_store import ModelStore
from edge.sources import Pace, open_source
from edge.sources.drill import Drill
from pipelines.activity import Regions
from pipelines.detect import Detector
from pipelines.events import Event, Mode, Phase
from pipelines.frame import Frame
from pipelines.incidents import Policy
from pipelines.lane import Closer, LanePlan
from pipelines.rules.base import Escalation, Hours, RuleSettings
from pipelines.rules.blocked_exit import BlockedExitSettings
from pipelines.rules.fire import FireSettings
from pipelines.rules.no_hard_hat import NoHardHatSettings
from pipelines.rules.restricted_zone import RestrictedZoneSettings
from pipelines.rules.smoke import SmokeSettings
from pipelines.rules.unattended_post import UnattendedPostSettings
from pipelines.schedule import Rate, Situation
from pipelines.watch import Watch, WatchPlan
from tests.pipelines.builders import a_frame, an_activity

DRILL = DrillSettings(items=(DrillFire(kind="fire", at=(0.75, 0.9), size=0.35, start_s=1, grow_s=2, duration_s=8),))


@pytest.fixture(scope="module")
def detector(root: Path) -> Detector:
    model = ModelStore([root / "models"]).load("fire-smoke")
    return Detector(model.card, model.weights)


@pytest.fixture(scope="module")
def frames(root: Path) -> list[Frame]:
    """25 s of the yard at 5 frames a second, in which something burns from 1 to 9 s."""
    source = open_source("yard", str(root / "datasets" / "demo" / "yard.mp4"), pace=Pace.FAST, clock=AgentClock())
    drill, rate = Drill(DRILL), Rate(5)
    return [drill.render(frame) for frame in source.frames() if rate.due(frame.time_s)]


def play(watch: Watch, frames: list[Frame]) -> tuple[list[Event], int]:
    told: list[Event] = []
    inspected = 0
    for frame in frames:
        activity = watch.look(frame)
        if watch.want(frame, activity) is not None:
            inspected += 1
            told += watch.inspect(frame, activity).events
    return told, inspected


def a_watch(detector: Detector, rule: RuleSettings, **plan: object) -> Watch:
    ids = count(1)
    return Watch(WatchPlan("yard", (LanePlan(detector, (rule,)),), **plan), lambda: f"id{next(ids)}")  # type: ignore[arg-type]


def test_a_view_that_is_seldom_looked_at_is_looked_at_closer(detector: Detector) -> None:
    watch = a_watch(detector, FireSettings())
    corners = np.array([[x, y, x + 0.06, y + 0.06] for x in (0.1, 0.8) for y in (0.1, 0.8)], np.float32)
    activity = replace(an_activity(), regions=Regions(corners, np.ones(4, np.float32)))

    def parts(time_s: float) -> int:
        ((_, request),) = watch.requests(a_frame(size=(1920, 1080), time_s=time_s), activity, whole=True)
        return len(request.views) - 1

    assert [parts(time_s) for time_s in (0.0, 2.0, 2.4, 2.8, 4.8)] == [3, 3, 2, 2, 3]


def test_a_fire_is_opened_rises_and_is_cleared(detector: Detector, frames: list[Frame]) -> None:
    rule = FireSettings(severity=2, clear_after_s=3, escalate=(Escalation(after_s=2, severity=4),))
    watch = a_watch(detector, rule, policy=Policy(update_every_s=60))
    told, inspected = play(watch, frames)
    assert [(e.phase, e.severity) for e in told] == [(Phase.OPEN, 2), (Phase.UPDATE, 4), (Phase.CLEARED, 4)]
    opened, _, cleared = told
    assert 1 <= opened.first_seen_s <= opened.time_s < 9
    assert 9 + 2 <= cleared.time_s <= 9 + 8
    assert all(e.drill for e in told)
    assert opened.box[0] < 0.75 < opened.box[2]  # where the drill burns
    assert 10 <= inspected <= 70
    assert watch.active == ()


def test_observing_alarms_nobody(detector: Detector, frames: list[Frame]) -> None:
    told, _ = play(a_watch(detector, FireSettings(), mode=Mode.OBSERVE), frames[:50])
    assert told
    assert {e.mode for e in told} == {Mode.OBSERVE}


def test_outside_its_hours_a_view_is_not_looked_at(detector: Detector, frames: list[Frame]) -> None:
    # The frames' capture time is that of the file; an hour that it can not lie in is found from it.
    captured = frames[0].captured_s
    now = int(captured // 3600 % 24)
    other = Hours(start=time((now + 3) % 24), end=time((now + 5) % 24), tz="UTC")
    told, inspected = play(a_watch(detector, FireSettings(), hours=other), frames[:50])
    assert (told, inspected) == ([], 0)
    told, inspected = play(a_watch(detector, FireSettings(hours=other)), frames[:50])
    assert told == []
    assert inspected > 5  # a rule that rests does not keep the view from being looked at


def test_a_quiet_view_is_looked_at_every_max_gap(detector: Detector) -> None:
    watch = a_watch(detector, FireSettings(), max_gap_s=4.0)
    _, inspected = play(watch, [a_frame(90, time_s=i / 5) for i in range(150)])  # 30 s of nothing
    settling = 6  # in the first seconds the prefilter does not know the view yet
    assert 30 / 4 - 1 <= inspected <= 30 / 4 + settling


def test_what_moves_wakes_a_view_only_where_the_model_sees_something(detector: Detector, frames: list[Frame]) -> None:
    def situations(first_s: float, last_s: float) -> list[Situation]:
        watch, told = a_watch(detector, FireSettings()), []
        for frame in frames:
            activity = watch.look(frame)
            if first_s <= frame.time_s < last_s and activity.stirring and not activity.unsettled:
                watch.inspect(frame, activity)
                told.append(watch.situation(frame, activity))
                assert watch.has_signs or not told[-1].pending
        return told

    burning, walking = situations(3.5, 7.0), situations(14.0, 20.0)
    assert all(one.stirred for one in [*burning, *walking])
    assert np.mean([one.pending or one.active for one in burning]) > 0.9
    assert any(one.pending for one in burning)
    assert np.mean([one.pending for one in burning if one.active]) < 0.3  # what is known goes before nobody
    assert np.mean([one.pending for one in walking]) < 0.3


def test_what_a_model_sees_and_does_not_move_wakes_nothing(detector: Detector, frames: list[Frame]) -> None:
    burning = next(frame for frame in frames if frame.time_s >= 5)
    watch = a_watch(detector, FireSettings())
    for i in range(20):
        frame = replace(burning, sequence=i, time_s=i / 5)
        activity = watch.look(frame)
    watch.inspect(frame, activity)  # a poster of a fire
    assert not watch.has_signs
    assert not watch.situation(frame, activity).pending


def test_a_stream_that_changes_its_size(detector: Detector, frames: list[Frame]) -> None:
    watch = a_watch(detector, FireSettings())
    play(watch, frames[:20])
    told, inspected = play(watch, [a_frame(90, size=(352, 288), time_s=100 + i / 5) for i in range(60)])
    assert inspected > 1
    assert all(e.phase is Phase.CLEARED for e in told)


def test_an_incident_goes_on_in_the_next_watch(detector: Detector, frames: list[Frame]) -> None:
    rule = FireSettings(clear_after_s=3)
    (opened,) = play(a_watch(detector, rule), frames[:30])[0]
    # The next process has a clock of its own.
    later = [replace(frame, time_s=frame.time_s + 7000) for frame in frames[25:75]]
    watch = a_watch(detector, rule, policy=Policy(update_every_s=60))
    assert watch.restore([opened]) == ()
    assert watch.active == (opened,)
    again, cleared = play(watch, later)[0]
    assert [(e.incident, e.sequence, e.phase) for e in (again, cleared)] == [
        (opened.incident, 2, Phase.UPDATE),
        (opened.incident, 3, Phase.CLEARED),
    ]
    assert again.time_s < 7009
    assert again.alarm_captured_s == pytest.approx(opened.captured_s)


def test_a_view_is_looked_at_closely_until_it_is_known_what_became_of_it(
    detector: Detector, frames: list[Frame]
) -> None:
    (opened,) = play(a_watch(detector, FireSettings()), frames[:30])[0]
    watch = a_watch(detector, FireSettings(clear_after_s=35), interval_s=1.0)  # its window and this make 43 s
    watch.restore([opened])
    quiet = [a_frame(90, time_s=i / 5) for i in range(5 * 60)]
    told, inspected = play(watch, quiet)
    assert [e.phase for e in told] == [Phase.CLEARED]
    assert 43 <= told[0].time_s < 55
    assert 30 - 2 <= inspected <= 30 + 6


@pytest.mark.parametrize(
    ("rule", "plan"),
    [
        (FireSettings(name="hearth"), {}),  # the rule has another name
        (FireSettings(zone="yard"), {"zones": {"yard": Zone("yard", Polygon.of([(0, 0), (1, 0), (1, 1)]))}}),
        (FireSettings(mode=Mode.OBSERVE), {}),
        (FireSettings(), {"mode": Mode.OBSERVE}),
        (SmokeSettings(name="fire"), {}),  # another rule under the same name
    ],
)
def test_what_its_rule_no_longer_alarms_for_is_cleared_at_once(
    detector: Detector, frames: list[Frame], rule: RuleSettings, plan: dict[str, object]
) -> None:
    (opened,) = play(a_watch(detector, FireSettings()), frames[:30])[0]
    watch = a_watch(detector, rule, **plan)
    (over,) = watch.restore([opened])
    assert (over.incident, over.sequence, over.phase) == (opened.incident, 2, Phase.CLEARED)
    assert watch.active == ()


@pytest.mark.parametrize(
    ("rule", "confirm_s"),
    [
        (FireSettings(window_s=8), 8),
        (SmokeSettings(window_s=12), 12),
        (RestrictedZoneSettings(zone="z", dwell_s=3), 3),
        (BlockedExitSettings(zone="z", dwell_s=30, person_dwell_s=90, reference_s=5), 95),
        (UnattendedPostSettings(zone="z", absent_s=600), 600),
        (NoHardHatSettings(window_s=20), 20),
    ],
)
def test_each_rule_says_how_long_it_may_need(rule: RuleSettings, confirm_s: float) -> None:
    assert rule.confirm_s == confirm_s


def test_a_closer_look_is_taken_once(detector: Detector, frames: list[Frame]) -> None:
    closer, man = Closer(detector, frames[0]), np.array((100, 100, 150, 300), np.float32)
    close = closer.look(man)
    assert close.view_px.tolist() == [0, 40, 320, 360]
    assert close.scale == closer.scale(man) == pytest.approx(416 / 320)
    assert closer.look(man) is close


def test_what_the_prefilter_drops_is_sampled_and_what_it_missed_is_counted(
    detector: Detector, frames: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = WatchPlan("yard", (LanePlan(detector, (FireSettings(), SmokeSettings())),), max_gap_s=100.0)
    silent = Watch(plan, lambda: "id")
    calm = [a_frame(time_s=n * 0.2) for n in range(60)]
    _, few = play(silent, calm)
    sampled = Watch(replace(plan, sample_share=0.2), lambda: "id")
    _, more = play(sampled, calm)
    assert few < more
    assert sampled.samples.looks >= more - few
    assert sampled.samples.missed == 0

    # A prefilter that is blind: the burning yard is seen by the looks that are drawn alone, and those say so.
    blind = Watch(replace(plan, sample_share=0.3), lambda: "id")
    monkeypatch.setattr(
        Watch, "look", lambda self, frame: replace(
            self._prefilter.look(frame), regions=Regions.none(), stirring=False, unsettled=False
        ),
    )  # fmt: skip
    play(blind, frames[15:])
    assert blind.samples.missed >= 1
    assert (blind.samples.miss_rate_at_most or 0) > 0
