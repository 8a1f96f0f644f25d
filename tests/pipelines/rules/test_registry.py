from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from calibration.errors import ConfigError
from calibration.polygon import Polygon
from calibration.zones import Zone
from pipelines.rules import RULES, AnyRuleSettings, make_rule
from pipelines.rules.base import RuleSettings

ADAPTER: TypeAdapter[RuleSettings] = TypeAdapter(AnyRuleSettings)
GATE = Zone("gate", Polygon.of([[0.2, 0.2], [0.8, 0.2], [0.8, 0.8]]))


@pytest.mark.parametrize("name", sorted(RULES))
def test_each_rule_is_made_from_its_name_alone(name: str) -> None:
    settings = ADAPTER.validate_python({"rule": name, "zone": "gate"})
    settings_type, rule_type = RULES[name]
    assert type(settings) is settings_type
    assert settings.kind == name
    rule = make_rule(settings, {"gate": GATE})
    assert isinstance(rule, rule_type)  # type: ignore[misc, arg-type]
    rule.reset()
    assert isinstance(rule.pending, bool)


@pytest.mark.parametrize("name", [name for name, (settings, _) in RULES.items() if settings.zoned])
def test_a_zoned_rule_without_a_zone_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=f"rule {name} needs a zone"):
        ADAPTER.validate_python({"rule": name})


@pytest.mark.parametrize(
    ("given", "needs"),
    [
        ({"rule": "fire"}, {"fire"}),
        ({"rule": "smoke"}, {"smoke"}),
        ({"rule": "unattended_post", "zone": "gate"}, {"person"}),
        ({"rule": "person_down"}, {"pose"}),
        ({"rule": "restricted_zone", "zone": "gate"}, {"person"}),
        # Seen to be missing, not merely not seen
        ({"rule": "no_hard_hat"}, {"no_hard_hat"}),
        ({"rule": "no_vest", "zone": "gate"}, {"no_vest"}),
        # What is to be kept out is what has to be seen: not people, where people may enter.
        ({"rule": "restricted_zone", "zone": "gate", "meanings": ["vehicle", "machinery"]}, {"vehicle", "machinery"}),
    ],
)
def test_what_a_model_must_see(given: dict[str, object], needs: set[str]) -> None:
    assert ADAPTER.validate_python(given).needs == needs


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rule": "burglary"}, "burglary"),  # no such rule
        ({"rule": "restricted_zone", "zone": "gate", "dwel_s": 1}, "dwel_s"),  # a misspelt key
        ({"rule": "blocked_exit", "zone": "gate", "dwell_s": 0}, "dwell_s"),  # too short to tell standing from passing
        ({"rule": "blocked_exit", "zone": "gate", "min_share": 2}, "min_share"),
        ({"rule": "unattended_post", "zone": "gate", "absent_s": -1}, "absent_s"),
        ({"rule": "restricted_zone", "zone": "gate", "meanings": []}, "meanings"),
        ({"rule": "person_down", "dwell_s": 0}, "dwell_s"),
        ({"rule": "person_down", "roll_deg": 181}, "roll_deg"),
        ({"rule": "restricted_zone", "zone": "gate", "meanings": ["dragon"]}, "meanings"),
    ],
)
def test_wrong_settings_are_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ADAPTER.validate_python(given)


def test_a_missing_zone_is_named_with_what_there_is() -> None:
    settings = ADAPTER.validate_python({"rule": "restricted_zone", "zone": "gat"})
    with pytest.raises(ConfigError, match="restricted_zone:gat: zone 'gat' does not exist, the source has: gate"):
        make_rule(settings, {"gate": GATE})
