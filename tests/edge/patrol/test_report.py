"""A patrol under way has a report at any time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calibration.track import Fix
from edge.config.mission import Mission
from edge.patrol.findings import Findings
from edge.patrol.report import MAP, REPORT, Logbook
from tests.pipelines.builders import a_frame
from tests.waiting import until


def seen(looks: int) -> Findings:
    findings = Findings()
    for k in range(looks):
        findings.note(a_frame(time_s=k * 0.4), Fix(None, 0.0, "no telemetry yet"), [], k * 0.4)
    return findings


def test_the_report_is_there_before_the_patrol_has_ended(tmp_path: Path) -> None:
    findings, out = seen(3), tmp_path / "out"
    with Logbook(findings.copy, Mission(name="night flight"), out, every_s=0.02):
        until((out / REPORT).exists, 10)
        assert "night flight" in (out / REPORT).read_text(encoding="utf-8")
        assert json.loads((out / MAP).read_text(encoding="utf-8"))["type"] == "FeatureCollection"


def test_nothing_is_written_before_there_is_something_to_tell(tmp_path: Path) -> None:
    asked: list[int] = []

    def so_far() -> Findings:
        asked.append(1)
        return Findings()

    with Logbook(so_far, Mission(), tmp_path / "out", every_s=0.01):
        until(lambda: len(asked) > 3, 10)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_can_not_be_written_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    out = tmp_path / "out"
    out.write_text("a file stands where the folder is to be")
    with Logbook(seen(1).copy, Mission(), out, every_s=0.02):
        until(lambda: "tried again" in caplog.text, 10)
        out.unlink()
        until((out / REPORT).exists, 10)


def test_a_copy_of_the_findings_stays_as_it_is() -> None:
    findings = seen(2)
    copy = findings.copy()
    findings.note(a_frame(time_s=2.0), Fix(None, 0.0, "no telemetry yet"), [], 2.0)
    findings.faults.append("late")
    assert (copy.looks, sum(copy.missing.values()), copy.faults) == (2, 2, [])
    assert (findings.looks, sum(findings.missing.values())) == (3, 3)
