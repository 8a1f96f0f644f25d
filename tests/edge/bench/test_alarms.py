"""How late each hazard was raised."""

from __future__ import annotations

from pathlib import Path

from edge.bench.alarms import ALLOWED_S, Outcome, late, outcomes, percentiles, unexpected
from edge.bench.cameras import Camera
from edge.bench.clips import Clip
from edge.bench.feed import Raised
from pipelines.hazards import HazardKind

FIRE, SMOKE = HazardKind.FIRE, HazardKind.SMOKE


def camera(name: str, **onsets: float) -> Camera:
    return Camera(name, Clip(Path("a"), Path("b"), 40.0, {HazardKind(k): at for k, at in onsets.items()}, "film"))


GATE, HALL = camera("gate", fire=10.0, smoke=12.0), camera("hall")


def test_from_its_beginning_to_whoever_waits() -> None:
    raised = [Raised("gate", "fire", 13.0, 0.05), Raised("gate", "fire", 20.0, 0.05), Raised("hall", "fire", 13.0, 0.0)]
    assert outcomes([GATE, HALL], raised) == [
        Outcome("gate", "film", "fire", 3.05),
        Outcome("gate", "film", "smoke", None),
    ]


def test_before_it_began_or_in_the_next_turn_is_not_of_it() -> None:
    raised = [Raised("gate", "fire", 9.0, 0.0), Raised("gate", "fire", 50.0, 0.0)]
    assert outcomes([GATE], raised)[0].after_s is None


def test_what_did_not_happen() -> None:
    false = [Raised("hall", "fire", 13.0, 0.0), Raised("gate", "fire", 9.0, 0.0)]
    assert unexpected([GATE, HALL], [*false, Raised("gate", "fire", 11.0, 0.0)]) == false


def test_percentiles_of_each_kind() -> None:
    found = [Outcome("a", "film", "fire", after) for after in (1.0, 2.0, 3.0, None)] + [
        Outcome("a", "film", "smoke", None)
    ]
    assert percentiles(found) == {
        "fire": {"p50": 2.0, "p95": 2.9, "n": 4, "missed": 1},
        "smoke": {"p50": None, "p95": None, "n": 1, "missed": 1},
    }


def test_limits_follow_the_reference() -> None:
    reference = {("film", "fire"): 2.0, ("film", "smoke"): None}
    good, slow = Outcome("a", "film", "fire", 2.0 + ALLOWED_S), Outcome("b", "film", "fire", 2.1 + ALLOWED_S)
    missed, excused = Outcome("c", "film", "fire", None), Outcome("d", "film", "smoke", None)
    assert late([good, slow, missed, excused], reference) == [
        "b: fire of film was raised after 4.6 s, allowed 4.5 s",
        "c: fire of film was not raised",
    ]
