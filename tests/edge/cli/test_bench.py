"""`lookout bench` from end to end, on small clips and in a fraction of the time: no figure of it says anything."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.bench.record import LOOPS
from edge.cli import app
from tests.edge.bench.test_record import PROMISED

WHOLE = os.environ.get("LOOKOUT_BENCH") == "all"
"""Without it the benchmark is left after half a minute, and says what it left out; with it that takes minutes."""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_quick(tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["bench", "--quick", "--json", "--shorter", "0.1", "--cache", str(tmp_path / "c"), "--out", str(out)]
    arguments += [] if WHOLE else ["--limit", "15"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert json.loads((out / "bench.json").read_text()) == told

    def value(name: str) -> object:
        found = told
        for part in name.split("."):
            found = found[part]
        return found

    for name in PROMISED:
        covered = any(name.startswith(reason) or reason.startswith(name) for reason in told["reasons"])
        assert value(name) is not None or covered, f"{name} is null without a reason"
    assert value("start_s") is not None, told["reasons"]
    assert "D Lookout" in (out / "bench.md").read_text()
    assert (out / "bench.png").stat().st_size > 1000
    if not WHOLE:
        assert told["reasons"]["overload_p99_ms"].startswith("left out")
        return
    for loop in LOOPS[1:]:
        assert value(f"cpu_per_camera.quiet.{loop}") is not None, told["reasons"]
    if importlib.util.find_spec("ultralytics") is None:
        assert all(value(f"cameras.{c}.A") is None for c in ("quiet", "active10", "substream"))
        assert "ultralytics is not installed" in told["reasons"]["cameras.quiet.A"]
    assert told["confirmed"]["cameras"] >= 1, told["reasons"]
    assert set(told["time_to_alarm_s"]["D"]) == {"fire", "restricted_zone", "smoke"}


def test_clips_that_are_missing_are_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["bench", "--quick", "--clips", str(tmp_path / "gone.yaml"), "--cache", str(tmp_path)]
    )
    assert result.exit_code == 2
    assert "gone.yaml" in result.stderr
