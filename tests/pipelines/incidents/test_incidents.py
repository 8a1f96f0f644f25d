from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest

from calibration.ground import GroundPoint, moved
from pipelines.events import Condition, Event, Handling, Mode, Phase
from pipelines.handling import Instruction, Step
from pipelines.hazards import Box, Hazard, HazardKind
from pipelines.incidents import Finding, Incidents, Policy, abandoned
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


# The clock of a process that ended: a_frame was captured at 1 000 000 s when its monotonic clock stood at 0. The
# frames of the tests are of the next process, which began 500 s later with a monotonic clock at 0 again.
BEFORE = 500.0


def left_active(**changed: object) -> Event:
    """A fire first seen at 2 s of the old clock, alarmed at 5, last told at 40, with the next process 460 s away."""
    book = incidents()
    book.follow(a_frame(time_s=5), [Finding("fire", Mode.ALARM, 2, (), (Hazard(HazardKind.FIRE, HERE, 0.5, 2.0),))])
    (event,) = book.follow(a_frame(time_s=40), [finding(HERE)])
    values = {"incident": "old", "sequence": 7, "captured_s": event.captured_s - BEFORE}
    return replace(event, **(values | changed))  # type: ignore[arg-type]


def restored(**changed: object) -> Incidents:
    book = incidents()
    book.restore([left_active(**changed)])
    return book


def told(events: list[Event]) -> list[tuple[str, int, Phase]]:
    return [(e.incident, e.sequence, e.phase) for e in events]


def test_what_is_seen_again_after_a_restart_goes_on() -> None:
    events = play(restored(), (3, finding(NEAR)), (4, finding(NEAR)), (33, finding(NEAR)), (40, finding()))
    # Told at once, then as rarely as ever; gone when the rule says so.
    assert told(events) == [("old", 8, Phase.UPDATE), ("old", 9, Phase.UPDATE), ("old", 10, Phase.CLEARED)]
    assert [e.time_s for e in events] == [3, 33, 40]
    old = left_active()
    for event in events:
        assert event.first_seen_captured_s == pytest.approx(old.first_seen_captured_s)
        assert event.alarm_captured_s == pytest.approx(old.alarm_captured_s)
        assert event.captured_s == 1_000_000 + event.time_s


def test_time_without_the_process_counts_for_the_severity() -> None:
    (event,) = play(restored(), (3, finding(HERE, escalation=((400.0, 3), (600.0, 4)))))
    assert event.severity == 3  # the alarm was 498 s before


def test_what_is_not_found_again_is_cleared_after_a_search() -> None:
    looks = [(float(i), finding()) for i in range(0, 60, 2)]
    book = restored()
    searching = []
    events: list[Event] = []
    for look in looks:
        events += play(book, look)
        searching.append(book.searching)
    assert told(events) == [("old", 8, Phase.CLEARED)]
    assert events[0].time_s == 30
    assert events[0].alarm_captured_s == pytest.approx(left_active().alarm_captured_s)
    assert searching == [look[0] < 30 for look in looks]
    assert book.active == ()


def test_a_slow_rule_gets_the_time_that_it_needs() -> None:
    slow = replace(finding(), patience_s=100.0)
    events = play(restored(), *((float(i), slow) for i in range(0, 200, 10)))
    assert [(e.phase, e.time_s) for e in events] == [(Phase.CLEARED, 100)]


def test_time_in_which_nobody_looked_is_no_search() -> None:
    """The camera comes back after an hour: that hour says nothing."""
    book = restored()
    assert play(book, (0, finding()), (3600, finding()), (3610, finding())) == []
    assert [e.phase for e in play(book, (3616, finding()))] == [Phase.CLEARED]


@pytest.mark.parametrize(
    "changed",
    [
        {"box": FAR},  # elsewhere
        {"rule": "other"},
        {"zone": "gate"},
        {"kind": HazardKind.SMOKE},  # the rule of that name was another
    ],
)
def test_something_else_does_not_continue_it(changed: dict[str, object]) -> None:
    events = play(restored(**changed), (0, finding(HERE)), (1, finding(HERE)))
    assert told(events) == [("id1", 1, Phase.OPEN)]


def test_two_that_were_active_in_one_place_do_not_live_on_both() -> None:
    book = incidents()
    book.restore([left_active(), left_active(incident="older", captured_s=900_000.0)])
    events = play(book, *((float(i), finding(HERE)) for i in range(0, 40, 10)))
    assert told(events)[0] == ("old", 8, Phase.UPDATE)
    assert [t for t in told(events) if t[0] == "older"] == [("older", 8, Phase.CLEARED)]
    assert [e.incident for e in book.active] == ["old"]


def test_a_camera_that_tells_its_own_time_only_after_a_while() -> None:
    """The first frames carry the agent's time, the next the camera's, which is eight hours ahead."""
    book, hours_s = restored(captured_s=1_000_000 - BEFORE + 40 + 8 * 3600), 8 * 3600
    assert play(book, (0, finding())) == []
    frame = a_frame(time_s=5)
    (event,) = book.follow(replace(frame, captured_s=frame.captured_s + hours_s), [finding(HERE)])
    assert frame.time_s - event.alarm_s == pytest.approx(BEFORE)
    assert event.alarm_captured_s == pytest.approx(1_000_000 - BEFORE + 5 + hours_s)


def test_a_clock_that_was_set_back_breaks_nothing() -> None:
    """Also a recording that is read again from its beginning: its frames are older than the alarm."""
    rising = ((5.0, 3),)
    events = play(
        restored(captured_s=1_000_900.0),
        (0, finding(HERE, escalation=rising)),
        (10, finding(HERE)),
        (31, finding(HERE)),
    )
    assert told(events) == [("old", 8, Phase.UPDATE), ("old", 9, Phase.UPDATE)]
    assert {round(e.alarm_captured_s, 3) for e in events} == {1_000_900.0 - 35}


def test_a_real_incident_stays_real_when_a_drill_is_set_up() -> None:
    (event,) = restored().follow(a_frame(drill=True), [finding(HERE)])
    assert (event.incident, event.drill) == ("old", False)


def test_a_view_outside_its_hours_clears_what_was_restored() -> None:
    (event,) = restored().clear_all(a_frame(time_s=2))
    assert (event.incident, event.sequence, event.phase) == ("old", 8, Phase.CLEARED)
    assert event.alarm_captured_s == pytest.approx(left_active().alarm_captured_s)


def test_what_nobody_looks_for_any_more_is_over() -> None:
    last = left_active()
    over = abandoned(last)
    assert (over.incident, over.sequence, over.phase, over.condition) == ("old", 8, Phase.CLEARED, Condition.CLEARED)
    assert (over.captured_s, over.alarm_captured_s) == (last.captured_s, last.alarm_captured_s)


def test_who_walks_about_in_a_zone_is_one_incident() -> None:
    book = incidents()
    told: list[Event] = []
    for i, box in enumerate([HERE, NEAR, FAR, HERE]):
        hazard = Hazard(HazardKind.RESTRICTED_ZONE, box, 0.5, 1.0, "lawn")
        told += book.follow(a_frame(time_s=float(i)), [Finding("zone", Mode.ALARM, 2, (), (hazard,))])
    assert [(e.incident, e.phase) for e in told] == [("id1", Phase.OPEN)]


def people(**boxes: Box) -> Finding:
    """A rule that knows its people: `p3=HERE` is subject 3."""
    hazards = tuple(Hazard(HazardKind.NO_VEST, box, 0.5, 1.0, subject=int(name[1:])) for name, box in boxes.items())
    return Finding("no_vest", Mode.ALARM, 2, (), hazards)


def test_who_walks_across_the_picture_is_one_incident() -> None:
    told = play(incidents(), (2, people(p1=HERE)), (6, people(p1=FAR)), (7, people()))
    assert [(e.incident, e.phase) for e in told] == [("id1", Phase.OPEN), ("id1", Phase.CLEARED)]


def test_two_people_side_by_side_are_two_incidents() -> None:
    told = play(incidents(), (2, people(p1=HERE)), (3, people(p1=HERE, p2=NEAR)), (4, people(p2=HERE)))
    assert [(e.incident, e.phase) for e in told] == [
        ("id1", Phase.OPEN),
        ("id2", Phase.OPEN),
        ("id1", Phase.CLEARED),
    ]


@pytest.mark.parametrize(("back_s", "incident"), [(30.0, "id1"), (90.0, "id2")])
def test_somebody_new_where_somebody_just_left_is_the_same(back_s: float, incident: str) -> None:
    # The rule has forgotten the person, who comes back soon, or late.
    steps = (2, people(p1=HERE)), (5, people()), (back_s, people()), (back_s + 1, people(p2=NEAR))
    told = play(incidents(), *steps)
    assert told[-1].incident == incident


def test_after_a_restart_the_place_says_who_it_is() -> None:
    (opened,) = play(incidents(), (2, people(p7=HERE)))
    book = incidents()
    book.restore([opened])
    told = play(book, (3, people(p1=NEAR)), (4, people(p1=FAR)))
    assert [(e.incident, e.phase) for e in told] == [("id1", Phase.UPDATE)]


def place(north_m: float) -> GroundPoint:
    latitude, longitude = moved(22.55, 114.05, north_m, 0.0)
    return GroundPoint(latitude, longitude, ((4.0, 0.0), (0.0, 4.0)), 50.0)


def on_ground(*places: GroundPoint, looked_at: bool = True) -> Finding:
    """Fires that a moving camera sees, each somewhere else in its picture, each time under another number."""
    hazards = tuple(Hazard(HazardKind.FIRE, FAR, 0.5, 1.0, ground=where) for where in places)
    return Finding("fire", Mode.ALARM, 2, (), hazards, sees=lambda _: looked_at)


def test_what_a_moving_camera_sees_is_the_same_by_its_place_and_not_by_its_box() -> None:
    book = incidents()
    told = play(book, (1, on_ground(place(0))), (2, on_ground(place(0), place(40))), (40, on_ground(place(1))))
    assert [(e.incident, e.phase) for e in told] == [
        ("id1", Phase.OPEN), ("id2", Phase.OPEN), ("id1", Phase.UPDATE), ("id2", Phase.CLEARED),
    ]  # fmt: skip
    assert told[2].ground == place(1)


def test_what_the_camera_does_not_look_at_is_not_cleared() -> None:
    book = incidents()
    told = play(book, (1, on_ground(place(0))), (500, on_ground(looked_at=False)), (900, on_ground()))
    assert [(e.phase, e.time_s) for e in told] == [(Phase.OPEN, 1), (Phase.CLEARED, 900)]


def test_a_place_that_is_not_looked_at_proves_nothing() -> None:
    book = incidents(Policy(handled=True))
    play(book, (1, on_ground(place(0))))
    book.handle("id1", Instruction(Step.RECTIFIED))
    told = play(book, *((10 + 5 * k, on_ground(looked_at=False)) for k in range(130)))
    assert told[-1].handling is Handling.CANNOT_VERIFY
    assert told[-1].care.reason == "the camera does not look there"


def test_after_a_restart_its_place_says_which_it_is() -> None:
    book = restored(ground=place(0))
    told = play(book, (100, on_ground(place(30))), (101, on_ground(place(1), place(30))))
    assert [(e.incident, e.phase) for e in told] == [("id1", Phase.OPEN), ("old", Phase.UPDATE)]
