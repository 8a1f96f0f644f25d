"""The test flame."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config.drill import DrillFire
from edge.sources.drill.canvas import Canvas, Layer, Window, extent, place
from edge.sources.drill.film import Cut, Film, Sheet
from edge.sources.drill.fluid import FOOT, Gas

GAS = Gas(
    cells=64, detail=3, step_s=1 / 50, buoyancy=9.0, cooling=1.6, fading=0.6, burning=1.3,
    swirl=5.0, ripple=0.17, mouth=0.12, unrest=0.9, pulse_hz=2.2, draft=0.3, swell_s=1.5,
)  # fmt: skip
CUT = Cut(steps=2, onset=2 * 25, loop=10 * 25, blend=25 // 2)
SHEETS = (Sheet(0.0, False, 0.0), Sheet(0.73, True, -0.03))
"""A fire is deep, the fluid is flat: it is made of two sheets of the same film."""
DYING_S = 2.0
_COLDEST = 0.06  # cooler gas does not glow
FLAME = 0.62
"""The tongues' usual height: share of the fluid's square."""


class Fire:
    """Draws one fire."""

    def __init__(self, item: DrillFire) -> None:
        self.item = item
        self._film = Film(GAS, CUT, item.seed)
        self._bed = _bed(GAS.cells * GAS.detail, item.seed)

    def paint(self, canvas: Canvas, time_s: float) -> None:
        """Draw it as it is `time_s` after the drill's origin."""
        age = time_s - self.item.start_s
        if age < 0:
            return
        left = 1.0
        if self.item.duration_s is not None:
            left = 1 - (age - self.item.duration_s) / DYING_S
        growth = min(1.0, age / self.item.grow_s) if self.item.grow_s else 1.0
        scale = min(1.0, max(0.0, left)) ** 0.5 * (0.2 + 0.8 * growth)
        if scale <= 0:
            return
        side = self.item.size * canvas.height / FLAME * scale
        at = self.item.at[0] * canvas.width, self.item.at[1] * canvas.height
        heat = self._heat(age)
        self._shine(canvas, heat, side, at)
        window = extent(canvas, heat + self._bed, side, (0.5, FOOT), at)
        if window is not None:
            self._burn(canvas, window, heat, side, at)

    def _heat(self, age: float) -> Layer:
        """Heat of the flame `(n, n)`, 0–1."""
        total = np.minimum(self._film.stack(age, SHEETS), 1)
        total[total < _COLDEST] = 0
        return total

    def _burn(self, canvas: Canvas, window: Window, heat: Layer, side: float, at: tuple[float, float]) -> None:
        bed = place(self._bed, window, side, (0.5, FOOT), at)
        canvas.blend(window, np.clip(bed, 0, 1) * np.float32(0.75), 22.0, 127.0, 129.0)
        heat = place(heat, window, side, (0.5, FOOT), at)
        index = np.clip(heat * 255, 0, 255).astype(np.uint8)
        alpha, y, u, v = (column[index] for column in _COLOURS)
        canvas.blend(window, alpha, y + canvas.grain(window, 1.0), u, v)

    def _shine(self, canvas: Canvas, heat: Layer, side: float, at: tuple[float, float]) -> None:
        """Light of the flame on what stands around it and in the lens; by day it hardly shows."""
        strength = np.float32(200 / (1 + canvas.light / 12))
        small = cv2.resize(heat, (32, 32), interpolation=cv2.INTER_AREA)
        wide = cv2.copyMakeBorder(small, 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=0)
        halo = cv2.GaussianBlur(wide, (0, 0), 7) * 2.2 + cv2.GaussianBlur(wide, (0, 0), 2.5) * 0.6
        halo = np.asarray(np.maximum(halo - 0.01, 0) * _round(72), np.float32)
        wide_side, foot = side * 72 / 32, (0.5, (20 + 32 * FOOT) / 72)
        window = extent(canvas, halo, wide_side, foot, at)
        if window is None:
            return
        glow = place(halo, window, wide_side, foot, at)
        canvas.add(window, np.clip(glow, 0, None) * strength, -0.42, 0.38)


def _colours() -> tuple[NDArray[np.float32], ...]:
    """Cover, luma and chroma for each of 256 degrees of heat: deep orange at the edge, saturated in the core."""
    x = np.linspace(0, 1, 256, dtype=np.float32)
    exposure = 5.5 * x**1.7
    red, green, blue = (255 * (1 - np.exp(-gain * exposure)) for gain in (3.4, 0.95, 0.16))
    y = 0.299 * red + 0.587 * green + 0.114 * blue
    ramp = np.clip((x - _COLDEST) / 0.3, 0, 1)
    alpha = ramp * ramp * (3 - 2 * ramp)
    return tuple(np.asarray(c, np.float32) for c in (alpha, y, 128 + 0.564 * (blue - y), 128 + 0.713 * (red - y)))


def _bed(side: int, seed: int) -> Layer:
    """What burns: a low dark heap, ragged at its rim."""
    rng = np.random.default_rng(seed + 1)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    ragged = cv2.GaussianBlur(rng.standard_normal((side, side)).astype(np.float32), (0, 0), 3) * 3
    distance = ((x - 0.5) / (GAS.mouth * 1.5)) ** 2 + ((y - FOOT - 0.005) / 0.035) ** 2
    return np.asarray(np.clip(1.3 - distance + 0.5 * ragged, 0, 1), np.float32)


def _round(side: int) -> Layer:
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / (side - 1) * 2 - 1
    return np.asarray(np.clip(1.5 - 1.5 * np.sqrt(x * x + y * y), 0, 1), np.float32)


_COLOURS = _colours()
