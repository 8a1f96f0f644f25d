"""The other loops, each in its own process, on real clips with the real model."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from calibration.errors import LookoutError
from edge.bench import alarms, cameras
from edge.bench.agent import Stand
from edge.bench.cameras import Camera
from edge.bench.clips import Library
from edge.bench.rivals import Ran, Run, run_loop, work
from edge.bench.scenes import Scene, busy
from edge.config.broker import BrokerSettings
from edge.config.drill import DrillFire
from pipelines.hazards import HazardKind

NOWHERE = BrokerSettings(host="127.0.0.1")
FLAME = Scene(
    "blaze", 8.0, item=DrillFire(at=(0.82, 0.93), size=0.3, grow_s=2.0, seed=2), onsets={HazardKind.FIRE: 0.0}
)


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path, NOWHERE)


def play(loop: str, stand: Stand, those: list[Camera], seconds: float, *, paced: bool = False) -> list[Ran]:
    return run_loop(loop, stand.site(those), [Run((one.name,), seconds, paced) for one in those])


@pytest.mark.slow
@pytest.mark.parametrize("loop", ["B", "C"])
def test_a_gate_looks_at_people_and_not_at_noise(loop: str, stand: Stand, library: Library) -> None:
    calm, lively = play(loop, stand, [*cameras.quiet(library, 1), *cameras.busy(library, 1)], 12.0)
    assert calm.media_s == lively.media_s == pytest.approx(12, abs=0.05)
    assert calm.looks == 0
    # Somebody is there for 4 of the 12 seconds, at 5 looks a second.
    assert 10 <= lively.looks <= 40
    assert lively.model_runs >= lively.looks
    assert lively.cpu_s > calm.cpu_s > 0


@pytest.mark.slow
@pytest.mark.parametrize("loop", ["R", "C"])
def test_a_fire_is_raised_after_it_began(loop: str, stand: Stand, library: Library) -> None:
    camera = Camera("gate", library.hazard(FLAME, 0, lead_s=4.0))
    (ran,) = play(loop, stand, [camera], camera.clip.length_s)
    (found,) = alarms.outcomes([camera], ran.raised)
    assert found.after_s is not None
    assert 0 < found.after_s < 8
    assert not alarms.unexpected([camera], ran.raised)


@pytest.mark.slow
def test_paced_takes_as_long_as_it_was_filmed(stand: Stand, library: Library) -> None:
    (ran,) = play("B", stand, cameras.quiet(library, 1), 3.0, paced=True)
    assert ran.wall_s >= 3.0
    assert ran.late_s > 0


def test_a_without_ultralytics_says_so(stand: Stand, library: Library) -> None:
    if importlib.util.find_spec("ultralytics") is not None:
        pytest.skip("ultralytics is installed here")
    with pytest.raises(LookoutError, match="ultralytics is not installed"):
        play("A", stand, cameras.quiet(library, 1), 1.0)


@pytest.mark.slow
def test_a_looks_at_every_frame(stand: Stand, library: Library) -> None:
    pytest.importorskip("ultralytics", reason="needs the extra train")
    (ran,) = play("A", stand, cameras.quiet(library, 1), 1.0)
    assert ran.looks == ran.media_s * 25 == 25


def test_what_stops_a_loop_is_told(stand: Stand, library: Library) -> None:
    with pytest.raises(LookoutError, match="allowed: A, B, C, R"):
        play("Z", stand, cameras.quiet(library, 1), 1.0)
    with pytest.raises(LookoutError, match="not done within 0"):
        work({"task": "loop"}, 0.01)
    with pytest.raises(LookoutError, match=r"ended with code 1: .*KeyError"):
        work({"task": "loop"}, 60.0)


def test_the_site_is_the_same_for_all_loops(library: Library, tmp_path: Path) -> None:
    person = Camera("gate", library.hazard(Scene("walk", 4.0, onsets={HazardKind.RESTRICTED_ZONE: 1.4}), 0, 2.0))
    document = cameras.site_document([*cameras.quiet(library, 1), person], NOWHERE, tmp_path)
    hall, gate = document["sources"]
    assert [rule["rule"] for rule in hall["rules"]] == ["fire", "smoke"]
    assert (gate["zones"][0]["name"], gate["rules"][0]["zone"]) == ("lawn", "lawn")
    assert [model["name"] for model in document["models"]] == ["fire-smoke", "people-vehicles"]
    sub = cameras.site_document(cameras.quiet(library, 1), NOWHERE, tmp_path, substream=True)["sources"][0]
    clip = library.quiet(0)
    wanted = {"url": str(clip.sub)}
    assert {key: sub[key] for key in sub if key.endswith("url")} == wanted


def test_one_in_ten_is_active_also_among_the_first(library: Library) -> None:
    those = cameras.active10(library, 12)
    assert [one.clip.active for one in those] == [False, True, False] * 4
    share = 1 - busy(30.0).quiet_s / 30.0
    assert sum(one.clip.active for one in those) / 12 * share == pytest.approx(0.1)
    assert len({one.clip.main for one in those if one.clip.active}) == 4, "not all at the same time"


def test_hazards_on_cameras_drawn_at_random(library: Library) -> None:
    calm = cameras.quiet(library, 8)
    plan = [(FLAME, 4.0), (FLAME, 14.0)]
    drawn = [cameras.with_hazards(calm, library, plan, seed=seed, tail_s=4.0) for seed in (1, 1, 2)]
    for those in drawn:
        ends_s = [one.clip.length_s for one in those if one.clip.onsets]
        assert min(ends_s) >= 14.0 + FLAME.length_s, "none happens again beside another"
    places = [[i for i, one in enumerate(those) if one.clip.onsets] for those in drawn]
    assert places[0] == places[1] != places[2]
    assert all(len(place) == 2 for place in places)
    assert len({one.name for one in drawn[0]}) == 8
