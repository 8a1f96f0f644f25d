from __future__ import annotations

import pytest

from pipelines.schedule import Agenda, Rate, Reason, Want, choose
from pipelines.schedule.scheduler import MOST_TOGETHER


def want(
    agenda: Agenda, now_s: float, *, pending: bool = False, unsettled: bool = False, score: float = 0.0
) -> Want | None:
    return agenda.want(now_s, pending=pending, unsettled=unsettled, score=score)


def test_the_first_frame_is_due() -> None:
    found = want(Agenda(10, 0.4), 0.0)
    assert found is not None
    assert found.reason is Reason.DUE


@pytest.mark.parametrize(
    ("passed_s", "facts", "reason"),
    [
        (7.9, {}, None),  # quiet: nothing to do
        (8.0, {}, Reason.DUE),  # whatever the prefilter says, and early enough for a second chance
        (0.3, {"score": 0.9}, None),  # not faster than the interval
        (0.4, {"score": 0.9}, Reason.REGIONS),
        (0.4, {"unsettled": True}, Reason.REGIONS),
        (0.4, {"pending": True, "score": 0.9}, Reason.CONFIRM),
        (10.0, {"pending": True}, Reason.DUE),
    ],
)
def test_wants(passed_s: float, facts: dict[str, object], reason: Reason | None) -> None:
    agenda = Agenda(10, 0.4)
    agenda.looked(100.0, pending=False)
    found = want(agenda, 100.0 + passed_s, **facts)  # type: ignore[arg-type]
    assert (found.reason if found else None) is reason


@pytest.mark.parametrize(
    ("wants", "chosen"),
    [
        ({"a": Want(Reason.REGIONS, 9, 1.0), "b": Want(Reason.CONFIRM, 9), "c": Want(Reason.DUE, 1)}, ("c",)),
        ({"a": Want(Reason.REGIONS, 1.5), "b": Want(Reason.CONFIRM, 1.0)}, ("b",)),  # signs are followed first
        ({"a": Want(Reason.REGIONS, 3.0), "b": Want(Reason.CONFIRM, 1.0)}, ("a",)),  # but nobody waits for ever
        ({"a": Want(Reason.REGIONS, 1.0, 0.2), "b": Want(Reason.REGIONS, 1.0, 0.7)}, ("b",)),
        ({}, ()),
    ],
)
def test_who_goes_first(wants: dict[str, Want], chosen: tuple[str, ...]) -> None:
    assert choose(wants) == chosen


def regions(waited: float = 1.0) -> Want:
    return Want(Reason.REGIONS, waited, 0.5, whole=False)


def test_views_of_which_only_regions_are_wanted_go_together() -> None:
    wants = {"a": regions(), "b": Want(Reason.CONFIRM, 9), "c": regions(2.0), "d": Want(Reason.REGIONS, 3)}
    assert choose(wants) == ("b", "c", "a")
    assert choose(wants, alone={"c"}) == ("b", "a")
    assert choose(wants, alone={"b"}) == ("b",)


def test_not_all_go_together() -> None:
    assert len(choose({str(i): regions() for i in range(50)})) == MOST_TOGETHER


def test_while_regions_alone_ask_for_looks_the_whole_is_looked_at_now_and_then() -> None:
    agenda, wholes = Agenda(10, 0.4), []
    agenda.looked(0.0, pending=False)
    for i in range(1, 13):
        found = want(agenda, i * 0.4, score=0.5)
        assert found is not None
        wholes.append(found.whole)
        agenda.looked(i * 0.4, pending=i % 4 == 0, whole=found.whole)  # never in vain for long
    assert [i for i, whole in enumerate(wholes, 1) if whole] == [5, 10]


def test_what_is_to_be_confirmed_or_can_not_be_told_is_looked_at_in_full() -> None:
    agenda = Agenda(10, 0.4)
    agenda.looked(0.0, pending=False)
    for facts in ({"pending": True}, {"unsettled": True}):
        found = want(agenda, 0.4, score=0.5, **facts)
        assert found is not None
        assert found.whole


def test_looks_at_regions_do_not_put_off_the_whole() -> None:
    agenda = Agenda(10, 0.4)
    agenda.looked(0.0, pending=False)
    agenda.looked(7.8, pending=False, whole=False)
    found = want(agenda, 8.2)
    assert found is not None
    assert found.reason is Reason.DUE


@pytest.mark.parametrize(
    ("one", "can"),
    [
        (Want(Reason.CONFIRM, 3.0), True),
        (Want(Reason.REGIONS, 3.0), True),
        (Want(Reason.DUE, 0.9), False),
        (Want(Reason.DUE, 1.9, signs=True), True),
        (Want(Reason.DUE, 2.0, signs=True), False),
    ],
)
def test_only_what_is_due_can_not_wait_for_a_later_frame(one: Want, can: bool) -> None:
    assert one.can_wait is can


def test_a_camera_on_fire_starves_nobody() -> None:
    """Sixteen views and a detector that manages ten looks a second: one view burns, the rest are quiet."""
    agendas = {f"cam{i}": Agenda(2.0, 0.4) for i in range(16)}
    last = dict.fromkeys(agendas, 0.0)
    longest = dict.fromkeys(agendas, 0.0)
    for step in range(1, 300):
        now = step * 0.1
        wants = {n: w for n, a in agendas.items() if (w := want(a, now, pending=n == "cam0"))}
        for chosen in choose(wants):
            longest[chosen] = max(longest[chosen], now - last[chosen])
            last[chosen] = now
            agendas[chosen].looked(now, pending=chosen == "cam0")
    assert max(longest.values()) <= 2.0 + 1.6  # all sixteen may fall due at once
    assert longest["cam0"] <= 1.8


def test_intervals_must_make_sense() -> None:
    with pytest.raises(ValueError, match="found 5 and 2"):
        Agenda(2, 5)


@pytest.mark.parametrize(("fps", "taken"), [(25, 50), (12.5, 50), (10, 50), (3, 30), (7, 50)])
def test_the_rate_is_kept_where_it_does_not_divide_the_cameras(fps: float, taken: int) -> None:
    rate = Rate(5)
    assert sum(rate.due(i / fps) for i in range(int(10 * fps))) == pytest.approx(taken, abs=1)


def test_a_pause_is_not_made_up_for() -> None:
    rate = Rate(5)
    assert rate.due(0.0)
    assert rate.due(10.0)
    assert not rate.due(10.1)


def test_looks_in_vain_become_fewer_until_one_finds_something() -> None:
    agenda = Agenda(10, 0.4)
    for i in range(5):
        assert want(agenda, i * 0.4, score=0.5) is not None
        agenda.looked(i * 0.4, pending=False)
    assert want(agenda, 2.0, score=0.5) is None
    assert want(agenda, 2.4, score=0.5) is not None
    assert want(agenda, 2.0, pending=True) is not None  # what a rule asks for is not put off
    agenda.looked(2.4, pending=True)
    assert want(agenda, 2.8, score=0.5) is not None
