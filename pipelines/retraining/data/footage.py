"""From footage to pictures worth labelling: where something changes, and never the same picture twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pipelines.activity import Activity
from pipelines.frame import Frame
from pipelines.prefilter import Prefilter
from pipelines.schedule import Rate

ANALYSIS_FPS = 5.0
"""As the agent looks, so that its prefilter hits are these."""

CUT_SHARE = 0.5
"""A frame in which more of the picture moved since the one before shows another scene, or another light."""
SAME_LEVELS = 20
"""Two cells of the small luma plane that differ by no more are alike: what noise and compression do."""
SAME_SHARE = 0.01
"""Two pictures with fewer cells that differ are near-identical; a person who moved on is 1 to 5 % of a view."""


class Reason(StrEnum):
    """Why a frame was taken."""

    START = "start"
    CUT = "scene change"
    HIT = "prefilter"


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """A frame worth labelling; `score` is the prefilter's best, comparable within a clip."""

    frame: Frame
    reason: Reason
    score: float

    def beats(self, other: Taken) -> bool:
        """A start comes before a scene change, that before any hit, and of two hits the surer one."""
        ranks = list(Reason)
        mine, theirs = ranks.index(self.reason), ranks.index(other.reason)
        return mine < theirs or (mine == theirs and self.score > other.score)


def worth_labelling(frames: Iterable[Frame], per_minute: float) -> Iterator[Taken]:
    """The frames of one clip to label, in order.

    The clip is cut into stretches of `60 / per_minute` seconds, and each gives at most one frame: its first, if it is
    the clip's start; else one at a scene change; else the one where the prefilter is surest that something
    happens. A stretch in which nothing does gives none, nor one that looks like a frame already taken.

    Args:
        frames: of one recording, `time_s` its media time.
        per_minute: at most so many, above 0.
    """
    prefilter, rate, stretch_s = Prefilter(), Rate(ANALYSIS_FPS), 60 / per_minute
    looks: list[NDArray[np.uint8]] = []
    best: tuple[Taken, NDArray[np.uint8]] | None = None
    end_s: float | None = None
    for frame in frames:
        if not rate.due(frame.time_s):
            continue
        end_s = frame.time_s if end_s is None else end_s
        if frame.time_s >= end_s:
            if best is not None:
                looks.append(best[1])
                yield best[0]
            best, end_s = None, end_s + stretch_s * (1 + (frame.time_s - end_s) // stretch_s)
        activity = prefilter.look(frame)
        taken = _judged(frame, activity, first=not looks and best is None)
        if taken is None or (best is not None and not taken.beats(best[0])):
            continue
        if not any(_same(activity.luma, look) for look in looks):
            best = (taken, activity.luma)
    if best is not None:
        yield best[0]


def _judged(frame: Frame, activity: Activity, *, first: bool) -> Taken | None:
    """Is there a reason to take it?"""
    score = float(activity.regions.score[0]) if len(activity.regions) else 0.0
    if first:
        return Taken(frame, Reason.START, score)
    if np.count_nonzero(activity.moving) > CUT_SHARE * activity.moving.size:
        return Taken(frame, Reason.CUT, score)
    return Taken(frame, Reason.HIT, score) if len(activity.regions) else None


def _same(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    if one.shape != other.shape:
        return False
    differs = np.abs(np.subtract(one, other, dtype=np.int16)) > SAME_LEVELS
    return bool(np.count_nonzero(differs) < SAME_SHARE * one.size)
