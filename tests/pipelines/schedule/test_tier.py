"""A view's tier: quiet only when it is known to be safe, awake at once."""

from __future__ import annotations

import pytest

from pipelines.schedule import Situation, Tier, Vigil
from pipelines.schedule.tier import CALM_S, SETTLING_S

CALM = Situation(stirred=False)
STIRRED = Situation(stirred=True)


def settled(unseen_s: float = 4.0) -> Vigil:
    vigil = Vigil(unseen_s)
    assert vigil.tier(0.0, CALM, 2.0) is Tier.AWAKE
    assert vigil.tier(SETTLING_S, CALM, 2.0) is Tier.QUIET
    return vigil


def test_a_view_is_awake_until_it_is_known() -> None:
    vigil = Vigil(4.0)
    assert vigil.tier(100.0, CALM, 2.0) is Tier.AWAKE
    assert vigil.tier(100.0 + SETTLING_S - 0.1, CALM, 2.0) is Tier.AWAKE
    assert vigil.tier(100.0 + SETTLING_S, CALM, None) is Tier.AWAKE
    assert vigil.tier(100.0 + SETTLING_S, CALM, 2.0) is Tier.QUIET


@pytest.mark.parametrize("stir", [STIRRED, Situation(stirred=False, pending=True)])
def test_it_wakes_at_once_and_stays_so_for_a_while(stir: Situation) -> None:
    vigil = settled()
    assert vigil.tier(20.0, stir, 2.0) is Tier.AWAKE
    assert vigil.tier(20.0 + CALM_S - 0.1, CALM, 2.0) is Tier.AWAKE
    assert vigil.tier(20.0 + CALM_S, CALM, 2.0) is Tier.QUIET


def test_a_hazard_in_view_keeps_it_alarmed() -> None:
    vigil = settled()
    alarmed = Situation(stirred=False, active=True)
    assert vigil.tier(20.0, alarmed, 2.0) is Tier.ALARMED
    assert vigil.tier(500.0, alarmed, 2.0) is Tier.ALARMED
    assert vigil.tier(501.0, CALM, 2.0) is Tier.AWAKE


@pytest.mark.parametrize(
    ("unseen_s", "keyframe_s", "allowed"),
    [(4.0, 4.0, True), (4.0, 4.1, True), (4.0, 5.0, False), (0.0, 0.04, False), (2.0, 20.0, False), (4.0, None, False)],
)
def test_keyframes_too_far_apart_are_never_enough(unseen_s: float, keyframe_s: float | None, allowed: bool) -> None:
    vigil = Vigil(unseen_s)
    assert vigil.allows(keyframe_s) is allowed
    vigil.tier(0.0, CALM, keyframe_s)
    assert (vigil.tier(100.0, CALM, keyframe_s) is Tier.QUIET) is allowed


def test_keyframes_that_stop_coming_wake_it() -> None:
    vigil = settled()
    assert vigil.tier(30.0, CALM, 6.0) is Tier.AWAKE
