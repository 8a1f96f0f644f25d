from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from pipelines.events import Condition, Event, Handling, Mode, Phase
from pipelines.hazards import Box, Hazard, HazardKind
from pipelines.incidents import Finding, Incidents, Policy
from tests.pipelines.builders import a_frame

HERE: Box = (0.1, 0.1, 0.2, 0.2)
NEAR: Box = (0.15, 0.12, 0.25, 0.22)
FAR: Box = (0.8, 0.8, 0.9, 0.9)


def ids() -> Iterator[str]:
    return (f"id{i}" for i in count(1))


def incidents(policy: Policy | None = None) -> Incidents:
    source = ids()
    return Incidents(lambda: next(source), policy)


def finding(*boxes: Box, escalation: tuple[tuple[float, int], ...] = (), mode: Mode = Mode.ALARM) -> Finding:
    hazards = tuple(Hazard(HazardKind.FIRE, box, 0.5, 1.0) for box in boxes)
    return Finding("fire", mode, 2, escalation, hazards)


def play(book: Incidents, *steps: tuple[float, Finding]) -> list[Event]:
    return [e for time_s, found in steps for e in book.follow(a_frame(time_s=time_s), [found])]


def test_a_life() -> None:
    told = play(incidents(), (2, finding(HERE)), (3, finding(HERE)), (40, finding(NEAR)), (50, finding()))
    assert [(e.phase, e.sequence, e.condition) for e in told] == [
        (Phase.OPEN, 1, Condition.ACTIVE),
        (Phase.UPDATE, 2, Condition.ACTIVE),
        (Phase.CLEARED, 3, Condition.CLEARED),
    ]
    assert {e.incident for e in told} == {"id1"}
    assert {e.handling for e in told} == {Handling.OPEN}
    assert told[0].first_seen_s == 1.0
    assert told[0].alarm_s == 2.0
    assert told[2].alarm_s == 2.0
    assert told[0].first_seen_captured_s == pytest.approx(1_000_001)


def test_two_places_are_two_incidents() -> None:
    told = play(incidents(), (2, finding(HERE, FAR)), (3, finding(FAR)))
    assert [(e.incident, e.phase) for e in told] == [
        ("id1", Phase.OPEN),
        ("id2", Phase.OPEN),
        ("id1", Phase.CLEARED),
    ]


def test_never_a_storm() -> None:
    """Ten looks a second for two minutes: four updates at one in thirty seconds, no more."""
    told = play(incidents(), *((i / 10, finding(HERE)) for i in range(1200)))
    assert [e.phase for e in told] == [Phase.OPEN, *[Phase.UPDATE] * 3]


def test_rising_severity_is_told_at_once_and_never_falls() -> None:
    rising = ((5.0, 3), (8.0, 4))
    told = play(incidents(), *((float(i), finding(HERE, escalation=rising)) for i in range(20)))
    assert [(e.time_s, e.severity) for e in told] == [(0, 2), (5, 3), (8, 4)]


def test_what_comes_back_to_its_place_is_the_same_incident() -> None:
    told = play(incidents(), (0, finding(HERE)), (10, finding()), (30, finding(NEAR)), (40, finding()))
    assert [(e.incident, e.sequence, e.phase) for e in told] == [
        ("id1", 1, Phase.OPEN),
        ("id1", 2, Phase.CLEARED),
        ("id1", 3, Phase.UPDATE),
        ("id1", 4, Phase.CLEARED),
    ]
    assert told[2].condition is Condition.ACTIVE


def test_what_comes_back_much_later_is_a_new_one() -> None:
    told = play(incidents(), (0, finding(HERE)), (10, finding()), (90, finding()), (91, finding(HERE)))
    assert [e.incident for e in told] == ["id1", "id1", "id2"]


def test_late_evidence_gets_the_next_number() -> None:
    book = incidents()
    play(book, (0, finding(HERE)))
    late = book.attach("id1", 6.0)
    assert late is not None
    assert (late.sequence, late.phase, late.time_s) == (2, Phase.UPDATE, 6.0)
    assert late.captured_s == pytest.approx(1_000_006)
    play(book, (7, finding()))
    after = book.attach("id1", 8.0)
    assert after is not None
    assert (after.sequence, after.condition) == (4, Condition.CLEARED)
    assert book.attach("unheard-of", 8.0) is None


def test_observed_and_drills_say_so() -> None:
    book = incidents()
    (event,) = book.follow(a_frame(drill=True), [finding(HERE, mode=Mode.OBSERVE)])
    assert event.mode is Mode.OBSERVE
    assert event.drill


def test_a_view_that_is_no_longer_watched_clears() -> None:
    book = incidents()
    play(book, (0, finding(HERE, FAR)))
    assert [e.phase for e in book.clear_all(a_frame(time_s=1.0))] == [Phase.CLEARED] * 2
    assert book.active == ()
