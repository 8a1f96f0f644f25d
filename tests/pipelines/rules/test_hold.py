from __future__ import annotations

from pipelines.hazards import Hazard, HazardKind
from pipelines.rules.hold import Hold

HAZARD = (Hazard(HazardKind.RESTRICTED_ZONE, (0, 0, 1, 1), 0.9, 0.0),)


def test_it_ends_after_the_time_it_has_been_seen_gone() -> None:
    hold = Hold(10.0)
    assert hold.keep(HAZARD, 0.0) == HAZARD
    assert [bool(hold.keep((), t)) for t in (4.0, 8.0, 12.0)] == [True, True, False]
    assert not hold.holding


def test_time_in_which_nobody_looked_does_not_count() -> None:
    hold = Hold(10.0)
    hold.keep(HAZARD, 0.0)
    assert hold.keep((), 60.0, looked=False)
    assert hold.keep((), 65.0)
    assert not hold.keep((), 70.5)


def test_what_comes_back_is_held_anew() -> None:
    hold = Hold(10.0)
    hold.keep(HAZARD, 0.0)
    hold.keep((), 9.0)
    hold.keep(HAZARD, 10.0)
    assert hold.keep((), 19.0)


def test_nothing_is_held_for_no_time() -> None:
    hold = Hold(0.0)
    hold.keep(HAZARD, 0.0)
    assert not hold.keep((), 0.2)
