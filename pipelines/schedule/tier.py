"""How much of a stream is decoded: no more than the view's situation asks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tier(StrEnum):
    """What one view's situation asks for."""

    QUIET = "quiet"  # nothing stirs: keyframes are enough
    AWAKE = "awake"  # something stirs, or a rule wants to look closer: every frame
    ALARMED = "alarmed"  # the lens sees a hazard: every frame


# After the last stir a view stays awake so long: what moves comes and goes, and waking has its price.
CALM_S = 4.0
# Backgrounds and the keyframes' rhythm are learnt from all frames, for so long after the first.
SETTLING_S = 4.0
# Keyframes come a little early or late.
TOLERANCE = 1.15


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of one view at a moment.

    Attributes:
        stirred: the prefilter sees a change, or can not tell.
        pending: a rule has something to confirm or to follow.
        active: the lens sees a hazard.
    """

    stirred: bool
    pending: bool = False
    active: bool = False


class Vigil:
    """Decides one view's tier, frame by frame.

    Args:
        unseen_s: the longest time the view may go without a picture while nothing stirs, as its rules need it; a
            stream whose keyframes are further apart is never quiet.
    """

    def __init__(self, unseen_s: float) -> None:
        self.unseen_s = unseen_s
        self._begun_s: float | None = None
        self._stirred_s = float("-inf")

    @property
    def within_s(self) -> float:
        """A keyframe that comes within this time after another is in time."""
        return self.unseen_s * TOLERANCE

    def tier(self, now_s: float, situation: Situation, keyframe_s: float | None) -> Tier:
        """The tier from this frame on.

        Args:
            now_s: time of the frame.
            situation: of the view.
            keyframe_s: longest time between two keyframes of late; None while it is not known.
        """
        if self._begun_s is None:
            self._begun_s = now_s
        if situation.stirred or situation.pending:
            self._stirred_s = now_s
        if situation.active:
            self._stirred_s = now_s
            return Tier.ALARMED
        settled = now_s - self._begun_s >= SETTLING_S and now_s - self._stirred_s >= CALM_S
        return Tier.QUIET if settled and self.allows(keyframe_s) else Tier.AWAKE

    def allows(self, keyframe_s: float | None) -> bool:
        """Are keyframes this far apart enough while nothing stirs?"""
        return keyframe_s is not None and keyframe_s <= self.within_s
