from __future__ import annotations

from typing import Any

import pytest

from edge.delivery.message import message_for
from edge.delivery.place import Place
from pipelines.events import Mode, Phase
from pipelines.hazards import HazardKind
from tests.edge.delivery.builders import make_event

HALL = Place(building="Hall 3", floor="2")


@pytest.mark.parametrize(
    ("changed", "place", "lang", "said"),
    [
        ({}, None, "en", "Fire: gate-3"),
        ({}, None, "zh", "发现火焰：gate-3"),
        ({}, HALL, "en", "Fire: Hall 3, floor 2, gate-3"),
        ({}, HALL, "zh", "发现火焰：Hall 3，2层，gate-3"),
        ({"phase": Phase.UPDATE}, None, "zh", "火焰持续中：gate-3"),
        ({"phase": Phase.CLEARED}, None, "en", "Fire, cleared: gate-3"),
        ({"kind": HazardKind.SMOKE, "zone": "dock"}, None, "en", "Smoke: dock, gate-3"),
        # Nobody must run for a drill, or for what is only observed.
        ({"drill": True}, None, "en", "[DRILL] Fire: gate-3"),
        ({"drill": True, "mode": Mode.OBSERVE}, None, "zh", "【演练】【观察】发现火焰：gate-3"),
    ],
)
def test_the_line_for_people(changed: dict[str, Any], place: Place | None, lang: str, said: str) -> None:
    assert message_for(make_event(**changed), place, lang) == said


@pytest.mark.parametrize("kind", list(HazardKind))
@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_there_is_a_line_for_everything(kind: HazardKind, phase: Phase, lang: str) -> None:
    assert kind.title(lang) in message_for(make_event(kind=kind, phase=phase), None, lang)
