"""Which view the detector looks at next, and when a view wants to be looked at at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum


class Reason(IntEnum):
    """Why a view wants to be looked at."""

    SAMPLE = 0  # the prefilter saw nothing, and a share of such views is looked at all the same
    REGIONS = 1  # the prefilter saw something
    CONFIRM = 2  # a rule has signs to confirm, or an incident to follow
    DUE = 3  # it has not been looked at in full for max_gap_s


# Times `max_gap_s` after which any picture of a view will do.
_LONGEST = 2.0


@dataclass(frozen=True, slots=True)
class Want:
    """One view's wish.

    Attributes:
        reason: why.
        waited: how long since its last look, in units of what it may wait for this reason; 1 and
            more is late. Among views with the same reason the one that waits longest goes first,
            so that too little time is shared evenly.
        score: the best region's score, where that is the reason.
        whole: the whole view is to be looked at, and not the regions alone.
        signs: a rule has some: what it would tell of an old picture comes too late.
    """

    reason: Reason
    waited: float
    score: float = 0.0
    whole: bool = True
    signs: bool = False

    @property
    def can_wait(self) -> bool:
        """A later frame will do as well, and tells more: not where it is about time that the view is looked at.

        A view in which a rule has signs gives five pictures a second, and is let wait once more.
        """
        return self.reason is not Reason.DUE or (self.signs and self.waited < _LONGEST)


# A view is due a little before its time, so that there is a second chance where a frame is dropped.
EARLY = 0.8
# While only regions ask for looks, the whole is looked at no more often than this: it is what costs.
WHOLE_EVERY_S = 2.0
# So many views that want no more than their regions looked at are looked at together.
MOST_TOGETHER = 8

# After this many looks at the prefilter's regions that gave no rule anything to follow, the view is looked at
# this many times less often, until one does: a tree in the wind must not cost what a fire does.
FRUITLESS_LOOKS = 5
FRUITLESS_TIMES = 2.0


class Agenda:
    """When one view wants to be looked at.

    Args:
        max_gap_s: longest time between two full looks, whatever the prefilter says.
        interval_s: shortest time between two looks.
    """

    def __init__(self, max_gap_s: float, interval_s: float) -> None:
        if not 0 < interval_s <= max_gap_s:
            raise ValueError(f"expected 0 < interval_s <= max_gap_s, found {interval_s} and {max_gap_s}")
        self._max_gap_s = max_gap_s
        self._interval_s = interval_s
        self._last_s = self._full_s = float("-inf")
        self._fruitless = 0

    def want(self, now_s: float, *, pending: bool, unsettled: bool, score: float) -> Want | None:
        """The view's wish at this time; None when it can wait.

        Args:
            now_s: time of the newest frame.
            pending: a rule has something to confirm or to follow.
            unsettled: the prefilter can not tell what changed.
            score: the best region's score; 0 when there is none.
        """
        if self._full_s == float("-inf"):
            return Want(Reason.DUE, 1.0)
        passed, unseen_s = now_s - self._last_s, now_s - self._full_s
        # A hair of tolerance: frame times are not exact multiples of the interval.
        if passed < self._interval_s * 0.95:
            return None
        if unseen_s >= self._max_gap_s * EARLY:
            return Want(Reason.DUE, unseen_s / self._max_gap_s, signs=pending)
        if pending:
            return Want(Reason.CONFIRM, passed / self._interval_s)
        waits_s = self._interval_s * (FRUITLESS_TIMES if self._fruitless >= FRUITLESS_LOOKS else 1.0)
        if (score > 0 or unsettled) and passed >= waits_s * 0.95:
            return Want(Reason.REGIONS, passed / waits_s, score, whole=unsettled or unseen_s >= WHOLE_EVERY_S * 0.95)
        return None

    def looked(self, now_s: float, *, pending: bool, whole: bool = True) -> None:
        """The view has been looked at.

        Args:
            now_s: time of the frame.
            pending: a rule now has something to confirm or to follow.
            whole: in full.
        """
        self._last_s = now_s
        if whole:
            self._full_s = now_s
        self._fruitless = 0 if pending else self._fruitless + 1


def choose(wants: Mapping[str, Want], alone: Collection[str] = ()) -> tuple[str, ...]:
    """The views to look at next, the most urgent first; none where none wants.

    Those that are due go first. Among the others the one that has waited longest, where waiting to
    confirm counts double: so signs are followed first, but a view that always has some starves nobody.
    Views of which only regions are wanted go along with it, since they share a run of the model.

    Args:
        wants: by view.
        alone: views that never go with others.
    """

    def urgency(name: str) -> tuple[bool, float, float]:
        want = wants[name]
        return want.reason is Reason.DUE, want.waited * (2 if want.reason is Reason.CONFIRM else 1), want.score

    order = sorted(wants, key=urgency, reverse=True)
    if not order or order[0] in alone:
        return tuple(order[:1])
    company = [name for name in order[1:] if not wants[name].whole and name not in alone]
    return (order[0], *company[: MOST_TOGETHER - 1])
