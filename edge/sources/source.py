"""What every kind of source has in common."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum

from calibration.errors import SourceGone, SourceUnusable
from edge.address import without_secrets
from edge.clock import AgentClock
from edge.evidence.packets import Stamp
from edge.evidence.ring import PacketRing
from edge.sources.planes import Planes
from edge.sources.stats import SourceStats, State, Tally
from edge.sources.thinning import EVERY_S
from pipelines.frame import Frame


class Pace(StrEnum):
    """How fast a recording is read."""

    LIVE = "live"  # as a camera would give it; `Frame.time_s` is the agent's monotonic time
    FAST = "fast"  # as fast as it goes; `Frame.time_s` is media time from 0


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a network source may say nothing before it is left.

    Attributes:
        open_s: while connecting, seconds for each step.
        read_s: between two packets, seconds.
        picture_s: packets come, but no picture can be decoded from them, seconds.
    """

    open_s: float = 1.5
    read_s: float = 1.5
    picture_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Opening:
    """What every source is opened with.

    Attributes:
        name: of the source, in frames, messages and the status.
        url: address, path of a file or folder, or device.
        clock: the agent's.
        ring: where its encoded packets are kept.
        timeouts: for sources on a network.
    """

    name: str
    url: str
    clock: AgentClock
    ring: PacketRing
    timeouts: Timeouts


class Source(ABC):
    """A camera, a recording or a folder of pictures.

    One thread iterates over `frames`; any thread may call `close`, read `stats` and `ring` and set
    `keyframes_within_s`, `keyframes_every_s` and `urgent`.

    Attributes:
        keyframes_within_s: decode keyframes only, as long as they come within so many seconds of each other; None for
            every picture. The ring gets all packets either way. Sources without packets pay it no heed.
        keyframes_every_s: of those, one in so many seconds is enough.
        urgent: each picture is needed, one after the other: a live stream is decoded before others that are not.
        alive: called whenever something has come of it, be it that nothing is decoded for want of time.
    """

    def __init__(self, opening: Opening) -> None:
        self.name = opening.name
        self.url = opening.url
        self.ring = opening.ring
        self._clock = opening.clock
        self._timeouts = opening.timeouts
        self._stop = threading.Event()
        self._tally = Tally()
        self._sequence = 0
        self.keyframes_within_s: float | None = None
        self.keyframes_every_s = EVERY_S
        self.urgent = False
        self.alive: Callable[[], None] = lambda: None
        self._begun: tuple[Frame, Generator[Frame]] | None = None

    @property
    def stats(self) -> SourceStats:
        """What it has done so far."""
        return self._tally.snapshot()

    @property
    def begun(self) -> bool:
        """It is connected, and its first frame waits for whoever asks."""
        return self._begun is not None

    def close(self) -> None:
        """End the iteration over `frames` soon: at the latest when the read timeout has passed."""
        self._stop.set()
        begun, self._begun = self._begun, None
        if begun is not None:
            begun[1].close()

    def begin(self) -> None:
        """Connect and have the first frame ready for `frames`, which may be asked for by another thread then.

        Raises:
            SourceGone: see `frames`.
            SourceUnusable: see `frames`.
        """
        frames = self.frames()
        first = next(frames, None)
        if first is not None:
            self._begun = first, frames

    def frames(self) -> Generator[Frame]:
        """The frames of one connection, until a recording ends or the source is closed.

        Raises:
            SourceGone: the connection could not be made or was lost; it may come back.
            SourceUnusable: trying again can not help.
        """
        begun, self._begun = self._begun, None
        if begun is not None:
            yield begun[0]
            yield from begun[1]
            return
        self._tally.state, self._tally.message = State.CONNECTING, ""
        try:
            yield from self._read()
        except SourceGone as error:
            self._tally.state, self._tally.message = State.WAITING, str(error)
            raise
        except SourceUnusable as error:
            self._tally.state, self._tally.message = State.UNUSABLE, str(error)
            raise
        self._tally.state = State.CLOSED if self._stop.is_set() else State.ENDED

    def first(self) -> Frame:
        """The first frame; the source is closed then.

        Raises:
            SourceGone: see `frames`.
            SourceUnusable: see `frames`; also when it ends before its first frame.
        """
        with closing(self), closing(self.frames()) as frames:
            frame = next(frames, None)
        if frame is None:
            raise SourceUnusable(f"source {self.name}: {without_secrets(self.url)}: it ended before its first picture")
        return frame

    @abstractmethod
    def _read(self) -> Iterator[Frame]:
        """The frames of one connection."""

    def _frame(self, planes: Planes, stamp: Stamp) -> Frame:
        """Make the next frame of these planes."""
        frame = Frame(
            source=self.name,
            sequence=self._sequence,
            captured_s=stamp.captured_s,
            clock=stamp.clock,
            time_s=stamp.time_s,
            y=planes.y,
            u=planes.u,
            v=planes.v,
            full_range=planes.full_range,
        )
        size = (frame.width, frame.height)
        if size != self._tally.size:
            self._resized(self._tally.size, size, stamp)
        self._sequence += 1
        self._tally.frame(stamp)
        return frame

    def _resized(self, old: tuple[int, int], new: tuple[int, int], stamp: Stamp) -> None:
        self._tally.size = new
        if old != (0, 0):
            self._tally.message = f"the picture changed from {old[0]}×{old[1]} to {new[0]}×{new[1]}"
            self.ring.cut(stamp.time_s)
