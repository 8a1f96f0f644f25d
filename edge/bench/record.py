"""The one object that a benchmark comes to: every figure has its place from the start, null until it is known."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import av
import cv2
import onnxruntime

from edge.bench.estimate import Figure
from edge.version import __version__

LOOPS = ("A", "B", "C", "D")
CONDITIONS = ("quiet", "active10", "substream")
FILE = "bench.json"


def empty() -> dict[str, Any]:
    """A record without any figure."""
    each = dict.fromkeys(LOOPS)
    return {
        "machine": machine(),
        "model": None,
        "quick": None,
        "limit": None,
        "clips": None,
        "cameras": {condition: dict(each) for condition in CONDITIONS},
        "estimated": {condition: dict(each) for condition in CONDITIONS},
        "cpu_per_camera": {condition: dict(each) for condition in (*CONDITIONS, "busy", "busy_substream")},
        "confirmed": None,
        "ratios": {condition: {"D_over_C": None, "D_over_A": None} for condition in CONDITIONS},
        "time_to_alarm_s": {"A": None, "reference": None, "D": None},
        "late": None,
        "unexpected": None,
        "latency_ms": {"p50": None, "p99": None, "n": None},
        "prefilter_us": dict.fromkeys(("B", "C", "D")),
        "detect_over_raw": None,
        "detect_over_raw_fp32": None,
        "predict_ratio": None,
        "predict_ratio_int8": None,
        "packing_ratio": None,
        "overload": None,
        "overload_p99_ms": None,
        "prefilter": {"recall": None, "passed_share": None},
        "rss_mb": None,
        "start_s": None,
        "restart_s": None,
        "spread": {},
        "reasons": {},
        "took_s": None,
    }


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "processor": _processor(),
        "cores": cores(),
        "load_before": round(os.getloadavg()[0], 2),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "lookout": __version__,
        "onnxruntime": onnxruntime.__version__,
        "opencv": cv2.__version__,
        "pyav": av.__version__,
    }


def cores() -> int:
    """The cores at hand."""
    return len(os.sched_getaffinity(0))


class Record:
    """Takes figures as they become known, and keeps what there is on disk.

    Args:
        path: where it is kept; nowhere if None.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.content = empty()
        self._path = path

    def put(self, name: str, value: Any) -> None:
        """Note a figure.

        Args:
            name: its place, such as `cameras.quiet.D`.
            value: what is known; of a `Figure` the median, its spread goes to `spread`.
        """
        if isinstance(value, Figure):
            if value.count > 1:
                self.content["spread"][name] = [_rounded(value.low), _rounded(value.high), value.count]
            value = value.value
        *groups, last = name.split(".")
        place = self.content
        for group in groups:
            place = place[group]
        place[last] = _rounded(value)
        self.content["reasons"].pop(name, None)
        self._keep()

    def get(self, name: str) -> Any:
        """A figure by its place."""
        found: Any = self.content
        for part in name.split("."):
            found = found[part]
        return found

    def lacks(self, name: str, reason: str) -> None:
        """Say why a figure is null."""
        self.content["reasons"][name] = reason
        self._keep()

    def nulls(self, name: str) -> Iterator[str]:
        """The places at or below a name that are still null."""
        yield from _nulls(name, self.get(name))

    def text(self) -> str:
        """All of it as JSON."""
        return json.dumps(self.content, ensure_ascii=False, indent=2)

    def _keep(self) -> None:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_suffix(".part")
            part.write_text(self.text() + "\n", encoding="utf-8")
            part.replace(self._path)


def _nulls(name: str, value: Any) -> Iterator[str]:
    if value is None:
        yield name
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _nulls(f"{name}.{key}", inner)


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
