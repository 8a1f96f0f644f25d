"""A patrol that is watched while it is under way: the site that it amounts to, and what it comes to."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from calibration.errors import ConfigError
from calibration.terrain import Terrain
from edge.agent.desk import Look
from edge.config import Site
from edge.config.mission import LiveSettings, Mission
from edge.config.telemetry import CameraHints
from edge.patrol.findings import Findings, Glimpse, glimpses
from edge.sources.telemetry.live import LiveTrack
from pipelines.frame import Frame
from pipelines.rules.grounded import PATIENCE_S, Moment
from pipelines.watch import Inspection

SOURCE = "camera"
"""The patrol's only source, by its name in events."""


def site_of(mission: Mission, live: LiveSettings, model: str) -> Site:
    """The site that a patrol amounts to: one camera that moves, watched for the mission's hazards.

    What the mission says of the camera counts, unless its telemetry has been told something else.

    Args:
        mission: what it is for.
        live: its part about the time in the air.
        model: an installed one.

    Raises:
        ConfigError: nothing watches for a hazard so.
    """
    own = live.telemetry
    hints: dict[str, Any] = {
        "camera": own.camera if own.camera != CameraHints() else mission.camera,
        "height_m": mission.height_m if own.height_m is None else own.height_m,
        "terrain": mission.terrain if own.terrain is None else own.terrain,
    }
    if "accuracy" in mission.model_fields_set and own.accuracy is None:
        hints["accuracy"] = mission.accuracy
    source = {
        "name": SOURCE,
        "url": live.url,
        "interval_s": min(mission.every_s, 10.0),
        "telemetry": own.model_copy(update=hints),
        "rules": [{"rule": hazard} for hazard in mission.hazards],
    }
    try:
        return Site.model_validate(
            {
                "site": {"name": live.site},
                "agent": {"name": live.agent, "data": live.data, "lang": mission.lang},
                "broker": live.broker,
                "models": [{"name": model}],
                "sources": [source],
            }
        )
    except ValueError as error:
        raise ConfigError([str(error)]) from error


@dataclass(frozen=True, slots=True, eq=False)
class _Noted:
    """A look that waits for the pose of its picture."""

    frame: Frame
    seen: list[Glimpse]


class LiveLog:
    """Gathers what the agent sees into the findings of the patrol. `take` belongs to the thread that inspects.

    Args:
        mission: what is looked for.
        track: knows where the camera was.
        terrain: the ground; flat if None.

    Attributes:
        findings: so far.
    """

    def __init__(self, mission: Mission, track: LiveTrack, terrain: Terrain | None) -> None:
        self.findings = Findings(terrain)
        self._hazards = mission.hazards
        self._track = track
        self._waiting: deque[_Noted] = deque()
        self._began_s: float | None = None
        self._lock = threading.Lock()

    def so_far(self) -> Findings:
        """A copy of the findings, from any thread."""
        with self._lock:
            return self.findings.copy()

    def take(self, look: Look, inspection: Inspection) -> None:
        """One look more."""
        seen: list[Glimpse] = []
        for scene in inspection.scenes:
            seen += glimpses(scene.detections, scene.frame, scene.meanings, scene.thresholds, self._hazards)
        self._waiting.append(_Noted(look.frame, seen))
        self.settle(look.frame.time_s)

    def settle(self, now_s: float | None = None) -> None:
        """Count in the looks whose poses have come, or would have; all of them if no time is given."""
        while self._waiting:
            noted = self._waiting[0]
            fix = self._track.at(Moment.of(noted.frame))
            if now_s is not None and not fix.settled and now_s - noted.frame.time_s < PATIENCE_S:
                return
            self._waiting.popleft()
            with self._lock:
                if self._began_s is None:
                    self._began_s = noted.frame.time_s
                    self.findings.starts.append((0.0, datetime.fromtimestamp(noted.frame.captured_s, UTC)))
                self.findings.seconds = noted.frame.time_s - self._began_s
                self.findings.note(noted.frame, fix, noted.seen, round(self.findings.seconds, 3))
