"""The record has all its fields from the start, and pages show what is in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calibration.errors import LookoutError
from edge.bench.bench import Parts, put_ratios
from edge.bench.estimate import Figure
from edge.bench.markdown import page
from edge.bench.plot import draw_cameras
from edge.bench.record import CONDITIONS, LOOPS, Record

PROMISED = [
    *(f"cameras.{condition}.{loop}" for condition in CONDITIONS for loop in LOOPS),
    *(f"cpu_per_camera.{condition}.{loop}" for condition in CONDITIONS for loop in LOOPS),
    "time_to_alarm_s.A", "time_to_alarm_s.D", "latency_ms.p50", "latency_ms.p99",
    "prefilter_us.B", "prefilter_us.C", "prefilter_us.D", "detect_over_raw", "predict_ratio", "packing_ratio",
    "predict_ratio_int8", "overload_p99_ms", "prefilter.recall", "prefilter.passed_share", "rss_mb", "start_s",
]  # fmt: skip


def test_every_figure_has_its_place() -> None:
    record = Record()
    assert all(record.get(name) is None for name in PROMISED)
    assert record.content["machine"]["cores"] >= 1
    assert json.loads(record.text()) == record.content


def test_spread_goes_with_a_repeated_figure(tmp_path: Path) -> None:
    record = Record(tmp_path / "out" / "bench.json")
    record.lacks("start_s", "not yet")
    record.put("start_s", Figure(1.5, 1.2, 1.9, 3))
    record.put("rss_mb", Figure(400.0, 400.0, 400.0, 1))
    kept = json.loads((tmp_path / "out" / "bench.json").read_text())
    assert (kept["start_s"], kept["rss_mb"], kept["reasons"]) == (1.5, 400.0, {})
    assert kept["spread"] == {"start_s": [1.2, 1.9, 3]}


def test_a_part_that_fails_is_null_with_its_reason_and_the_rest_goes_on() -> None:
    record, told = Record(), []
    parts = Parts(record, told.append, 60.0)

    def breaks() -> None:
        record.put("prefilter_us.B", 540.0)
        raise LookoutError("the gate fell off")

    parts.do("gates", ["prefilter_us"], breaks)
    parts.do("start", ["start_s"], lambda: record.put("start_s", 1.0))
    assert record.get("prefilter_us") == {"B": 540.0, "C": None, "D": None}
    assert record.content["reasons"] == dict.fromkeys(["prefilter_us.C", "prefilter_us.D"], "the gate fell off")
    assert record.get("start_s") == 1.0
    assert any("the gate fell off" in line for line in told)


def test_when_the_time_is_up_the_rest_is_left_out() -> None:
    record = Record()
    Parts(record, lambda _: None, -1.0).do("start", ["start_s"], lambda: pytest.fail("must not run"))
    assert "left out" in record.content["reasons"]["start_s"]


def test_ratios() -> None:
    record = Record()
    for loop, cameras in (("C", 10), ("D", 65)):
        record.put(f"cameras.quiet.{loop}", cameras)
    put_ratios(record)
    assert record.get("ratios.quiet") == {"D_over_C": 6.5, "D_over_A": None}
    assert "ratios.quiet.D_over_A" in record.content["reasons"]


def test_pages(tmp_path: Path) -> None:
    record = Record()
    for i, loop in enumerate(LOOPS):
        record.put(f"cameras.quiet.{loop}", 10.0 * i + 1)
        record.put(f"cpu_per_camera.quiet.{loop}", 0.8 / (i + 1))
    record.put("time_to_alarm_s.D", {"fire": {"p50": 2.3, "p95": 4.1, "n": 20, "missed": 1}})
    record.put("start_s", Figure(1.5, 1.2, 1.9, 3))
    record.lacks("time_to_alarm_s.A", "ultralytics is not installed")
    text = page(record.content)
    for said in ("| D Lookout | 31 | 20.0% |", "| D | fire | 2.3 | 4.1 | 20 | 1 |", "1.2–1.9", "ultralytics is not"):
        assert said in text
    pytest.importorskip("matplotlib", reason="needs the extra models")
    draw_cameras(record.content, tmp_path / "plots" / "bench.png")
    assert (tmp_path / "plots" / "bench.png").stat().st_size > 1000
