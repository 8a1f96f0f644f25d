from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from edge.config.serving import serving_model
from edge.config.site import ModelUse
from edge.model_store import ModelStore
from pipelines.rules import AnyRuleSettings, RuleSettings

RULE: TypeAdapter[RuleSettings] = TypeAdapter(AnyRuleSettings)


@pytest.mark.parametrize(
    ("rule", "uses", "expected"),
    [
        # The first that sees what the rule needs
        ({"rule": "fire"}, [{"name": "people"}, {"name": "flames"}], "flames"),
        # One that is kept for the rule, wherever it stands
        (
            {"rule": "fire"},
            [{"name": "flames"}, {"path": "/x/mine", "rules": ["fire"]}],
            "mine",
        ),
        # One that is kept for another rule does not serve
        ({"rule": "smoke"}, [{"path": "/x/mine", "rules": ["fire"]}, {"name": "flames"}], "flames"),
        # The one that the rule names
        ({"rule": "fire", "model": "mine"}, [{"name": "flames"}, {"path": "/x/mine"}], "mine"),
        # Even where it is kept for another
        ({"rule": "smoke", "model": "mine"}, [{"name": "flames"}, {"path": "/x/mine", "rules": ["fire"]}], "mine"),
        # None sees it
        ({"rule": "fire"}, [{"name": "people"}], None),
        ({"rule": "fire", "model": "people"}, [{"name": "flames"}, {"name": "people"}], None),
        # One that was made for the rule, wherever it stands, where others see as much
        ({"rule": "restricted_zone", "zone": "z"}, [{"name": "people"}, {"name": "walkers"}], "walkers"),
        ({"rule": "restricted_zone", "zone": "z"}, [{"name": "walkers"}, {"name": "people"}], "walkers"),
        # Made for another rule says nothing
        ({"rule": "blocked_exit", "zone": "z"}, [{"name": "people"}, {"name": "walkers"}], "people"),
        # But one that sees all that is to be kept out goes before one that was made for the rule and sees a part
        (
            {"rule": "restricted_zone", "zone": "z", "meanings": ["person", "vehicle"]},
            [{"name": "walkers"}, {"name": "people"}],
            "people",
        ),
        # And what the site says goes before both
        (
            {"rule": "restricted_zone", "zone": "z"},
            [{"name": "walkers"}, {"name": "people", "rules": ["restricted_zone"]}],
            "people",
        ),
        # What must stay out decides, not people alone
        ({"rule": "restricted_zone", "zone": "z", "meanings": ["vehicle"]}, [{"name": "people"}], "people"),
        ({"rule": "restricted_zone", "zone": "z", "meanings": ["vehicle"]}, [{"name": "flames"}], None),
        ({"rule": "restricted_zone", "zone": "z", "meanings": ["machinery"]}, [{"name": "people"}], None),
    ],
)
def test_serving_model(
    rule: dict[str, object], uses: list[dict[str, object]], expected: str | None, store: ModelStore
) -> None:
    models = [ModelUse.model_validate(use) for use in uses]
    cards = {use.title: store.card("flames" if use.title == "mine" else use.title) for use in models}
    assert serving_model(RULE.validate_python(rule), models, cards) == expected
