"""A source that is opened again each time it is lost."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace

from calibration.errors import SourceGone, SourceUnusable
from edge.clock import AgentClock
from edge.evidence.ring import PacketRing
from edge.sources.source import Source
from edge.sources.stats import SourceStats, State
from pipelines.frame import Frame

OnState = Callable[[State, str], None]
_LEAST_STEP_S = 0.001
_BEAT_S = 0.5


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next attempt.

    Attributes:
        first_s: after the first failure, seconds.
        factor: each further failure waits so many times longer.
        cap_s: but never longer than this.
        jitter: the wait is shortened by up to this share, so that many agents do not come back at once.
        stable_s: a connection that held this long starts the count again.
    """

    first_s: float = 0.5
    factor: float = 2.0
    cap_s: float = 30.0
    jitter: float = 0.5
    stable_s: float = 10.0

    def wait_s(self, failures: int, chance: float) -> float:
        """Seconds to wait after so many failures in a row.

        Args:
            failures: 1 or more.
            chance: 0–1, drawn at random.
        """
        # The exponent is bounded: a camera that is away for a month must not overflow a float.
        wait_s = min(self.cap_s, self.first_s * self.factor ** min(failures - 1, 64))
        return wait_s * (1 - self.jitter * chance)


class Reconnecting:
    """Frames without end; numbers and times go on rising over each loss.

    A recording that ends, ends this too. Errors that trying again can not help are raised at once.

    Args:
        open_again: makes the source; hand the same ring to each, and a clip can reach back over a loss.
        stop: ends the waiting and the iteration.
        clock: the agent's.
        backoff: how long to wait.
        beat: called at least every second while it waits to try again, and whenever a packet has come.
        on_state: told of each change of the state, with a message for people.
        chance: 0–1 at random.
    """

    def __init__(
        self,
        open_again: Callable[[], Source],
        stop: threading.Event,
        *,
        clock: AgentClock | None = None,
        backoff: Backoff | None = None,
        beat: Callable[[], None] | None = None,
        on_state: OnState | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._open_again = open_again
        self._stop = stop
        self._clock = clock or AgentClock()
        self._backoff = backoff or Backoff()
        self._beat = beat
        self._on_state = on_state
        self._chance = chance
        self._source: Source | None = None
        self._past = SourceStats()  # of the connections before this one
        self._now = (State.IDLE, "")
        self._sequence = 0
        self._last_s = float("-inf")
        self._within_s: float | None = None

    @property
    def keyframes_within_s(self) -> float | None:
        """See `Source`; a new connection begins with every picture, since its keyframes are not known."""
        return self._within_s

    @keyframes_within_s.setter
    def keyframes_within_s(self, within_s: float | None) -> None:
        self._within_s = within_s
        source = self._source
        if source is not None:
            source.keyframes_within_s = within_s

    def thin(self, within_s: float, every_s: float) -> None:
        """Keyframes only; see `Source`."""
        source = self._source
        if source is not None:
            source.keyframes_every_s, source.urgent = every_s, False
        self.keyframes_within_s = within_s

    def whole(self, *, urgent: bool) -> None:
        """Every picture; see `Source`."""
        source = self._source
        if source is not None:
            source.urgent = urgent
        self.keyframes_within_s = None

    @property
    def ring(self) -> PacketRing | None:
        """Packets of the connection in use; None before the first."""
        source = self._source
        return None if source is None else source.ring

    @property
    def stats(self) -> SourceStats:
        """What was done so far over all connections."""
        past, source = self._past, self._source
        now = source.stats if source is not None else SourceStats()
        state, message = self._now
        return replace(
            now,
            state=state,
            message=message or now.message,
            frames=past.frames + now.frames,
            dropped=past.dropped + now.dropped,
            corrupt=past.corrupt + now.corrupt,
            passed=past.passed + now.passed,
            reconnects=past.reconnects,
            last_frame_s=now.last_frame_s if now.last_frame_s is not None else past.last_frame_s,
        )

    def close(self) -> None:
        """End the iteration over `frames` soon, from any thread."""
        self._stop.set()
        source = self._source
        if source is not None:
            source.close()

    def frames(self) -> Generator[Frame]:
        """All frames, connection after connection.

        Raises:
            SourceUnusable: trying again can not help.
        """
        failures = 0
        while not self._stop.is_set():
            since_s: float | None = None
            try:
                with closing(self._connect().frames()) as frames:
                    for frame in frames:
                        if since_s is None:
                            since_s = self._clock.monotonic()
                            self._tell(State.STREAMING, "")
                        yield self._renumbered(frame)
                        if self._stop.is_set():
                            break
            except SourceGone as error:
                held_s = 0.0 if since_s is None else self._clock.monotonic() - since_s
                failures = 1 if held_s >= self._backoff.stable_s else failures + 1
                self._wait(failures, str(error))
            except SourceUnusable as error:
                self._tell(State.UNUSABLE, str(error))
                raise
            else:
                break
        self._tell(State.CLOSED if self._stop.is_set() else State.ENDED, "")

    def _connect(self) -> Source:
        self._tell(State.CONNECTING, self._now[1])
        first = self._source is None
        past = self.stats
        source = self._open_again()
        source.alive = self._beat or source.alive
        self._within_s = None
        self._past = replace(past, reconnects=past.reconnects + (not first))
        self._source = source
        return source

    def _wait(self, failures: int, message: str) -> None:
        wait_s = self._backoff.wait_s(failures, self._chance())
        self._tell(State.WAITING, f"{message}; again in {wait_s:.1f} s")
        until_s = self._clock.monotonic() + wait_s
        while (left_s := until_s - self._clock.monotonic()) > 0 and not self._stop.wait(min(left_s, _BEAT_S)):
            if self._beat is not None:
                self._beat()

    def _renumbered(self, frame: Frame) -> Frame:
        self._last_s = max(frame.time_s, self._last_s + _LEAST_STEP_S)
        renumbered = replace(frame, sequence=self._sequence, time_s=self._last_s)
        self._sequence += 1
        return renumbered

    def _tell(self, state: State, message: str) -> None:
        self._now = (state, message)
        if self._on_state is not None:
            self._on_state(state, message)
