"""What a source has done so far, for the status."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from edge.evidence.packets import Stamp


class State(StrEnum):
    """Where a source stands."""

    IDLE = "idle"  # nobody has asked for frames yet
    CONNECTING = "connecting"
    STREAMING = "streaming"
    WAITING = "waiting"  # lost; tried again after a while
    ENDED = "ended"  # a recording came to its end
    UNUSABLE = "unusable"  # trying again can not help
    CLOSED = "closed"  # the agent closed it


@dataclass(frozen=True, slots=True)
class SourceStats:
    """A look at a source; a value.

    Attributes:
        state: where it stands.
        message: why, for people; empty while all is well.
        frames: pictures handed on.
        dropped: pictures left out because the reader fell behind.
        corrupt: packets and pictures left out because they were damaged.
        reconnects: connections after the first.
        last_frame_s: `Frame.time_s` of the last frame; None before the first.
        codec: libav's name, or `picture`; empty before the first connection.
        width, height: of the last frame, pixels; 0 before the first.
        fps: frames a second over the last few seconds; 0 before the second frame.
        passed: pictures that were not decoded, since nothing stirred.
        keyframe_s: longest time between two keyframes of late, seconds; None while it is not known.
    """

    state: State = State.IDLE
    message: str = ""
    frames: int = 0
    dropped: int = 0
    corrupt: int = 0
    reconnects: int = 0
    last_frame_s: float | None = None
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    passed: int = 0
    keyframe_s: float | None = None


class Tally:
    """Counts on behalf of one source: written by its reader alone, looked at by anyone."""

    def __init__(self) -> None:
        self.state = State.IDLE
        self.message = ""
        self.frames = 0
        self.dropped = 0
        self.corrupt = 0
        self.codec = ""
        self.size = (0, 0)
        self._times_s: deque[float] = deque(maxlen=50)

    def frame(self, stamp: Stamp) -> None:
        """A frame was handed on."""
        self.state = State.STREAMING
        self.frames += 1
        self._times_s.append(stamp.time_s)

    def snapshot(self) -> SourceStats:
        """The counts as a value."""
        times_s = tuple(self._times_s)
        span_s = times_s[-1] - times_s[0] if len(times_s) > 1 else 0.0
        return SourceStats(
            state=self.state,
            message=self.message,
            frames=self.frames,
            dropped=self.dropped,
            corrupt=self.corrupt,
            last_frame_s=times_s[-1] if times_s else None,
            codec=self.codec,
            width=self.size[0],
            height=self.size[1],
            fps=(len(times_s) - 1) / span_s if span_s > 0 else 0.0,
        )
