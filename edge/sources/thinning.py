"""Which packets of a stream are decoded while nothing stirs: keyframes, until somebody wants to see it all again."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

P = TypeVar("P")

# While only keyframes are wanted, one in so many seconds is enough, however close they come: in a stream of nothing
# but keyframes (MJPEG) every picture is one.
EVERY_S = 2.0
_REMEMBERED = 8
_LATE = 1.15  # keyframes come a little early or late


class Thinning(Generic[P]):
    """Passes packets over, and keeps them until the next keyframe, so that waking need not wait for it.

    One thread calls `mark` and `take`, any thread may set `within_s`.

    Attributes:
        within_s: keyframes only, as long as they come within so many seconds of each other; None for every packet.
        every_s: one keyframe in so many seconds is enough.
        passed: packets that were left out for good, a later keyframe having made them useless.
    """

    def __init__(self) -> None:
        self.within_s: float | None = None
        self.every_s = EVERY_S
        self.passed = 0
        self._gaps_s: deque[float] = deque(maxlen=_REMEMBERED)
        self._keyframe_s: float | None = None
        self._newest_s = 0.0
        self._decoded_s = float("-inf")
        self._kept: list[P] = []
        self._shown = 0  # of those kept were decoded already
        self._broken = False

    @property
    def keyframe_s(self) -> float | None:
        """Longest time between two keyframes of late, or since the last one; None before the second."""
        if self._keyframe_s is None or not self._gaps_s:
            return None
        return max(*self._gaps_s, self._newest_s - self._keyframe_s)

    @property
    def quiet(self) -> bool:
        """Packets are being passed over."""
        return len(self._kept) > self._shown

    def mark(self, time_s: float, keyframe: bool) -> None:
        """A packet has come, whatever becomes of it: how far apart keyframes are does not depend on who keeps up."""
        self._newest_s = max(self._newest_s, time_s)
        if keyframe:
            if self._keyframe_s is not None and time_s > self._keyframe_s:
                self._gaps_s.append(time_s - self._keyframe_s)
            self._keyframe_s = time_s

    def take(self, packet: P, time_s: float, keyframe: bool) -> Sequence[P]:
        """The packets to decode now that this one has come: none, it alone, or all since the keyframe before.

        Args:
            packet: the newest.
            time_s: of its picture.
            keyframe: decoding can begin with it.
        """
        if keyframe:
            self._let_go()
            self._broken = False
        within_s = self.within_s
        if within_s is None or self._keyframe_s is None or time_s - self._keyframe_s > within_s:
            ready = [*self._kept, packet]
            self._kept, self._shown = [], 0
            self._decoded_s = time_s
            return () if self._broken else ready
        next_s = time_s + max(self._gaps_s, default=within_s)
        if keyframe and next_s - self._decoded_s > min(self.every_s * _LATE, within_s):
            self._decoded_s = time_s
            return (packet,)
        if not self._broken:
            self._kept.append(packet)
        return ()

    def again(self, keyframe: P) -> None:
        """The decoder had to be emptied after this keyframe: what follows needs it once more."""
        self._kept, self._shown = [keyframe], 1

    def rest(self) -> Sequence[P]:
        """What was passed over at the end of a recording, which is shown whole."""
        rest = self._kept if len(self._kept) > self._shown else []
        self._kept, self._shown = [], 0
        return rest

    def lost(self) -> None:
        """A packet is missing or was not decoded: up to the next keyframe nothing can be."""
        self._let_go()
        self._broken = True

    def _let_go(self) -> None:
        self.passed += len(self._kept) - self._shown
        self._kept, self._shown = [], 0
