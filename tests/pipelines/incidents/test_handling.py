"""What people do about an incident, and the agent's answer to «it is gone»."""

from __future__ import annotations

import pytest

from calibration.errors import CommandRefused
from pipelines.events import Condition, Event, Handling, Mode, Phase
from pipelines.handling import Care, Instruction, Step, follows
from pipelines.hazards import HazardKind
from pipelines.incidents import Incidents, Policy
from pipelines.incidents.verification import NEEDS_S, WITHIN_S
from tests.pipelines.builders import a_frame
from tests.pipelines.incidents.test_incidents import FAR, HERE, finding, incidents

HANDLED = Policy(handled=True)
FIRE_S = NEEDS_S[HazardKind.FIRE]
RECTIFIED = Instruction(Step.RECTIFIED, by="Li")


def look(book: Incidents, times: range, *boxes: tuple[float, float, float, float], **how: object) -> list[Event]:
    light, unfit = how.get("light", 0.5), how.get("unfit")
    return [
        event
        for time_s in times
        for event in book.follow(
            a_frame(time_s=float(time_s)),
            [finding(*boxes)],
            light=light if isinstance(light, float) else None,
            unfit=str(unfit) if unfit else None,
        )
    ]


def opened(policy: Policy = HANDLED) -> tuple[Incidents, str]:
    book = incidents(policy)
    (event,) = look(book, range(1, 2), HERE)
    return book, event.incident


def states(events: list[Event]) -> list[Handling]:
    return [event.handling for event in events]


@pytest.mark.parametrize(
    ("now", "step", "then"),
    [
        (Handling.OPEN, Step.ACKNOWLEDGE, Handling.ACKNOWLEDGED),
        (Handling.REOPENED, Step.ACKNOWLEDGE, Handling.ACKNOWLEDGED),
        (Handling.ACKNOWLEDGED, Step.RECTIFIED, Handling.RECTIFIED),
        (Handling.CANNOT_VERIFY, Step.RECTIFIED, Handling.RECTIFIED),
        (Handling.VERIFYING, Step.FALSE_ALARM, Handling.FALSE_ALARM),
    ],
)
def test_steps(now: Handling, step: Step, then: Handling) -> None:
    assert follows(now, step) is then


@pytest.mark.parametrize("over", [Handling.CLOSED, Handling.FALSE_ALARM])
@pytest.mark.parametrize("step", Step)
def test_nothing_follows_the_end(over: Handling, step: Step) -> None:
    with pytest.raises(CommandRefused, match=f"{step}: the incident is {over}, allowed when it is: "):
        follows(over, step)


def test_a_step_is_told_and_leaves_what_the_lens_saw() -> None:
    book, incident = opened()
    told = book.handle(incident, Instruction(Step.ACKNOWLEDGE, "Wang", "on my way", "Plating Ltd.", 99.0))
    assert (told.phase, told.handling, told.condition) == (Phase.HANDLING, Handling.ACKNOWLEDGED, Condition.ACTIVE)
    assert told.care == Care("Wang", "on my way", "Plating Ltd.", 99.0)
    assert (told.sequence, told.time_s) == (2, 1.0)
    again = book.handle(incident, Instruction(Step.ACKNOWLEDGE, "Zhao"))
    assert (again.care.by, again.care.responsible, again.care.due_s) == ("Zhao", "Plating Ltd.", 99.0)


def test_gone_is_closed_after_the_time_its_kind_needs() -> None:
    book, incident = opened()
    look(book, range(2, 3))  # cleared
    book.handle(incident, RECTIFIED)
    early = look(book, range(10, 10 + int(FIRE_S)))
    assert states(early) == [Handling.VERIFYING]
    (closed,) = look(book, range(10 + int(FIRE_S), 12 + int(FIRE_S)))
    assert (closed.handling, closed.condition) == (Handling.CLOSED, Condition.CLEARED)
    assert not book.verifying


def test_what_persists_is_reopened() -> None:
    book, incident = opened()
    book.handle(incident, RECTIFIED)
    told = look(book, range(2, 6), HERE)
    assert states(told) == [Handling.VERIFYING, Handling.REOPENED]
    assert told[-1].condition is Condition.ACTIVE


def test_what_is_gone_and_comes_back_while_it_is_verified_is_reopened() -> None:
    book, incident = opened()
    look(book, range(2, 3))
    book.handle(incident, RECTIFIED)
    look(book, range(3, 20))
    told = look(book, range(20, 23), HERE)
    assert {event.incident for event in told} == {incident}  # the same incident, long after merge_s or not
    assert told[-1].handling is Handling.REOPENED


def test_another_fire_elsewhere_does_not_reopen_it() -> None:
    book, incident = opened()
    look(book, range(2, 3))
    book.handle(incident, RECTIFIED)
    told = look(book, range(3, 5 + int(FIRE_S)), FAR)
    assert [e.handling for e in told if e.incident == incident] == [Handling.VERIFYING, Handling.CLOSED]


def test_a_hazard_that_returns_soon_after_it_was_closed_is_reopened() -> None:
    book, incident = opened()
    look(book, range(2, 3))
    book.handle(incident, RECTIFIED)
    look(book, range(3, 6 + int(FIRE_S)))
    (back,) = look(book, range(10 + int(FIRE_S), 11 + int(FIRE_S)), HERE)
    assert (back.incident, back.handling, back.condition) == (incident, Handling.REOPENED, Condition.ACTIVE)


@pytest.mark.parametrize(
    ("how", "reason"),
    [({"unfit": "the camera was moved"}, "camera was moved"), ({"light": 0.05}, "light is not that of the alarm")],
)
def test_a_view_that_can_not_be_compared_is_no_proof(how: dict[str, object], reason: str) -> None:
    book = incidents(HANDLED)
    kind = HazardKind.BLOCKED_EXIT
    from dataclasses import replace

    blocked = replace(finding(HERE), hazards=(replace(finding(HERE).hazards[0], kind=kind),))
    (event,) = book.follow(a_frame(time_s=1.0), [blocked], light=0.5)
    look(book, range(2, 3))
    book.handle(event.incident, RECTIFIED)
    told = look(book, range(3, 6 + int(WITHIN_S)), **how)
    assert states(told) == [Handling.VERIFYING, Handling.CANNOT_VERIFY]
    assert reason in str(told[-1].care.reason)
    book.handle(event.incident, RECTIFIED)  # people may ask again
    assert states(look(book, range(1000, 1030)))[-1] is Handling.CLOSED


def test_a_fire_that_is_out_leaves_a_darker_view_and_is_closed_all_the_same() -> None:
    book, incident = opened()
    look(book, range(2, 3))
    book.handle(incident, RECTIFIED)
    assert states(look(book, range(3, 6 + int(FIRE_S)), light=0.05))[-1] is Handling.CLOSED


def test_a_view_without_a_picture_can_not_be_verified() -> None:
    book, incident = opened()
    book.handle(incident, RECTIFIED)
    assert book.tick(100.0, 0.0) == ()
    (told,) = book.tick(101.0 + WITHIN_S, 0.0)
    assert (told.handling, told.care.reason) == (Handling.CANNOT_VERIFY, "no picture of the view")


def test_a_deadline_that_passes_is_told_once() -> None:
    book, incident = opened()
    book.handle(incident, Instruction(Step.ACKNOWLEDGE, due_s=500.0))
    assert book.tick(None, 499.0) == ()
    (late,) = book.tick(None, 500.0)
    assert late.care.overdue
    assert book.tick(None, 501.0) == ()
    book.handle(incident, Instruction(Step.ACKNOWLEDGE, due_s=600.0))
    (later,) = book.tick(None, 600.0)
    assert later.care.overdue


def test_a_false_alarm_is_quiet_until_it_is_gone_and_rings_again_after() -> None:
    book, incident = opened()
    told = book.handle(incident, Instruction(Step.FALSE_ALARM))
    assert told.handling.over
    assert look(book, range(2, 300), HERE) == []
    (cleared,) = look(book, range(300, 301))
    assert cleared.phase is Phase.CLEARED
    (new,) = look(book, range(400, 401), HERE)
    assert new.incident != incident


def test_an_incident_that_nobody_dealt_with_stays_and_the_next_fire_is_another() -> None:
    book, incident = opened()
    look(book, range(2, 3))
    (new,) = look(book, range(200, 201), HERE)
    assert new.incident != incident
    assert book.knows(incident)
    assert book.handle(incident, Instruction(Step.ACKNOWLEDGE)).handling is Handling.ACKNOWLEDGED


def test_without_handling_a_cleared_incident_is_forgotten() -> None:
    book, incident = opened(Policy())
    look(book, range(2, 200))
    assert not book.knows(incident)


def test_a_restart_goes_on_with_what_people_did() -> None:
    book, incident = opened()
    (cleared,) = look(book, range(2, 3))
    said = book.handle(incident, RECTIFIED)
    after = incidents(HANDLED)
    after.restore([said])
    assert after.knows(incident)
    assert after.active == ()
    told = look(after, range(500, 503 + int(FIRE_S)))
    assert states(told) == [Handling.VERIFYING, Handling.CLOSED]
    assert [e.sequence for e in told] == [said.sequence + 1, said.sequence + 2]
    assert cleared.sequence < said.sequence


def test_what_was_muted_is_told_from_its_beginning_when_that_ends() -> None:
    book = incidents(HANDLED)
    (quiet,) = book.follow(a_frame(time_s=1.0), [finding(HERE, mode=Mode.OBSERVE)])
    told = look(book, range(2, 3), HERE)
    assert [(event.phase, event.mode) for event in told] == [
        (Phase.OPEN, Mode.ALARM), (Phase.CLEARED, Mode.OBSERVE),
    ]  # fmt: skip
    assert told[0].incident != quiet.incident


def test_an_alarm_that_is_muted_goes_on_as_the_alarm_it_is() -> None:
    book, incident = opened()
    told = book.follow(a_frame(time_s=40.0), [finding(HERE, mode=Mode.OBSERVE)])
    assert [(event.incident, event.mode) for event in told] == [(incident, Mode.ALARM)]


def test_a_hazard_is_not_over_because_the_view_can_not_be_seen() -> None:
    book, _ = opened()
    assert look(book, range(2, 60), unfit="camera covered") == []
    (cleared,) = look(book, range(60, 61))
    assert cleared.phase is Phase.CLEARED
