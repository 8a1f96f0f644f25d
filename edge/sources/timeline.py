"""From the time stamps of a stream to the times of its frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from edge.clock import AgentClock
from edge.evidence.packets import Stamp
from pipelines.frame import Clock

_BACKWARD_S = 1.0  # stamps that fall back further than this have begun anew; less is jitter
_DRIFT = 0.0005  # a camera's clock may run slower than ours by this share
_LEAST_STEP_S = 0.001
_SET_CLOCK_S = 1_577_836_800.0  # 2020-01-01: a camera that claims an earlier time was never set


class Timeline(Protocol):
    """Gives each packet and each decoded picture its time."""

    def packet(self, pts_s: float | None) -> Stamp:
        """Time of the picture in a packet that has just arrived, in decoding order."""

    def picture(self, pts_s: float | None) -> Stamp:
        """Time of a decoded picture: always later than that of the picture before."""

    def slip(self, lag_s: float) -> None:
        """The stamps will never catch up with the clock again: place them anew, later by this."""


class RecordingTimeline:
    """Media time, which goes on rising when the stamps are missing, fall back or start anew.

    Args:
        captured_s: when the recording began, UTC seconds since the epoch.
        frame_s: seconds from one picture to the next where the stamps do not tell.
        first_pts_s: the stamp of the beginning, if known.
        origin_s: `time_s` of the beginning: 0, or the agent's monotonic time for a paced recording.
    """

    def __init__(self, captured_s: float, frame_s: float, first_pts_s: float | None, origin_s: float = 0.0) -> None:
        self._captured_s = captured_s
        self._frame_s = frame_s
        self._origin_s = origin_s
        self._offset_s: float | None = None if first_pts_s is None else -first_pts_s
        self._last_s = -frame_s
        self._packet_s = self._furthest_s = -frame_s

    @property
    def media_s(self) -> float:
        """Media time of the last picture, decoded or passed over."""
        return max(self._last_s, self._furthest_s)

    def packet(self, pts_s: float | None) -> Stamp:
        """Time of the picture in a packet, in decoding order."""
        if pts_s is None:
            self._packet_s += self._frame_s
        else:
            if self._offset_s is None:
                self._offset_s = self._last_s + self._frame_s - pts_s
            self._packet_s = pts_s + self._offset_s
        self._furthest_s = max(self._furthest_s, self._packet_s)
        return self._stamp(self._packet_s)

    def picture(self, pts_s: float | None) -> Stamp:
        """Time of a decoded picture, always rising."""
        expected_s = self._last_s + self._frame_s
        if pts_s is None:
            media_s = expected_s
        else:
            if self._offset_s is None or pts_s + self._offset_s < self._last_s - _BACKWARD_S:
                self._offset_s = expected_s - pts_s
            media_s = pts_s + self._offset_s
        self._last_s = media_s if media_s > self._last_s else expected_s
        return self._stamp(self._last_s)

    def restart(self) -> None:
        """The next stamp follows the last picture: the recording begins again."""
        self._offset_s = None
        self._last_s = self._packet_s = self.media_s

    def slip(self, lag_s: float) -> None:
        """A paced recording stood still: everything from now on happens later."""
        self._origin_s += lag_s

    def _stamp(self, media_s: float) -> Stamp:
        return Stamp(self._origin_s + media_s, self._captured_s + media_s, Clock.FILE)


class LiveTimeline:
    """The agent's monotonic time, smoothed by the camera's stamps.

    The least delay seen between a stamp and its arrival places the stamps on our clock, so that the
    network's jitter does not reach the frames. The placing follows a slower camera clock by `_DRIFT`.

    Args:
        clock: the agent's.
        realtime: the sender's wall clock at stamp 0, UTC seconds since the epoch, once it is known.
    """

    def __init__(self, clock: AgentClock, realtime: Callable[[], float | None] = lambda: None) -> None:
        self._clock = clock
        self._realtime = realtime
        self._offset_s: float | None = None
        self._arrival_s = clock.monotonic()
        self._last_s = float("-inf")

    def packet(self, pts_s: float | None) -> Stamp:
        """Time of the picture in a packet that has just arrived."""
        now_s = self._clock.monotonic()
        if pts_s is None:
            return self._stamp(now_s, None)
        if self._offset_s is None:
            self._offset_s = now_s - pts_s
        drifted_s = self._offset_s + _DRIFT * (now_s - self._arrival_s)
        self._offset_s = min(drifted_s, now_s - pts_s)
        self._arrival_s = now_s
        return self._stamp(pts_s + self._offset_s, pts_s)

    def picture(self, pts_s: float | None) -> Stamp:
        """Time of a decoded picture, always rising."""
        time_s = self._clock.monotonic()
        if pts_s is not None and self._offset_s is not None:
            time_s = pts_s + self._offset_s
        self._last_s = max(time_s, self._last_s + _LEAST_STEP_S)
        return self._stamp(self._last_s, pts_s)

    def slip(self, lag_s: float) -> None:
        """The stamps jumped: place them by when they arrive from now on."""
        self._offset_s = None if self._offset_s is None else self._offset_s + lag_s

    def _stamp(self, time_s: float, pts_s: float | None) -> Stamp:
        realtime_s = self._realtime()
        if realtime_s is not None and pts_s is not None and realtime_s + pts_s > _SET_CLOCK_S:
            return Stamp(time_s, realtime_s + pts_s, Clock.CAMERA)
        return Stamp(time_s, self._clock.now() - (self._clock.monotonic() - time_s), Clock.AGENT)
