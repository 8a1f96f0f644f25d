"""The rules: what was seen becomes hazards. One file a rule; `RULES` names them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, TypeAlias, cast

from pydantic import Field

from calibration.errors import ConfigError
from calibration.zones import Zone
from pipelines.rules.base import Rule, RuleSettings
from pipelines.rules.blocked_exit import BlockedExit, BlockedExitSettings
from pipelines.rules.fire import Fire, FireSettings
from pipelines.rules.no_hard_hat import NoHardHat, NoHardHatSettings
from pipelines.rules.no_vest import NoVest, NoVestSettings
from pipelines.rules.person_down import PersonDown, PersonDownSettings
from pipelines.rules.restricted_zone import RestrictedZone, RestrictedZoneSettings
from pipelines.rules.smoke import Smoke, SmokeSettings
from pipelines.rules.unattended_post import UnattendedPost, UnattendedPostSettings

__all__ = ["RULES", "AnyRuleSettings", "Rule", "RuleSettings", "make_rule"]

RULES: dict[str, tuple[type[RuleSettings], type[Rule]]] = {
    "fire": (FireSettings, Fire),
    "smoke": (SmokeSettings, Smoke),
    "restricted_zone": (RestrictedZoneSettings, RestrictedZone),
    "blocked_exit": (BlockedExitSettings, BlockedExit),
    "unattended_post": (UnattendedPostSettings, UnattendedPost),
    "no_hard_hat": (NoHardHatSettings, NoHardHat),
    "no_vest": (NoVestSettings, NoVest),
    "person_down": (PersonDownSettings, PersonDown),
}
"""Settings and class of each rule, by the name that stands under `rule:` in a site file."""

AnyRuleSettings: TypeAlias = Annotated[
    FireSettings
    | SmokeSettings
    | RestrictedZoneSettings
    | BlockedExitSettings
    | UnattendedPostSettings
    | NoHardHatSettings
    | NoVestSettings
    | PersonDownSettings,
    Field(discriminator="rule"),
]
"""The settings of any rule, told apart by their field `rule`."""


def make_rule(settings: RuleSettings, zones: Mapping[str, Zone]) -> Rule:
    """The rule that these settings ask for.

    Args:
        settings: one of the settings classes in `RULES`.
        zones: the source's zones by name.

    Raises:
        ConfigError: the settings name a zone that the source does not have, or belong to no rule.
    """
    for settings_type, rule_type in RULES.values():
        if isinstance(settings, settings_type):
            make = cast("Callable[[RuleSettings, Zone | None], Rule]", rule_type)
            return make(settings, _zone(settings, zones))
    raise ConfigError([f"rule: {type(settings).__name__} belongs to no rule, allowed: {', '.join(RULES)}"])


def _zone(settings: RuleSettings, zones: Mapping[str, Zone]) -> Zone | None:
    if settings.zone is None:
        return None
    if settings.zone not in zones:
        known = ", ".join(sorted(zones)) or "none"
        raise ConfigError([f"{settings.title}: zone {settings.zone!r} does not exist, the source has: {known}"])
    return zones[settings.zone]
