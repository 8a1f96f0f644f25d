"""The report of a patrol in its folder: at the end, and again and again while it is under way."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.agent.folder import write_whole
from edge.config.mission import Mission
from edge.patrol.findings import Findings
from edge.patrol.geojson import geojson
from edge.patrol.page import page

log = logging.getLogger(__name__)

REPORT, MAP = "report.html", "patrol.geojson"
_EVERY_S = 20.0


def write_report(findings: Findings, mission: Mission, out: Path) -> Path:
    """Write the page and the map into a folder, which is made if missing: `->` the page.

    Raises:
        OSError: they can not be written; those of before are left as they were.
    """
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / MAP, geojson(findings, mission))
    write_whole(out / REPORT, page(findings, mission))
    return out / REPORT


class Logbook:
    """Writes what a patrol came to so far, in a thread of its own, so that one which ends badly has a report too.

    Args:
        so_far: the findings.
        mission: what the patrol is for.
        out: the folder.
        every_s: how often.
    """

    def __init__(self, so_far: Callable[[], Findings], mission: Mission, out: Path, every_s: float = _EVERY_S) -> None:
        self._so_far = so_far
        self._mission = mission
        self._out = out
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="logbook", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        written = 0
        while not self._stop.wait(self._every_s):
            findings = self._so_far()
            if findings.looks == written:
                continue
            try:
                write_report(findings, self._mission, self._out)
            except OSError as error:
                log.warning("report not written, tried again", extra={"folder": str(self._out), "reason": str(error)})
            else:
                written = findings.looks
