"""A record as a page for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge.bench.record import CONDITIONS, LOOPS

_LOOP = {"A": "A predict, every frame", "B": "B MOG2 gate", "C": "C motion regions", "D": "D Lookout"}
_CONDITION = {"quiet": "all quiet", "active10": "one in ten active", "substream": "one in ten active, sub-stream"}
_SINGLE = {
    "detect_over_raw": "detect step over bare `session.run`, weights as the card says",
    "detect_over_raw_fp32": "the same with the fp32 weights",
    "predict_ratio": "CPU of A's predict over the detect step, same fp32 model",
    "predict_ratio_int8": "the same, over the detect step with the INT8 model",
    "packing_ratio": "regions a second, packed over single",
    "overload_p99_ms": "frame → MQTT at twice the cameras that fit, p99, ms",
    "rss_mb": "resident memory at the larger load, MB",
    "start_s": "first start to first inspection, s",
    "restart_s": "any later start to first inspection, s",
}


def page(record: Mapping[str, Any]) -> str:
    """The whole page."""
    machine = record["machine"]
    head = [
        "# Benchmark",
        "",
        f"{machine['processor']}, {machine['cores']} cores, load before {machine['load_before']}; "
        f"Lookout {machine['lookout']}, onnxruntime {machine['onnxruntime']}. "
        f"{'Estimated from processor time' if record['quick'] else 'Sustained in real time'}.",
        "",
    ]
    parts = [_cameras(record), _alarms(record), _single(record), _reasons(record)]
    return "\n".join([*head, *(line for part in parts for line in [*part, ""])])


def _cameras(record: Mapping[str, Any]) -> list[str]:
    lines = ["| Loop | " + " | ".join(f"Cameras, {_CONDITION[c]} | CPU a camera" for c in CONDITIONS) + " |"]
    lines.append("|---" * (1 + 2 * len(CONDITIONS)) + "|")
    for loop in LOOPS:
        cells = [
            f"{_figure(record, f'cameras.{c}.{loop}')} | {_cpu(record, f'cpu_per_camera.{c}.{loop}')}"
            for c in CONDITIONS
        ]
        lines.append(f"| {_LOOP[loop]} | {' | '.join(cells)} |")
    for rival in ("C", "A"):
        cells = [f"{_figure(record, f'ratios.{c}.D_over_{rival}')} × | " for c in CONDITIONS]
        lines.append(f"| D over {rival} | {' | '.join(cells)} |")
    return lines


def _alarms(record: Mapping[str, Any]) -> list[str]:
    lines = ["| Time to alarm, s | Hazard | p50 | p95 | Happened | Missed |", "|---|---|---|---|---|---|"]
    for who in ("A", "reference", "D"):
        for kind, one in (record["time_to_alarm_s"][who] or {}).items():
            cells = (kind, _number(one["p50"]), _number(one["p95"]), one["n"], one["missed"])
            lines.append(f"| {who} | {' | '.join(map(str, cells))} |")
    latency = record["latency_ms"]
    lines += ["", f"Frame → MQTT: p50 {_number(latency['p50'])} ms, p99 {_number(latency['p99'])} ms."]
    if record["confirmed"] is not None:
        one = record["confirmed"]
        verdict = "within its limits" if one["passed"] else "; ".join(one["broken"])
        lines.append(f"Run in real time: {one['cameras']} quiet cameras of {one['estimated']} estimated, {verdict}.")
    return lines


def _single(record: Mapping[str, Any]) -> list[str]:
    lines = ["| Figure | Value | Spread of repeats |", "|---|---|---|"]
    rows = {f"prefilter_us.{loop}": f"gate of {loop} at 1080p, µs a look" for loop in ("B", "C", "D")} | _SINGLE
    rows |= {"prefilter.recall": "prefilter: share flagged", "prefilter.passed_share": "prefilter: passed of quiet"}
    for name, title in rows.items():
        spread = record["spread"].get(name)
        lines.append(f"| {title} | {_figure(record, name)} | {f'{spread[0]:g}–{spread[1]:g}' if spread else ''} |")
    return lines


def _reasons(record: Mapping[str, Any]) -> list[str]:
    return [f"- `{name}`: {' '.join(reason.split())}" for name, reason in record["reasons"].items()]


def _figure(record: Mapping[str, Any], name: str) -> str:
    value: Any = record
    for part in name.split("."):
        value = value[part]
    return _number(value)


def _cpu(record: Mapping[str, Any], name: str) -> str:
    value = _figure(record, name)
    return value if value == "–" else f"{float(value):.1%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
