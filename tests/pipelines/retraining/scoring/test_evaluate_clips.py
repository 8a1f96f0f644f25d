from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.events import Condition, Event, Handling, Mode, Phase
from pipelines.frame import Clock
from pipelines.hazards import HazardKind
from pipelines.retraining.scoring.clips import Clip, Span
from pipelines.retraining.scoring.evaluate_clips import Played, score_clips

FIRE, SMOKE = HazardKind.FIRE, HazardKind.SMOKE


def opened(time_s: float, first_s: float | None = None, kind: HazardKind = FIRE) -> Event:
    """An alarm; each time has its own incident."""
    return Event(
        f"{kind}-{time_s}", 1, Phase.OPEN, Condition.ACTIVE, Handling.OPEN, Mode.ALARM, kind, "clip", str(kind), None,
        4, 0.5, (0, 0, 1, 1), time_s, time_s, time_s if first_s is None else first_s, time_s, 0, False, Clock.FILE,
    )  # fmt: skip


def cleared(alarm: Event, time_s: float) -> Event:
    return replace(alarm, phase=Phase.CLEARED, condition=Condition.CLEARED, time_s=time_s)


def played(*events: Event, fire: tuple[Span, ...] = ((10.0, 20.0),), length_s: float = 60.0) -> Played:
    return Played(Clip(Path("yard.mp4"), {FIRE: fire}), events, length_s)


@pytest.mark.parametrize(
    ("alarm", "found", "false", "delay_s"),
    [
        (opened(13.0), 1, 0, 3.0),
        (opened(9.5), 1, 0, 0.0),  # a start by eye may be off by a second
        (opened(8.5), 0, 1, None),  # but not by more
        (opened(24.0, first_s=15.0), 1, 0, 14.0),  # late, of what burnt
        (opened(24.0, first_s=23.0), 0, 1, None),  # of nothing
        (opened(13.0, kind=SMOKE), 0, 0, None),  # of a hazard that is not judged
        (replace(opened(13.0), mode=Mode.OBSERVE), 0, 0, None),  # alarms nobody
        (replace(opened(13.0), phase=Phase.UPDATE), 0, 0, None),
    ],
)
def test_an_alarm(alarm: Event, found: int, false: int, delay_s: float | None) -> None:
    total = score_clips([played(alarm)], [FIRE]).total
    assert (total.events, total.found, total.missed) == (1, found, 1 - found)
    assert (total.false, total.delay_s) == (false, delay_s)


def test_the_first_alarm_finds_it_and_later_ones_repeat_it() -> None:
    scores = score_clips([played(opened(16.0), opened(12.0), opened(18.0))], [FIRE])
    assert (scores.total.found, scores.total.repeated, scores.total.false) == (1, 2, 0)
    assert scores.outcomes[0].alarm_s == 12.0


def test_an_incident_that_lasts_finds_the_next_event_too() -> None:
    alarm, spans = opened(12.0), ((10.0, 20.0), (40.0, 50.0))
    lasting = score_clips([played(alarm, fire=spans)], [FIRE])
    ended = score_clips([played(alarm, cleared(alarm, 30.0), fire=spans)], [FIRE])
    assert (lasting.total.found, lasting.total.repeated) == (2, 0)
    assert lasting.outcomes[1].delay_s == 0.0
    assert (ended.total.found, ended.total.missed) == (1, 1)


def test_false_alarms_an_hour_of_quiet_footage() -> None:
    # 50 s of 60 are quiet; two false alarms in them.
    scores = score_clips([played(opened(12.0), opened(31.0), opened(45.0))], [FIRE])
    total = scores.total
    assert total.quiet_hours == pytest.approx(50 / 3600)
    assert total.false_per_hour == pytest.approx(144.0)
    low, high = total.false_per_hour_interval
    assert high is not None
    # 5 % and 95 % of what two counted may mean: .355 and 6.296.
    assert (low, high) == (pytest.approx(0.3554 * 72, rel=1e-3), pytest.approx(6.2958 * 72, rel=1e-3))
    assert total.false_per_day_at_most == pytest.approx(high * 24)
    assert [alarm.alarm_s for alarm in scores.false_alarms] == [31.0, 45.0]


def test_three_over_the_quiet_hours() -> None:
    bounds = score_clips([played(fire=(), length_s=3600.0)], [FIRE]).total.false_per_hour_interval
    assert bounds == (0.0, pytest.approx(3.0, rel=2e-3))


def test_nothing_is_bounded_where_it_burns_all_the_time() -> None:
    total = score_clips([played(fire=((0.0, 99.0),))], [FIRE]).total
    assert (total.quiet_hours, total.false_per_hour, total.false_per_day_at_most) == (0.0, None, None)


def test_footage_is_quiet_when_none_of_them_happens() -> None:
    clip = Clip(Path("yard.mp4"), {FIRE: ((10.0, 20.0), (15.0, 30.0)), SMOKE: ((25.0, 40.0),)})
    scores = score_clips([Played(clip, (), 60.0)], [FIRE, SMOKE])
    assert scores.hazards["fire"].quiet_hours == pytest.approx(40 / 3600)
    assert scores.hazards["smoke"].quiet_hours == pytest.approx(45 / 3600)
    assert scores.total.quiet_hours == pytest.approx(30 / 3600)


def test_the_record_is_json_with_the_total_on_top() -> None:
    record = json.loads(json.dumps(score_clips([played(opened(12.0))], [FIRE, SMOKE]).record()))
    assert (record["events"], record["found"], record["hazards"]["smoke"]["events"]) == (1, 1, 0)
    assert record["clips"] == {"yard": 60.0}
