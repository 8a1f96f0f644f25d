"""Rules switched and hazards muted, until a time: kept over a restart, and not longer than they were given for."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.errors import CommandRefused
from edge.agent.switches import Switches
from edge.clock import ManualClock
from edge.config import Site
from edge.config.load import load_site
from edge.delivery.contract import utc
from edge.delivery.orders import Mute, Rules
from tests.conftest import ROOT

ENV = {"LOOKOUT_MQTT_PASSWORD": "m", "CAMERA_PASSWORD": "c"}


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(ROOT / "examples" / "factory.yaml", ENV)


def states(switches: Switches, site: Site) -> set[str]:
    return {
        f"{source.name}/{rule.title}={to}"
        for source in site.sources
        for rule in source.rules
        if (to := switches.state(source.name, rule)) is not None
    }


def rules(clock: ManualClock, to: str = "off", for_s: float = 60.0, **about: object) -> Rules:
    return Rules.model_validate({"time": utc(clock.now()), "until": utc(clock.now() + for_s), "to": to, **about})


def mute(clock: ManualClock, for_s: float = 60.0, **about: object) -> Mute:
    return Mute.model_validate({"time": utc(clock.now()), "until": utc(clock.now() + for_s), **about})


def test_a_switch_ends_by_itself(tmp_path: Path, site: Site) -> None:
    clock = ManualClock()
    switches = Switches(tmp_path / "s.json", site, clock)
    answer = switches.rules(rules(clock, hazard="fire"), "1")
    assert answer["rules"]
    assert states(switches, site) == {f"{name}=off" for name in answer["rules"]}
    assert switches.report()[0]["hazard"] == "fire"
    clock.advance(61)
    assert states(switches, site) == set()
    assert switches.report() == []


def test_muted_hazards_are_observed(tmp_path: Path, site: Site) -> None:
    clock = ManualClock()
    switches = Switches(tmp_path / "s.json", site, clock)
    answer = switches.mute(mute(clock, source=site.sources[0].name), "1")
    assert states(switches, site) == {f"{name}=observe" for name in answer["rules"]}
    assert {name.split("/")[0] for name in answer["rules"]} == {site.sources[0].name}


def test_off_goes_before_observe(tmp_path: Path, site: Site) -> None:
    clock = ManualClock()
    switches = Switches(tmp_path / "s.json", site, clock)
    switches.mute(mute(clock, 60), "1")
    switches.rules(rules(clock, "off", 30), "2")
    assert {each.split("=")[1] for each in states(switches, site)} == {"off"}
    clock.advance(31)
    assert {each.split("=")[1] for each in states(switches, site)} == {"observe"}


def test_a_restart_goes_on(tmp_path: Path, site: Site) -> None:
    clock = ManualClock()
    Switches(tmp_path / "s.json", site, clock).rules(rules(clock, for_s=600), "1")
    clock.advance(300)
    again = Switches(tmp_path / "s.json", site, clock)
    assert states(again, site)
    clock.advance(301)
    assert not states(again, site)


def test_a_clock_that_is_set_back_does_not_make_it_last(tmp_path: Path, site: Site) -> None:
    clock = ManualClock()
    switches = Switches(tmp_path / "s.json", site, clock)
    switches.rules(rules(clock, for_s=60), "1")
    clock._now -= 3600
    clock.advance(61)
    assert not states(switches, site)


def test_what_concerns_nothing_is_refused(tmp_path: Path, site: Site) -> None:
    clock = ManualClock()
    switches = Switches(tmp_path / "s.json", site, clock)
    with pytest.raises(CommandRefused, match="no rule is concerned; there are: "):
        switches.rules(rules(clock, source="attic"), "1")
    assert not (tmp_path / "s.json").exists()


@pytest.mark.parametrize("content", ["", "{}", '[{"to": "up"}]', '[3, {"to": "off", "until_s": "x"}]', "\x00"])
def test_a_damaged_file_switches_nothing(tmp_path: Path, site: Site, content: str) -> None:
    (tmp_path / "s.json").write_text(content)
    assert states(Switches(tmp_path / "s.json", site, ManualClock()), site) == set()
