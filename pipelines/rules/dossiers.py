"""What is known of each person: gathered over many looks, and kept when a track breaks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calibration.boxes import Boxes, inside_any, near
from pipelines.rules.place import middles

# A new track that begins this near to somebody who was just lost is the same person: half a box, or 2 % of the picture.
_REACH = 0.5
_MARGIN = 0.02


@dataclass(frozen=True, slots=True)
class Sign:
    """What one look said of one person.

    Attributes:
        time_s: when.
        missing: how surely it was seen to be missing, in thresholds of its class (1 = just at it); 0 if not.
        worn: how surely it was seen worn, likewise.
    """

    time_s: float
    missing: float
    worn: float


@dataclass(slots=True)
class Dossier:
    """One person.

    Attributes:
        subject: a number of its own, which stays when the track breaks.
        track: the tracker's number.
        box: `(4,)` 0–1, where last seen.
        since_s: when first seen.
        asked_s: when last looked at closely; minus infinity if never.
        gone_s: how long the place was looked at without finding anybody.
        signs: what the looks of the last `window_s` said, oldest first; looks that said nothing are not among them.
        open: reported as a hazard.
    """

    subject: int
    track: int
    box: NDArray[np.float32]
    since_s: float
    asked_s: float = -math.inf
    gone_s: float = 0.0
    signs: list[Sign] = field(default_factory=list)
    open: bool = False

    def add(self, sign: Sign, window_s: float) -> None:
        """Take in one look; what is older than `window_s` before it no longer counts.

        Of several looks at the same frame the surer counts, each way.
        """
        if self.signs and self.signs[-1].time_s == sign.time_s:
            last = self.signs.pop()
            sign = Sign(sign.time_s, max(last.missing, sign.missing), max(last.worn, sign.worn))
        self.signs = [s for s in self.signs if sign.time_s - s.time_s <= window_s] + [sign]

    @property
    def without(self) -> list[Sign]:
        """The looks that saw it missing rather than worn."""
        return [s for s in self.signs if s.missing > s.worn]

    def balance(self, outweighs: float) -> float:
        """Evidence that it is missing, less `outweighs` times that it is worn; in looks at the threshold."""
        gains = (s.missing - s.worn for s in self.signs)
        return sum(gain if gain > 0 else outweighs * gain for gain in gains)


class Dossiers:
    """The people of one view, by their tracks.

    Args:
        keep_s: how long somebody who is gone is remembered; only time in which the place was looked at counts.
    """

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._next = 1
        self.reset()

    def __iter__(self) -> Iterator[Dossier]:
        return iter(self._people)

    def reset(self) -> None:
        """Forget everybody; their numbers are not used again."""
        self._people: list[Dossier] = []
        self._last_s: float | None = None

    def update(
        self, tracks: NDArray[np.int64], boxes: Boxes, time_s: float, looked: NDArray[np.float32]
    ) -> list[Dossier]:
        """Take in who is there.

        Args:
            tracks: `(n,)`, the tracker's numbers.
            boxes: `(n, 4)` 0–1.
            time_s: when.
            looked: `(k, 4)` 0–1, what was looked at: who was elsewhere is not gone.

        Returns:
            The people found, in the order given.
        """
        elapsed_s = 0.0 if self._last_s is None else max(time_s - self._last_s, 0.0)
        self._last_s = time_s
        there = set(tracks.tolist())
        found = [self._of(int(track), box, time_s, there) for track, box in zip(tracks, boxes, strict=True)]
        for person in self._people:
            if person.track not in there and inside_any(middles(person.box[None]), looked)[0]:
                person.gone_s += elapsed_s
        self._people = [person for person in self._people if person.gone_s < self._keep_s or person.track in there]
        return found

    def _of(self, track: int, box: NDArray[np.float32], time_s: float, there: set[int]) -> Dossier:
        """The person of this track: known by it, or somebody just lost near by, or new."""
        person = next((p for p in self._people if p.track == track), None) or self._lost_near(box, there)
        if person is None:
            person = Dossier(self._next, track, box, time_s)
            self._next += 1
            self._people.append(person)
        person.track, person.box, person.gone_s = track, box, 0.0
        return person

    def _lost_near(self, box: NDArray[np.float32], there: set[int]) -> Dossier | None:
        lost = [p for p in self._people if p.track not in there and near(p.box.tolist(), box.tolist(), _REACH, _MARGIN)]
        middle = middles(box[None])[0]
        return min(lost, key=lambda p: float(np.abs(middles(p.box[None])[0] - middle).sum()), default=None)
