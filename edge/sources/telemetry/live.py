"""Poses as they come: where the camera was when a picture was taken, as far as is known by now."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from calibration.errors import NoOffset
from calibration.offset import find_offset, turn_rates
from calibration.pose import Pose, PoseClock
from calibration.terrain import Terrain
from calibration.track import Fix, Track
from edge.clock import AgentClock
from edge.sources.telemetry.flight import Hints
from pipelines.frame import Clock
from pipelines.rules.grounded import Moment

_KEPT_S = 120.0
_TRIED_EVERY_S = 15.0
_SET_S = 5.0
"""A sender whose clock is this far from ours, at the arrival of what it sends, has one that is not set."""


class LiveTrack:
    """Joins poses to pictures. One thread hears, any thread asks.

    Pictures with the time of their camera are joined to poses by the time of their sender, since both say when it was;
    all others by when they arrived, which no clock that is set wrong can spoil.

    Args:
        hints: what the telemetry does not say, for pictures of a size (width, height).
        clock: the agent's.
        offset_s: added to a picture's time to get that of its pose; found from a turn if None, 0 before.
        terrain: the ground; flat if None.
        takeoff: latitude and longitude of where heights begin; those of the first pose if None.

    Attributes:
        size: of the pictures, pixels; None before the first.
        error: what is wrong with the telemetry; None when all is well.
        terrain: the ground.
        offset_s: as it is by now.
        left_out: messages that were not understood or not believed, by reason.
    """

    def __init__(
        self,
        hints: Callable[[int, int], Hints],
        clock: AgentClock,
        *,
        offset_s: float | None = None,
        terrain: Terrain | None = None,
        takeoff: tuple[float, float] | None = None,
    ) -> None:
        self.size: tuple[int, int] | None = None
        self.error: str | None = None
        self.left_out: Counter[str] = Counter()
        self._hints = hints
        self._clock = clock
        self.offset_s = offset_s or 0.0
        self._seeks = offset_s is None
        self._tried_s = clock.monotonic()
        self._turns: deque[tuple[Moment, float]] = deque()
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
        if self._seeks and now_s - self._tried_s >= _TRIED_EVERY_S:
            self._tried_s = now_s
            self._seek()

    def turned(self, moment: Moment, rate: float) -> None:
        """The pictures show how fast the camera turns; see `MovingPrefilter.turn`."""
        with self._lock:
            self._turns.append((moment, rate))
            while moment.time_s - self._turns[0][0].time_s > _KEPT_S:
                self._turns.popleft()

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
        by_sender = self._by_sender(moment)
        track = self._track(by_sender)
        fix = track.at((moment.captured_s if by_sender else moment.time_s) + self.offset_s)
        if fix.pose is None or self.size is None:
            return fix
        pose = self._hints(*self.size).complete(fix.pose)
        if self.terrain is not None and self._home is not None:
            pose = self.terrain.raise_above(pose, self._home)
        return replace(fix, pose=pose)

    def _by_sender(self, moment: Moment) -> bool:
        return moment.clock is Clock.CAMERA and self._synchronised

    def _seek(self) -> None:
        """What the last turns tell of the two clocks; nothing changes where they do not."""
        with self._lock:
            turns = list(self._turns)
        if not turns:
            return
        by_sender = self._by_sender(turns[-1][0])
        seen = [(moment.captured_s if by_sender else moment.time_s, rate) for moment, rate in turns]
        with suppress(NoOffset):
            self.offset_s = find_offset(seen, turn_rates(self._track(by_sender).poses)).seconds

    def _track(self, by_sender: bool) -> Track:
        with self._lock:
            if by_sender not in self._tracks:
                self._tracks[by_sender] = Track(
                    pose if by_sender else replace(pose, time_s=heard_s) for heard_s, pose in self._heard
                )
            return self._tracks[by_sender]
