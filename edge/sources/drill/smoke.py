"""The test plume of smoke."""

from __future__ import annotations

import math

import cv2
import numpy as np

from edge.config.drill import DrillSmoke
from edge.sources.drill.canvas import Canvas, Layer, extent, place
from edge.sources.drill.film import Cut, Film, Sheet
from edge.sources.drill.fluid import FOOT, Gas

GAS = Gas(
    cells=96, detail=2, step_s=1 / 16, buoyancy=0.6, cooling=0.4, fading=0.06, burning=0.0,
    swirl=1.2, ripple=0.35, mouth=0.055, unrest=1.0, pulse_hz=0.8, draft=0.08, swell_s=5,
)  # fmt: skip
CUT = Cut(steps=1, onset=8 * 16, loop=20 * 16, blend=3 * 16)
SHEETS = (Sheet(0.0, False, 0.0), Sheet(4.3, True, 0.03), Sheet(8.9, False, -0.03))
"""A plume is deep, the fluid is flat: it is made of three sheets of the same film."""
SLOWEST_CLEARING_S = 5.0


class Smoke:
    """Draws one plume."""

    def __init__(self, item: DrillSmoke) -> None:
        self.item = item
        self._film = Film(GAS, CUT, item.seed, item.wind * 0.12)
        self._veil = _veil(GAS.cells * GAS.detail)
        self._fan = _fan(GAS.cells * GAS.detail)

    def paint(self, canvas: Canvas, time_s: float) -> None:
        """Draw it as it is `time_s` after the drill's origin."""
        age = time_s - self.item.start_s
        if age < 0:
            return
        over = 0.0 if self.item.duration_s is None else (age - self.item.duration_s) / SLOWEST_CLEARING_S
        if over >= 1:
            return
        growth = min(1.0, age / self.item.grow_s) if self.item.grow_s else 1.0
        side = self.item.size * canvas.height / FOOT * (0.35 + 0.65 * growth)
        at = self.item.at[0] * canvas.width, self.item.at[1] * canvas.height
        depth = self._depth(age, over) * np.float32(-math.log(1 - self.item.opacity) * (0.15 + 0.85 * growth))
        alpha = 1 - np.exp(-depth)  # absorption (Beer and Lambert): what still comes through is exp(−depth)
        alpha[alpha < 0.004] = 0
        window = extent(canvas, alpha, side, (0.5, FOOT), at)
        if window is None:
            return
        lit = place(_lit(depth), window, side, (0.5, FOOT), at)
        alpha = np.clip(place(alpha, window, side, (0.5, FOOT), at), 0, 1)
        luma = lit * np.float32(self._white(canvas.light)) + canvas.grain(window, 1.5)
        canvas.blend(window, alpha, luma, 129.0, 127.0)

    def _depth(self, age: float, over: float) -> Layer:
        """Optical depth `(n, n)`, about 1 in the plume's middle."""
        total = self._film.stack(age, SHEETS, mirror=not self.item.wind)
        # What a flat fluid draws as threads is the edge of a puff seen in depth: fill it, and soften most of it.
        total = np.power(total, np.float32(0.8))
        total = 0.9 * total + 1.0 * cv2.GaussianBlur(total, (0, 0), 3)
        total = cv2.remap(total, *self._fan, cv2.INTER_LINEAR) * self._veil
        if over > 0:
            height = FOOT - np.arange(total.shape[0], dtype=np.float32)[:, None] / total.shape[0]
            total *= np.clip(1.5 + (height - over) * 6, 0, 1) * np.float32((1 - over) ** 0.7)
        return np.asarray(total, np.float32)

    def _white(self, light: float) -> float:
        """Luma of the plume where daylight falls on it."""
        return (30 + 225 * self.item.shade) * min(1.1, max(0.3, math.pow(light / 100, 0.7)))


def _lit(depth: Layer) -> Layer:
    """How much daylight each place sends back, 0–1: it comes from above and a little from the left.

    What lies under thick smoke is in its shadow, and each puff is bright where it turns towards the light.
    """
    above = cv2.blur(depth, (5, 33), anchor=(3, 32), borderType=cv2.BORDER_CONSTANT)
    soft = cv2.GaussianBlur(depth, (0, 0), 1.2)
    relief = np.zeros_like(soft)
    relief[5:, 3:] = (soft[5:, 3:] - soft[:-5, :-3]) / (soft[5:, 3:] + soft[:-5, :-3] + np.float32(0.25))
    return np.asarray(0.55 + 0.3 * np.exp(-0.5 * above) + 0.3 * np.clip(relief, -0.6, 0.6), np.float32)


def _veil(side: int) -> Layer:
    """Fades the plume out towards its top and the sides of its square."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    height = (FOOT - y) / FOOT
    top = 1 - _smooth(height, 0.35, 0.97)
    sides = 1 - _smooth(np.abs(x - 0.5), 0.34, 0.49)
    return np.asarray(top * sides, np.float32)


def _fan(side: int) -> tuple[Layer, Layer]:
    """Widens the plume with its height: a round plume entrains more air than a flat one."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    height = np.clip(FOOT - y / side, 0, None)
    return np.asarray((x - side / 2) / (0.8 + 0.9 * height) + side / 2, np.float32), y


def _smooth(x: Layer, low: float, high: float) -> Layer:
    ramp = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)
