"""A view's tier: quiet only when it is known to be safe, awake at once."""

from __future__ import annotations

import pytest

from pipelines.schedule import Situation, Tier, Vigil
from pipelines.schedule.tier import CALM_S, SETTLING_S

CALM = Situation(stirred=False)
STIRRED = Situation(stirred=True)
SIGNS = Situation(stirred=True, pending=True)


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


@pytest.mark.parametrize("signs", [SIGNS, Situation(stirred=False, pending=True)])
def test_it_wakes_at_once_when_a_rule_has_signs_and_stays_so_for_a_while(signs: Situation) -> None:
    vigil = settled()
    assert vigil.tier(20.0, signs, 2.0) is Tier.AWAKE
    assert vigil.tier(20.0 + CALM_S - 0.1, CALM, 2.0) is Tier.AWAKE
    assert vigil.tier(20.0 + CALM_S, CALM, 2.0) is Tier.QUIET


def test_what_no_rule_is_about_is_looked_at_keyframe_by_keyframe() -> None:
    vigil = settled()
    assert vigil.tier(20.0, STIRRED, 2.0) is Tier.STIRRED
    assert vigil.tier(20.0 + CALM_S - 0.1, CALM, 2.0) is Tier.STIRRED
    assert vigil.tier(20.0 + CALM_S, CALM, 2.0) is Tier.QUIET
    assert vigil.tier(30.0, SIGNS, 2.0) is Tier.AWAKE
    assert vigil.tier(30.0 + CALM_S, STIRRED, 2.0) is Tier.STIRRED  # it goes on, and was nothing


def test_what_stirs_is_decoded_whole_where_keyframes_are_too_far_apart() -> None:
    assert settled().tier(20.0, STIRRED, 6.0) is Tier.AWAKE


def test_a_hazard_in_view_keeps_it_alarmed() -> None:
    vigil = settled()
    alarmed = Situation(stirred=False, active=True)
    assert vigil.tier(20.0, alarmed, 2.0) is Tier.ALARMED
    assert vigil.tier(500.0, alarmed, 2.0) is Tier.ALARMED
    assert vigil.tier(501.0, CALM, 2.0) is Tier.AWAKE
    assert vigil.tier(500.0 + CALM_S, CALM, 2.0) is Tier.QUIET


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
