from __future__ import annotations

from pathlib import Path

import pytest

from edge.coverage.hours import KEPT, Hours

HOUR_S = 1_795_305_600.0  # 2026-11-22T00:00Z


def test_the_share_of_an_hour(tmp_path: Path) -> None:
    hours = Hours(tmp_path / "coverage.json")
    hours.add("gate", HOUR_S + 5, 30, watched=True)
    hours.add("gate", HOUR_S + 60, 10, watched=False)
    hours.add("gate", HOUR_S + 3600, 10, watched=True)
    assert hours.shares("gate") == {"2026-11-22T00:00Z": 0.75, "2026-11-22T01:00Z": 1.0}
    assert hours.share("gate") == 0.8
    assert hours.share("nobody") is None


def test_it_outlives_the_process_and_damage(tmp_path: Path) -> None:
    path = tmp_path / "coverage.json"
    first = Hours(path)
    first.add("gate", HOUR_S, 30, watched=True)
    first.write()
    assert Hours(path).shares("gate") == {"2026-11-22T00:00Z": 1.0}
    path.write_text(path.read_text()[:-8])
    assert Hours(path).shares("gate") == {}
    path.write_text('{"gate": {"x": "y", "2026-11-22T00:00Z": [1, 2]}, "yard": 3}')
    assert Hours(path).shares("gate") == {"2026-11-22T00:00Z": 0.5}


def test_a_week_and_a_day_are_kept(tmp_path: Path) -> None:
    hours = Hours(tmp_path / "coverage.json")
    for hour in range(KEPT + 50):
        hours.add("gate", HOUR_S + 3600 * hour, 10, watched=True)
    hours.write()
    assert len(Hours(tmp_path / "coverage.json").shares("gate", 10_000)) == KEPT


@pytest.mark.parametrize("source", ["gate", "gate-2"])
def test_views_are_counted_apart(tmp_path: Path, source: str) -> None:
    hours = Hours(tmp_path / "coverage.json")
    hours.add("gate", HOUR_S, 10, watched=True)
    hours.add("gate-2", HOUR_S, 10, watched=True)
    assert hours.share(source) == 1.0
