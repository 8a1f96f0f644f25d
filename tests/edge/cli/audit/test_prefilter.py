"""`lookout audit prefilter` on real footage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.audit import prefilter as audit
from edge.audit.footage import Weather
from edge.cli import app
from edge.config.drill import DrillSmoke
from tests.edge.sources.footage import make_clip


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Eight seconds that get brighter bit by bit."""
    return make_clip(tmp_path / "hall.mp4", count=50, ticks=[4 * number for number in range(50)])


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """One plume instead of fourteen drills."""
    item = DrillSmoke(at=(0.5, 0.85), start_s=audit.BEGINS_S, grow_s=4.0, opacity=0.6)
    monkeypatch.setattr(audit, "drills", lambda _: [(item, Weather.CALM)])


def test_events_drills_and_quiet_footage(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "clips.yaml").write_text(f"{clip.name}: {{fire: [[1, 3]]}}\n")
    plot = tmp_path / "plot.png"
    result = CliRunner().invoke(
        app, ["audit", "prefilter", str(tmp_path / "clips.yaml"), str(clip), "--plot", str(plot), "--json"]
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert [(one["where"], one["what"]) for one in told["events"]] == [(clip.stem, "fire")]
    assert [one["what"] for one in told["drills"]] == ["smoke"]
    assert {one["weather"] for one in told["quiet"]} == set(Weather)
    assert told["look_us"] > 0
    assert plot.stat().st_size > 1000


def test_tables_for_people(clip: Path) -> None:
    result = CliRunner().invoke(app, ["audit", "prefilter", str(clip), "--drills", "0"])
    assert result.exit_code == 0, result.output
    assert "Handed on in calm weather" in result.stdout


def test_a_clip_that_is_missing_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["audit", "prefilter", str(tmp_path / "gone.mp4")])
    assert result.exit_code != 0
    assert "gone.mp4" in str(result.exception) + result.output
