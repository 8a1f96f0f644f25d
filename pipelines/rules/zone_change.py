"""What has come to stand in a zone, seen only by how the zone has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.rules.light import View
from pipelines.rules.structure import Grid, Mask, differs, emptied, noise_between, solid
from pipelines.rules.zone_reference import Learner, Light, widened

_AGAINST = 3.0  # a look that speaks against standing costs this many times what one for it earns
_FORM = 0.5  # cells with this share of the evidence give a patch its form once its core has all of it
_CORE = 0.5  # share of `min_share` that the core must have
_LIGHTS = 4  # lights remembered: day, infrared, lamps, dusk
_FOLLOW_S = 60.0  # time constant with which the picture of a standing thing follows the light
_NOISE_S = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """Something standing in the zone.

    Attributes:
        cells: `(rows, columns)`, where.
        first_s: when it was first seen.
        share: of the zone, 0–1.
        lasting: it has stood for the whole dwell.
    """

    cells: Mask
    first_s: float
    share: float
    lasting: bool


class ZoneChange:
    """Gathers evidence, cell by cell, that the same thing stands where the zone used to look otherwise.

    A cell earns evidence while it differs from the clear zone and still shows what it showed when the
    evidence began; a crowd that walks through differs all the time, but never shows the same twice.
    What is hidden behind people neither earns nor loses. When the whole view changes its light, nothing
    is judged until the new light has been learnt, or recognised, and what stood there is carried over.

    Args:
        zone: cells of the zone.
        dwell_s: how long something must stand.
        reference_s: how long the clear zone is looked at first.
        min_share: smallest share of the zone that counts.
    """

    def __init__(self, zone: Mask, dwell_s: float, reference_s: float, min_share: float) -> None:
        self._zone = zone
        self._dwell_s = dwell_s
        self._reference_s = reference_s
        self._min_share = min_share
        self._learner = Learner(reference_s)
        self._lights: list[Light] = []
        self._light: Light | None = None
        self.reset()

    def reset(self) -> None:
        """Forget what stood there, but not what the clear zone looks like."""
        shape = self._zone.shape
        self._learner.reset()
        for light in self._lights:
            light.carried = np.zeros(shape, bool)
        self._last: Grid | None = None
        self._picture = np.zeros(shape, np.float32)  # each cell when its evidence began, levelled
        self._evidence_s = np.zeros(shape, np.float32)
        self._first_s = np.zeros(shape, np.float64)
        self._settled_s = np.zeros(shape, np.float32)  # how long a cell without a clear state has kept still
        self._changed = np.zeros(shape, bool)
        self._accepted = np.zeros(shape, bool)  # what has been found to be there, not to be gone

    @property
    def learning(self) -> bool:
        """The light is not known (yet); nothing can be judged."""
        return self._light is None

    def contradicts(self, cells: Mask, at_least: float) -> bool:
        """Most of these cells' clear state is known, and hardly any of them has changed: nothing new is there."""
        if self._light is None or not cells.any() or self._light.trusted[cells].mean() < 0.5:
            return False
        return float((self._changed | (self._evidence_s > 0))[cells].mean()) < at_least

    def update(self, now: Grid, view: View, hidden: Mask, occupied: Mask, time_s: float, elapsed_s: float) -> None:
        """Take in one look.

        Args:
            now: the zone, `(rows, columns)` 0–255.
            view: the picture around it.
            hidden: cells behind people, which are not judged.
            occupied: cells behind other detected things, which are judged, but never taken for clear.
            time_s: when.
            elapsed_s: since the look before, as far as that may count.
        """
        if self._light is None or not self._light.view.same_light(view):
            self._light = self._recognised(view) or self._learnt(now, view, hidden | occupied, time_s)
            if self._light is None:
                return
            self._picture = self._light.levelled(now, self._evidence_s == 0)
            self._last = None
        self._learner.reset()
        level = self._light.levelled(now, ~(self._changed | hidden) & (self._evidence_s == 0))
        self._judge(self._light, now, level, hidden, time_s, elapsed_s)
        self._notice_removals(self._light, level)
        self._adapt(self._light, now, level, view, hidden | occupied, elapsed_s)

    def _recognised(self, view: View) -> Light | None:
        return next((light for light in self._lights if light.view.same_light(view)), None)

    def _learnt(self, now: Grid, view: View, hidden: Mask, time_s: float) -> Light | None:
        light = self._learner.learn(now, hidden, view, time_s)
        if light is not None:
            light.carried = widened(self._evidence_s > 0)
            light.trusted &= ~light.carried
            self._lights = [light, *self._lights[: _LIGHTS - 1]]
        return light

    def _judge(self, light: Light, now: Grid, level: Grid, hidden: Mask, time_s: float, elapsed_s: float) -> None:
        self._changed = light.changed(now, level)
        different = solid(self._changed & ~hidden) & ~hidden
        begun = self._evidence_s > 0
        same = ~differs(np.where(begun, self._picture, level), now, light.noise * np.sqrt(2))
        standing = begun & (different | light.carried) & same
        self._evidence_s += np.float32(elapsed_s) * standing
        self._evidence_s -= np.float32(elapsed_s * _AGAINST) * (begun & ~standing & ~hidden)
        np.clip(self._evidence_s, 0, self._dwell_s, out=self._evidence_s)
        light.carried &= self._evidence_s > 0
        fresh = different & (self._evidence_s == 0)
        self._picture[fresh] = level[fresh]
        self._first_s[fresh] = time_s
        self._evidence_s[fresh] = 1e-3
        follow = np.float32(min(elapsed_s / _FOLLOW_S, 0.5)) * standing
        self._picture += follow * (level - self._picture)

    def _notice_removals(self, light: Light, level: Grid) -> None:
        """What stood there when the clear zone was learnt, and has left since, is no hazard but a better clear zone."""
        self._accepted &= self._evidence_s > 0
        for patch in self.patches():
            if not patch.lasting or (self._accepted & patch.cells).any():
                continue
            if light.trusted[patch.cells].all() and emptied(light.known, level, patch.cells):
                gone = widened(patch.cells, 5)
                light.trust(gone, level)
                self._evidence_s[gone] = 0
            else:
                self._accepted |= patch.cells

    def _adapt(self, light: Light, now: Grid, level: Grid, view: View, occupied: Mask, elapsed_s: float) -> None:
        busy = widened((self._evidence_s > 0) | occupied)
        light.adapt(level, ~busy & ~self._changed, ~busy & self._changed, view, elapsed_s)
        if self._last is not None:
            still = ~differs(self._last, now, light.noise * np.sqrt(2)) & ~busy
            self._settled_s = (self._settled_s + np.float32(elapsed_s)) * (still & ~light.trusted)
            light.trust(self._settled_s >= self._reference_s, level)
            light.noise += min(elapsed_s / _NOISE_S, 0.5) * (noise_between(self._last, now) - light.noise)
        self._last = now

    def patches(self) -> Iterator[Patch]:
        """What stands there now, and is large enough."""
        size = self._zone.sum()
        form = solid(self._evidence_s > 0)
        ripe = self._evidence_s >= self._dwell_s - 0.02
        strong = self._evidence_s >= self._dwell_s * _FORM
        count, labels = cv2.connectedComponents(form.astype(np.uint8))
        for label in range(1, count):
            cells = labels == label
            inside = cells & self._zone
            share = float(inside.sum() / size)
            if share >= self._min_share:
                lasting = bool((inside & ripe).sum() >= size * self._min_share * _CORE)
                first_s = self._first_s[cells & (self._evidence_s > 0)].min(initial=np.inf)
                yield Patch(inside & strong if lasting else inside, float(first_s), share, lasting)
