"""Where may something have changed? On two time scales, and with an eye for flame."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.activity import Activity, Derived
from pipelines.frame import Frame, Plane
from pipelines.prefilter.background import FastBackground, SlowBackground
from pipelines.prefilter.blocks import HOT, Counts, count, join
from pipelines.prefilter.light import relit
from pipelines.prefilter.noise import Noise
from pipelines.prefilter.small import COLUMNS, Cells, Shrinker

# What differs between the two backgrounds is worked out once in so long.
SLOW_LOOK_S = 0.95

# A cell counts as changed from this many times the view's noise (its median, so 3.4 standard deviations
# of the difference of two pictures), and at least this many levels.
NOISE_TIMES = 5.0
SLOW_NOISE_TIMES = 2.5  # of two backgrounds: each is made of eight or nine pictures
LEAST_FAST = 7
LEAST_SLOW = 9
# The same for the mean over so many cells a side: noise averages out, thin smoke does not.
WIDE, WIDE_NOISE_TIMES, LEAST_WIDE = 5, 1.0, 4
# What a changed cell weighs: beside one that has only come to stay.
_FAST_WEIGHS, _FLAME_WEIGHS = 2.0, 4.0
# What changes by so many times as much from one look to the next has changed, whatever the fast background says: a
# flame flickers around its own mean. By less, a few cells of a brick wall do so too.
_LEAPS = 2
# The light has changed when this share of all cells moved at once, and mostly in one direction.
LIGHT_SHARE = 0.6
SETTLE_S = 2.0
# Where this share of the cells differs, a part of that may be the iris: a white car in the view darkens all of it.
_DRIFT_SHARE = 0.04
_DARK = 110  # no flame is darker
# Pictures so far apart are keyframes: an encoder draws each anew, with a noise that it hides between two of them.
_APART_S = 0.9
# Of so many pictures that follow one another noise is learnt from one; of keyframes from each, there are few.
_LEARN_EVERY = 4

_Mask = NDArray[np.bool_]


class Prefilter:
    """Answers *where* a view may have changed; it never has the last word.

    A fast background (seconds) shows what moves. A slow one (a quarter of an hour) shows, by how the fast one has come
    to differ from it, what has come to stay or forms too slowly. What comes of the light is taken off both, and a noisy
    night picture raises its own threshold. A light that is switched on or off moves most cells at once in one
    direction: the view is then to be looked at in full, and the backgrounds are carried over into the new light. Where
    it is another picture they are taken anew, and the view counts as unsettled until they are known.

    In a view in which next to nothing changes, a look costs little more than shrinking the picture: what follows is
    worked out for the cells that changed, and what only rules ask for (see `Activity`) when they ask.
    """

    def __init__(self) -> None:
        self._small = Shrinker()
        self.reset()

    def reset(self) -> None:
        """Forget the view."""
        self._noise = self._noise_in_a_row = Noise(_LEARN_EVERY)
        self._noise_apart = Noise(1)
        self._size = (0, 0)
        self._last: Plane | None = None
        self._begun_s = self._last_s = 0.0

    def look(self, frame: Frame) -> Activity:
        """What changed in this frame; costs about the same whatever its size."""
        if self._size != (frame.width, frame.height):
            self.reset()
            self._size = (frame.width, frame.height)
        luma, now, switched = self._small.luma(frame), frame.time_s, False
        if self._last is None:
            self._begin(luma, now)
            self._last = luma
        else:
            self._hear(luma, self._last, now)
        last, limit = self._last, max(self._noise.levels * NOISE_TIMES, LEAST_FAST)
        step = np.asarray(cv2.absdiff(luma, last), np.uint8)
        moving = step > limit
        fast = np.asarray(cv2.absdiff(luma, self._fast.shown), np.uint8)
        if self._light_switched(luma, fast):
            fast, switched = self._relight(luma, now), True
        elif np.count_nonzero(fast[::4, ::4] > limit) > _DRIFT_SHARE / 16 * fast.size:
            fast = difference(luma, self._fast.shown)
        if now - self._slow_look_s >= SLOW_LOOK_S:
            self._compare_slow(luma, now)
        # Where something has left, the fast background needs seconds to forget it: the slow one knows what is there.
        left = (np.asarray(cv2.absdiff(luma, self._slow.shown)) <= limit) & ~moving
        stirs, scores = self._count(frame, luma, moving, ((fast > limit) & ~left) | (step > _LEAPS * limit))
        activity = Activity(
            luma=luma,
            fast=fast,
            moving=moving,
            regions=join(scores),
            stirring=bool((stirs >= HOT).any()),
            unsettled=switched or now - self._begun_s < SETTLE_S,
            derived=_Derived(self._small, frame, luma, last, self._slow.shown),
        )
        self._learn(luma, now)
        return activity

    def _begin(self, luma: Plane, now: float) -> None:
        self._fast = FastBackground(luma)
        self._slow = SlowBackground(luma, now)
        self._slow_counts = np.zeros_like(count(np.empty(0, np.intp)))
        self._begun_s = self._slow_look_s = now

    def _relight(self, luma: Plane, now: float) -> Plane:
        """Carry the backgrounds over into the new light, so that what was flagged stays so; else begin anew."""
        self._fast.relight(luma)
        apart = np.asarray(cv2.absdiff(luma, self._fast.shown), np.uint8)
        if np.count_nonzero(apart > LEAST_FAST) > LIGHT_SHARE * apart.size:
            self._begin(luma, now)
            return np.zeros_like(luma)
        self._slow.relight(luma)
        return apart

    def _light_switched(self, luma: Plane, fast: Plane) -> bool:
        some = fast[::4, ::4]
        if np.count_nonzero(some > LEAST_FAST) <= LIGHT_SHARE / 2 * some.size:
            return False  # nowhere near
        before, most = self._fast.shown, LIGHT_SHARE * luma.size
        up = np.count_nonzero(np.asarray(cv2.subtract(luma, before)) > LEAST_FAST)
        down = np.count_nonzero(np.asarray(cv2.subtract(before, luma)) > LEAST_FAST)
        return bool(max(up, down) > most)

    def _compare_slow(self, luma: Plane, now: float) -> None:
        """Stays: neither what passes, which the picture shows, nor what has passed, whose trace the fast one shows."""
        slow, noise = relit(self._slow.shown, self._fast.shown), self._noise.levels
        stays = _differs(slow, [self._fast.shown, luma], max(noise * SLOW_NOISE_TIMES, LEAST_SLOW))
        slow, *both = (np.asarray(cv2.blur(each, (WIDE, WIDE)), np.uint8) for each in (slow, self._fast.shown, luma))
        stays |= _differs(slow, both, max(noise * WIDE_NOISE_TIMES, LEAST_WIDE))
        self._slow_counts = count(np.flatnonzero(stays))
        self._slow_look_s = now

    def _count(self, frame: Frame, luma: Plane, moving: _Mask, changed: _Mask) -> tuple[Counts, Counts]:
        """In each block: how many cells move, and what weighs in it."""
        cells = np.flatnonzero(changed)
        stirs = count(np.flatnonzero(moving))
        if not len(cells):
            return stirs, self._slow_counts
        weights = np.where(self._flame_at(frame, luma, cells), _FAST_WEIGHS + _FLAME_WEIGHS, _FAST_WEIGHS)
        return stirs, count(cells, weights) + self._slow_counts

    def _flame_at(self, frame: Frame, luma: Plane, cells: Cells) -> _Mask:
        flame = luma.ravel()[cells] > _DARK
        bright = cells[flame]
        flame[flame] = _is_flame(luma.ravel()[bright], *self._small.chroma_at(frame, *np.divmod(bright, COLUMNS)))
        return flame

    def _learn(self, luma: Plane, now: float) -> None:
        self._fast.update(luma)
        self._slow.update(luma, now)
        self._last, self._last_s = luma, now

    def _hear(self, luma: Plane, last: Plane, now: float) -> None:
        """Which noise this picture has, as far as it is known."""
        self._noise = self._noise_apart if now - self._last_s >= _APART_S else self._noise_in_a_row
        self._noise.learn(luma, last)


def _differs(background: Plane, both: Sequence[Plane], limit: float) -> _Mask:
    """Where each of two planes differs from a background by more than so many levels: `(rows, columns)`."""
    one, other = (cv2.absdiff(plane, background) > limit for plane in both)
    return np.asarray(one & other, np.bool_)


class _Derived(Derived):
    """Holds on to arrays that nobody writes to any more; from any thread."""

    def __init__(self, small: Shrinker, frame: Frame, luma: Plane, last: Plane, slow: Plane) -> None:
        self._small, self._frame = small, frame
        self._luma, self._last, self._slow = luma, last, slow

    def slow(self) -> Plane:
        return difference(self._luma, self._slow)

    def flame(self) -> _Mask:
        return _is_flame(self._luma, *Shrinker().chroma(self._frame))

    def step(self) -> NDArray[np.int16]:
        return np.subtract(self._luma, self._last, dtype=np.int16)


def difference(luma: Plane, background: Plane) -> Plane:
    """Absolute difference, in levels, less what comes of the light of the whole view: a cloud, the sun, the iris."""
    return np.asarray(cv2.absdiff(luma, relit(background, luma)), np.uint8)


def _is_flame(luma: Plane, u: Plane, v: Plane) -> _Mask:
    """Bright, red above blue: Y > 110, Cr > 140, Cr - Cb > 30 (after Çelik and Demirel, 2009)."""
    warm: _Mask = (v > 140) & (luma > _DARK)
    if not warm.any():
        return warm
    flame: _Mask = warm & (np.subtract(v, u, dtype=np.int16) > 30)
    return flame
