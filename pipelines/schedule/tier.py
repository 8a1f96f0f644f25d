"""How much of a stream is decoded: no more than the view's situation asks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tier(StrEnum):
    """What one view's situation asks for."""

    @property
    def thin(self) -> bool:
        """Keyframes are enough."""
        return self in (Tier.QUIET, Tier.STIRRED)

    QUIET = "quiet"  # nothing stirs: keyframes are enough
    STIRRED = "stirred"  # something does, and is nothing that a rule is about: keyframes, and each is inspected
    AWAKE = "awake"  # a model sees what a rule is about, where it stirs, or a rule has signs: every frame
    ALARMED = "alarmed"  # the lens sees a hazard: every frame


# After the last sign a view stays awake so long: signs come and go, and waking has its price.
CALM_S = 2.0
# Backgrounds and the keyframes' rhythm are learnt from all frames, for so long after the first.
SETTLING_S = 4.0
# Keyframes come a little early or late.
TOLERANCE = 1.15


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of one view at a moment.

    Attributes:
        stirred: the prefilter sees a change, or can not tell.
        pending: a rule has something to confirm or to follow, or may have soon: a model sees what it is about.
        active: the lens sees a hazard.
    """

    stirred: bool
    pending: bool = False
    active: bool = False


class Vigil:
    """Decides one view's tier, frame by frame.

    Args:
        unseen_s: the longest time the view may go without a picture while a rule has no signs, as its rules need it; a
            stream whose keyframes are further apart is decoded whole.
    """

    def __init__(self, unseen_s: float) -> None:
        self.unseen_s = unseen_s
        self._begun_s: float | None = None
        self._stirred_s = self._pending_s = float("-inf")

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
        if situation.active:
            self._stirred_s = self._pending_s = now_s
            return Tier.ALARMED
        if situation.pending:
            self._pending_s = now_s
        if situation.stirred or situation.pending:
            self._stirred_s = now_s
        settled = now_s - self._begun_s >= SETTLING_S and now_s - self._pending_s >= CALM_S
        if not settled or not self.allows(keyframe_s):
            return Tier.AWAKE
        return Tier.QUIET if now_s - self._stirred_s >= CALM_S else Tier.STIRRED

    def allows(self, keyframe_s: float | None) -> bool:
        """Are keyframes this far apart enough while no rule has signs?"""
        return keyframe_s is not None and keyframe_s <= self.within_s
