"""What a zone looks like when it is clear, in each light it has been seen in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from pipelines.rules.light import View
from pipelines.rules.structure import Grid, Mask, blur, differs, gain_of, noise_between

_LOOKS = 5  # a reference is learnt from at least this many looks
_MOST_LOOKS = 25  # and keeps no more than this many
_STILL = 0.75  # share of the looks in which a cell must have shown the same, and nobody
_ADAPT_S = 120.0  # time constant with which an unchanged cell follows
_ADAPT_CHANGED_S = 600.0  # and one that changed, but not as part of anything solid: a shadow's edge, wet floor
_ADAPT_VIEW_S = 60.0
_LOCAL = 8.0  # cells around (standard deviation) by which the light of a place is judged
_LITTLE = 0.02  # where fewer than this share of them are steady, the light of the whole zone decides


@dataclass(slots=True, eq=False)
class Light:
    """One light and the zone in it.

    Attributes:
        view: the picture around the zone.
        known: the zone's grid when clear, 0–255.
        trusted: cells of `known` that have been seen clear.
        carried: cells that were blocked when this light came on, so that their clear state is not known.
        noise: standard deviation of a cell by the sensor's noise.
    """

    view: View
    known: Grid
    trusted: Mask
    carried: Mask
    noise: float

    def levelled(self, now: Grid, steady: Mask) -> Grid:
        """The zone at the brightness at which it was learnt.

        The light is judged place by place, by the cells around that show what they used to show: parts
        that were learnt or pictured under different shadows would otherwise meet with an edge.

        Args:
            now: the zone.
            steady: cells that have not changed.
        """
        around = (steady & self.trusted).astype(np.float32)
        overall = gain_of(self.known, now)
        ratio = np.clip(blur(now) / (blur(self.known) + 1), 0.1, 10)
        sums = cv2.GaussianBlur(ratio * around, (0, 0), _LOCAL) + np.float32(overall * _LITTLE)
        gain = sums / (cv2.GaussianBlur(around, (0, 0), _LOCAL) + np.float32(_LITTLE))
        return np.asarray(now / np.maximum(gain, 1e-3), np.float32)

    def changed(self, now: Grid, level: Grid) -> Mask:
        """Cells whose structure differs from the clear zone's; those nobody has seen clear never do.

        Args:
            now: the zone.
            level: the same, levelled.
        """
        return differs(np.where(self.trusted, self.known, level), now, self.noise) & self.trusted

    def adapt(self, level: Grid, unchanged: Mask, loose: Mask, view: View, elapsed_s: float) -> None:
        """Follow slowly what changes by itself, at the brightness it was learnt in.

        Args:
            level: the zone, levelled.
            unchanged: cells that look as known.
            loose: cells that do not, but belong to nothing solid.
            view: the picture around.
            elapsed_s: since the look before.
        """
        rate = unchanged * np.float32(min(elapsed_s / _ADAPT_S, 0.5))
        rate += loose * np.float32(min(elapsed_s / _ADAPT_CHANGED_S, 0.5))
        self.known += rate * self.trusted * (level - self.known)
        self.view = self.view.drift(view, min(elapsed_s / _ADAPT_VIEW_S, 0.5))

    def trust(self, cells: Mask, level: Grid) -> None:
        """Take these cells, as they are now (levelled), for clear."""
        self.known = np.where(cells, level, self.known)
        self.trusted = self.trusted | cells


class Learner:
    """Collects looks at the zone in one light.

    Args:
        reference_s: how long.
    """

    def __init__(self, reference_s: float) -> None:
        self._reference_s = reference_s
        self._view: View | None = None
        self.reset()

    def reset(self) -> None:
        """Begin again."""
        self._view = None
        self._since_s = 0.0
        self._grids: list[Grid] = []
        self._hidden: list[Mask] = []
        self._taken_s = 0.0

    def learn(self, now: Grid, hidden: Mask, view: View, time_s: float) -> Light | None:
        """Take in one look; the light, once it has been looked at for long enough.

        Args:
            now: the zone.
            hidden: cells behind people and other known things.
            view: the picture around; when it changes again, learning begins again.
            time_s: when.
        """
        if self._view is None or not self._view.same_light(view):
            self.reset()
            self._view, self._since_s, self._taken_s = view, time_s, -np.inf
        if time_s - self._taken_s >= self._reference_s / _MOST_LOOKS:
            self._grids.append(now)
            self._hidden.append(hidden)
            self._taken_s = time_s
        if len(self._grids) < _LOOKS or time_s - self._since_s < self._reference_s - 0.02:
            return None
        return self._conclude(self._view)

    def _conclude(self, view: View) -> Light:
        grids = np.stack(self._grids)
        known = np.median(grids, axis=0).astype(np.float32)
        noise = float(np.median([noise_between(a, b) for a, b in pairwise(grids)]))
        same = np.mean(
            [~differs(known, grid, noise) & ~away for grid, away in zip(grids, self._hidden, strict=True)], 0
        )
        trusted = same >= _STILL
        return Light(view, known, trusted, np.zeros_like(trusted), noise)


def widened(cells: Mask, by: int = 3) -> Mask:
    """These cells and those within `by` of them."""
    size = 2 * by + 1
    return cv2.dilate(cells.astype(np.uint8), np.ones((size, size), np.uint8)).astype(bool)
