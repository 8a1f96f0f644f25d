"""Poses as they come: where the camera was when a picture was taken, as far as is known by now."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace

from calibration.pose import Pose, PoseClock
from calibration.terrain import Terrain
from calibration.track import Fix, Track
from edge.clock import AgentClock
from edge.sources.telemetry.flight import Hints
from pipelines.frame import Clock
from pipelines.rules.grounded import Moment

_KEPT_S = 60.0
_SET_S = 5.0
"""A sender whose clock is this far from ours, at the arrival of what it sends, has one that is not set."""


class LiveTrack:
    """Joins poses to pictures. One thread hears, any thread asks.

    Pictures with the time of their camera are joined to poses by the time of their sender, since both say when it was;
    all others by when they arrived, which no clock that is set wrong can spoil.

    Args:
        hints: what the telemetry does not say, for pictures of a size (width, height).
        clock: the agent's.
        offset_s: added to a picture's time to get that of its pose.
        terrain: the ground; flat if None.
        takeoff: latitude and longitude of where heights begin; those of the first pose if None.

    Attributes:
        size: of the pictures, pixels; None before the first.
        error: what is wrong with the telemetry; None when all is well.
        terrain: the ground.
        left_out: messages that were not understood or not believed, by reason.
    """

    def __init__(
        self,
        hints: Callable[[int, int], Hints],
        clock: AgentClock,
        *,
        offset_s: float = 0.0,
        terrain: Terrain | None = None,
        takeoff: tuple[float, float] | None = None,
    ) -> None:
        self.size: tuple[int, int] | None = None
        self.error: str | None = None
        self.left_out: Counter[str] = Counter()
        self._hints = hints
        self._clock = clock
        self._offset_s = offset_s
        self.terrain = terrain
        self._home = takeoff
        self._heard: deque[tuple[float, Pose]] = deque()
        self._synchronised = False
        self._tracks: dict[bool, Track] = {}
        self._lock = threading.Lock()

    def hear(self, pose: Pose) -> None:
        """A pose has come."""
        now_s = self._clock.monotonic()
        with self._lock:
            if self._home is None and pose.latitude_deg is not None and pose.longitude_deg is not None:
                self._home = (pose.latitude_deg, pose.longitude_deg)
            self._heard.append((now_s, pose))
            while now_s - self._heard[0][0] > _KEPT_S:
                self._heard.popleft()
            self._synchronised = pose.clock is PoseClock.UTC and abs(pose.time_s - self._clock.now()) < _SET_S
            self._tracks.clear()
        self.error = None

    def misheard(self, reason: str) -> None:
        """Something has come that is no pose."""
        self.left_out[reason] += 1

    @property
    def age_s(self) -> float | None:
        """Since the last pose came; None before the first."""
        with self._lock:
            return self._clock.monotonic() - self._heard[-1][0] if self._heard else None

    def at(self, moment: Moment) -> Fix:
        """Where the camera was, with what the hints and the terrain add to it."""
        by_sender = moment.clock is Clock.CAMERA and self._synchronised
        track = self._track(by_sender)
        fix = track.at((moment.captured_s if by_sender else moment.time_s) + self._offset_s)
        if fix.pose is None or self.size is None:
            return fix
        pose = self._hints(*self.size).complete(fix.pose)
        if self.terrain is not None and self._home is not None:
            pose = self.terrain.raise_above(pose, self._home)
        return replace(fix, pose=pose)

    def _track(self, by_sender: bool) -> Track:
        with self._lock:
            if by_sender not in self._tracks:
                self._tracks[by_sender] = Track(
                    pose if by_sender else replace(pose, time_s=heard_s) for heard_s, pose in self._heard
                )
            return self._tracks[by_sender]
