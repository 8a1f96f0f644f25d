"""What a reader does that has fallen behind its stream."""

from __future__ import annotations

from enum import Enum


class Step(Enum):
    """What to do with the next packet."""

    DECODE = "decode"
    SKIP = "skip"
    SLIP = "slip"  # decode, and place the stream's stamps anew: it is the clock that moved


class CatchUp:
    """Leaves out packets up to a keyframe once the lag does not shrink by itself.

    Demultiplexing costs a hundredth of decoding, so skipping catches up at once if the lag is real. Who has to wait
    for a packet is not behind: it is the network that is late, and leaving something out would not help.

    Args:
        limit_s: a lag up to this is none.
        grace_s: a burst after a stall of the network is decoded faster than it was filmed: time for that.
        patience_s: a lag that outlasts so long a skipping or waiting is not real; the stream's stamps have jumped,
            or the network has become slower for good.

    Attributes:
        limit_s: may be set to what a stream needs: pictures that refer to later ones come late by a few of them.
    """

    def __init__(self, limit_s: float = 0.3, grace_s: float = 0.5, patience_s: float = 3.0) -> None:
        self.limit_s = limit_s
        self._grace_s = grace_s
        self._patience_s = patience_s
        self._late_since_s: float | None = None
        self._skipping_since_s: float | None = None

    def step(self, lag_s: float, now_s: float, keyframe: bool, *, waited: bool = False) -> Step:
        """Decide about a packet.

        Args:
            lag_s: how long ago its picture was due.
            now_s: monotonic seconds.
            keyframe: whether decoding can begin with it.
            waited: it had to be waited for.
        """
        if lag_s <= self.limit_s:
            return self._in_time(keyframe)
        if waited:
            return self._held_up(now_s, keyframe)
        if self._skipping_since_s is None:
            return self._late(now_s)
        if keyframe and now_s - self._skipping_since_s >= self._patience_s:
            self._late_since_s = self._skipping_since_s = None
            return Step.SLIP
        return Step.SKIP

    def _in_time(self, keyframe: bool) -> Step:
        self._late_since_s = None
        if self._skipping_since_s is not None and not keyframe:
            return Step.SKIP
        self._skipping_since_s = None
        return Step.DECODE

    def _held_up(self, now_s: float, keyframe: bool) -> Step:
        if self._skipping_since_s is not None and not keyframe:
            return Step.SKIP
        self._skipping_since_s = None
        if self._late_since_s is None:
            self._late_since_s = now_s
        if now_s - self._late_since_s < self._patience_s:
            return Step.DECODE
        self._late_since_s = None
        return Step.SLIP

    def _late(self, now_s: float) -> Step:
        if self._late_since_s is None:
            self._late_since_s = now_s
        if now_s - self._late_since_s < self._grace_s:
            return Step.DECODE
        self._skipping_since_s = now_s
        return Step.SKIP
