from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.coverage.hours import KEPT, Hours

HOUR_S = 1_795_305_600.0  # 2026-11-22T00:00Z


@pytest.fixture
def hours(tmp_path: Path) -> Hours:
    return Hours(tmp_path / "coverage.json")


def test_the_share_of_an_hour(hours: Hours) -> None:
    hours.add("gate", HOUR_S + 5, HOUR_S + 35, watched=True)
    hours.add("gate", HOUR_S + 60, HOUR_S + 70, watched=False)
    hours.add("gate", HOUR_S + 3600, HOUR_S + 3610, watched=True)
    assert hours.shares("gate") == {"2026-11-22T00:00Z": 0.75, "2026-11-22T01:00Z": 1.0}
    assert hours.share("gate") == 0.8
    assert hours.share("nobody") is None
    assert hours.between(HOUR_S + 3600, HOUR_S + 7200) == {"gate": {"2026-11-22T01:00Z": 1.0}}


def test_time_that_lies_in_two_hours(hours: Hours) -> None:
    hours.add("gate", HOUR_S, HOUR_S + 3610, watched=True)
    hours.add("gate", HOUR_S + 3610, HOUR_S + 3640, watched=False)
    assert hours.shares("gate") == {"2026-11-22T00:00Z": 1.0, "2026-11-22T01:00Z": 0.25}


def test_time_without_an_agent_was_not_watched(hours: Hours) -> None:
    hours.add("gate", HOUR_S, HOUR_S + 1800, watched=True)
    hours.add("yard", HOUR_S, HOUR_S + 1800, watched=True)
    hours.until_s = HOUR_S + 1800
    in_the_first_hour = {"gate": float("inf"), "yard": HOUR_S + 3600, "new": float("inf")}
    hours.missed(HOUR_S + 2.5 * 3600, in_the_first_hour, lambda name, now_s: now_s < in_the_first_hour[name])
    assert hours.shares("gate") == {"2026-11-22T00:00Z": 0.5, "2026-11-22T01:00Z": 0.0, "2026-11-22T02:00Z": 0.0}
    assert hours.shares("yard") == {"2026-11-22T00:00Z": 0.5}
    assert hours.shares("new") == {}  # it has missed nothing: nobody watched it before
    hours.missed(HOUR_S + 2.5 * 3600, in_the_first_hour, lambda *_: True)  # counted once
    assert hours.between(HOUR_S, HOUR_S + 3600) == {
        "gate": {"2026-11-22T00:00Z": 0.5},
        "yard": {"2026-11-22T00:00Z": 0.5},
    }


def test_a_year_without_an_agent_is_as_long_as_what_is_kept(hours: Hours) -> None:
    hours.add("gate", HOUR_S, HOUR_S + 10, watched=True)
    hours.until_s = HOUR_S + 10
    hours.missed(HOUR_S + 365 * 86_400, ["gate"], lambda *_: True)
    assert len(hours.shares("gate", 10_000)) == KEPT + 1


@pytest.mark.parametrize("text", ["", "[]", '{"views": 3}', '{"until_s": "x", "views": {"gate": [1, 2]}}', "{"])
def test_it_outlives_damage(tmp_path: Path, text: str) -> None:
    (tmp_path / "coverage.json").write_text(text)
    hours = Hours(tmp_path / "coverage.json")
    assert hours.shares("gate") == {}
    assert hours.until_s is None


def test_it_outlives_the_process(tmp_path: Path, hours: Hours) -> None:
    hours.add("gate", HOUR_S, HOUR_S + 30, watched=True)
    hours.until_s = HOUR_S + 30
    hours.write()
    again = Hours(tmp_path / "coverage.json")
    assert again.shares("gate") == {"2026-11-22T00:00Z": 1.0}
    assert again.until_s == HOUR_S + 30
    views = {"gate": {"x": "y", "2026-11-22T00:00Z": [1, 2], "2026-11-22T01:00Z": [True, 2]}, "yard": 3}
    (tmp_path / "coverage.json").write_text(json.dumps({"views": views}))
    assert Hours(tmp_path / "coverage.json").shares("gate") == {"2026-11-22T00:00Z": 0.5}


def test_a_week_and_a_day_are_kept(tmp_path: Path, hours: Hours) -> None:
    hours.add("gate", HOUR_S, HOUR_S + 3600 * (KEPT + 50), watched=True)
    hours.write()
    assert len(Hours(tmp_path / "coverage.json").shares("gate", 10_000)) == KEPT


def test_views_are_counted_apart(hours: Hours) -> None:
    hours.add("gate", HOUR_S, HOUR_S + 10, watched=True)
    hours.add("gate-2", HOUR_S, HOUR_S + 10, watched=False)
    assert (hours.share("gate"), hours.share("gate-2")) == (1.0, 0.0)
