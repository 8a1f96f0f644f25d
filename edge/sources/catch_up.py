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

    Demultiplexing costs a hundredth of decoding, so skipping catches up at once if the lag is real.

    Args:
        limit_s: a lag up to this is none.
        grace_s: a burst after a stall of the network is decoded faster than it was filmed: time for that.
        patience_s: a lag that outlasts so long a skipping is not real; the stream's stamps have jumped.
    """

    def __init__(self, limit_s: float = 1.0, grace_s: float = 0.5, patience_s: float = 3.0) -> None:
        self._limit_s = limit_s
        self._grace_s = grace_s
        self._patience_s = patience_s
        self._late_since_s: float | None = None
        self._skipping_since_s: float | None = None

    def step(self, lag_s: float, now_s: float, keyframe: bool) -> Step:
        """Decide about a packet.

        Args:
            lag_s: how long ago its picture was due.
            now_s: monotonic seconds.
            keyframe: whether decoding can begin with it.
        """
        if lag_s <= self._limit_s:
            return self._in_time(keyframe)
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

    def _late(self, now_s: float) -> Step:
        if self._late_since_s is None:
            self._late_since_s = now_s
        if now_s - self._late_since_s < self._grace_s:
            return Step.DECODE
        self._skipping_since_s = now_s
        return Step.SKIP
