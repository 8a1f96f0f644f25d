"""A small two-dimensional fluid: hot gas that rises from a foot, swirls and fades.

Stable fluids (Stam 1999) on a square periodic grid, with vorticity confinement (Fedkiw 2001) and, for detail below
the grid, divergence-free noise that rides on the flow. Lengths are shares of the square's side, times seconds.
Steps are of fixed length and use neither the clock nor threads of BLAS: the same seed gives the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.float32]

FOOT = 0.88
"""Where the foot stands: share of the square's side from its top."""


@dataclass(frozen=True, slots=True)
class Gas:
    """How a gas behaves.

    Attributes:
        cells: side of the velocity grid.
        detail: how many times finer the grid of the visible matter is.
        step_s: length of one step.
        buoyancy: acceleration of the hottest gas, sides/s².
        cooling: share of the heat lost a second.
        fading: share of the matter lost a second.
        burning: matter lost a second whatever its amount: gives it edges.
        swirl: strength of the vorticity confinement.
        ripple: speed of the fine noise as a share of the gas's own speed.
        mouth: half width of the foot from which it flows.
        unrest: how far the outflow wanders and pulses, 0–1.
        pulse_hz: how often it does.
        draft: speed at which everything is borne up, sides/s.
        swell_s: how long the outflow takes to reach its strength.
    """

    cells: int
    detail: int
    step_s: float
    buoyancy: float
    cooling: float
    fading: float
    burning: float
    swirl: float
    ripple: float
    mouth: float
    unrest: float
    pulse_hz: float
    draft: float
    swell_s: float


class Fluid:
    """One plume of gas.

    Args:
        gas: how it behaves.
        seed: what makes this plume differ from others.
        wind: sideways speed aloft, sides/s.
    """

    def __init__(self, gas: Gas, seed: int, wind: float = 0.0) -> None:
        self._gas = gas
        n, fine = gas.cells, gas.cells * gas.detail
        rng = np.random.default_rng(seed)
        self._steps = 0
        self._velocity = np.zeros((2, n, n), np.float32)  # x to the right, y downwards; sides/s
        self._heat = np.zeros((n, n), np.float32)
        self.matter: Grid = np.zeros((fine, fine), np.float32)
        self._coarse = _positions(n)
        self._fine = _positions(fine)
        self._projector = _projector(n)
        self._ripples = _ripples(fine, gas.detail, rng)
        self._mottle = _mottle(fine, rng)
        self._waves = rng.uniform(0.6, 1.7, (3, 4)) * gas.pulse_hz, rng.uniform(0, 2 * np.pi, (3, 4))
        self._sponge = _sponge(n)
        height = np.clip(FOOT - self._coarse[1] / n, 0, None)
        aloft = (1 - np.exp(-height / 0.25)).astype(np.float32)
        self._wind = np.float32(wind) * aloft
        self._gust = np.float32(0.15 * gas.draft * gas.unrest * rng.choice((-1, 1))) * aloft

    def step(self) -> None:
        """Go on by `step_s`."""
        gas, dt = self._gas, np.float32(self._gas.step_s)
        self._feed()
        self._velocity[1] -= dt * np.float32(gas.buoyancy) * self._heat
        self._velocity += dt * self._confinement()
        self._velocity = _project(self._velocity, self._projector) * self._sponge
        flow = self._velocity.copy()
        flow[0] += self._wind + self._gust * np.float32(np.sin(self._steps * gas.step_s * gas.pulse_hz * 1.7))
        flow[1] -= np.float32(gas.draft)
        self._velocity = np.stack([_carry(part, flow, dt, self._coarse) for part in self._velocity])
        self._heat = _carry(self._heat, flow, dt, self._coarse) * np.float32(np.exp(-gas.cooling * gas.step_s))
        self._move_matter(flow, dt)
        self._steps += 1

    def _move_matter(self, flow: Grid, dt: np.float32) -> None:
        gas, side = self._gas, self.matter.shape[0]
        fine = np.stack([cv2.resize(part, (side, side), interpolation=cv2.INTER_LINEAR) for part in flow])
        speed = np.sqrt(fine[0] ** 2 + fine[1] ** 2) * np.float32(gas.ripple)
        # The noise climbs at about half the plume's speed, so that it is shed instead of standing in the picture.
        shift = int(self._steps * gas.step_s * 0.12 * side) % side
        fine += speed * self._ripples[:, shift : shift + side]
        moved = _carry(self.matter, fine, dt, self._fine, cv2.INTER_CUBIC)
        moved *= np.float32(np.exp(-gas.fading * gas.step_s))
        moved -= dt * np.float32(gas.burning)
        self.matter = np.clip(moved, 0, 1)

    def _feed(self) -> None:
        """Hot matter wells up from three mouths that wander and pulse."""
        time = self._steps * self._gas.step_s
        rates, phases = self._waves
        swell = 0.3 + 0.7 * min(1.0, time / self._gas.swell_s)
        side = self.matter.shape[0]
        shift = int(time * 0.2 * side) % side
        mottle = self._mottle[shift : shift + side]
        for mouth in range(3):
            wave = np.sin(2 * np.pi * rates[mouth] * time + phases[mouth])
            drift = (mouth - 1) * 0.55 + 0.5 * self._gas.unrest * wave[0]
            centre = 0.5 + drift * self._gas.mouth * swell
            radius = self._gas.mouth * (0.55 + 0.2 * self._gas.unrest * wave[1]) * swell
            strength = 1 - self._gas.unrest * (0.35 + 0.35 * wave[2] * wave[3])
            _well(self._heat, self._coarse, centre, radius, np.float32(strength))
            _well(self.matter, self._fine, centre, radius, np.float32(strength) * mottle)

    def _confinement(self) -> Grid:
        """The force that gives small whirls back what the coarse grid takes from them."""
        n = self._gas.cells
        x, y = self._velocity
        curl = (_slope(y, 1) - _slope(x, 0)) * n
        size = np.abs(curl)
        across, down = _slope(size, 1), _slope(size, 0)
        length = np.sqrt(across**2 + down**2) + np.float32(1e-5)
        strength = np.float32(self._gas.swirl / n) * curl / length
        return np.stack([down * strength, -across * strength])


def _positions(side: int) -> Grid:
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    return np.stack([x, y])


def _slope(field: Grid, axis: int) -> Grid:
    return np.asarray(np.roll(field, -1, axis) - np.roll(field, 1, axis), np.float32) * np.float32(0.5)


def _carry(field: Grid, flow: Grid, dt: np.float32, at: Grid, how: int = cv2.INTER_LINEAR) -> Grid:
    """Semi-Lagrangian advection: what stands here now came from upstream."""
    source = at - flow * (dt * field.shape[0])
    return np.asarray(cv2.remap(field, source[0], source[1], how, borderMode=cv2.BORDER_CONSTANT), np.float32)


def _well(field: Grid, at: Grid, centre: float, radius: float, strength: Grid | np.float32) -> None:
    side = field.shape[0]
    top, bottom = int((FOOT - 3 * radius) * side), int((FOOT + 0.04) * side) + 1
    rows = slice(max(0, top), min(side, bottom))
    across = (at[0][rows] / side - np.float32(centre)) / np.float32(radius)
    down = (at[1][rows] / side - np.float32(FOOT - 0.012)) / np.float32(0.35 * radius + 0.008)
    blob = (strength[rows] if isinstance(strength, np.ndarray) else strength) * np.exp(-(across**2) - down**2)
    np.maximum(field[rows], blob, out=field[rows])


def _projector(n: int) -> tuple[Grid, Grid]:
    """Wave vectors of unit length: what they take out of a flow is its divergence."""
    ky, kx = np.meshgrid(np.fft.fftfreq(n), np.fft.rfftfreq(n), indexing="ij")
    length = np.sqrt(kx**2 + ky**2)
    length[0, 0] = 1
    return (kx / length).astype(np.float32), (ky / length).astype(np.float32)


def _project(velocity: Grid, unit: tuple[Grid, Grid]) -> Grid:
    wave = np.fft.rfft2(velocity)
    along = wave[0] * unit[0] + wave[1] * unit[1]
    wave[0] -= along * unit[0]
    wave[1] -= along * unit[1]
    return np.asarray(np.fft.irfft2(wave, s=velocity.shape[1:]), np.float32)


def _ripples(side: int, detail: int, rng: np.random.Generator) -> Grid:
    """Divergence-free noise `(2, 2·side, side)` of unit speed, repeating downwards."""
    white = rng.standard_normal((side, side))
    ky, kx = np.meshgrid(np.fft.fftfreq(side), np.fft.rfftfreq(side), indexing="ij")
    wave = np.sqrt(kx**2 + ky**2) * 4 * detail  # 1: a wavelength of four cells of the coarse grid
    band = np.exp(-((np.log2(wave + 1e-9) + 0.3) ** 2) / 0.9)
    stream = np.fft.irfft2(np.fft.rfft2(white) * band, s=(side, side)).astype(np.float32)
    curl = np.stack([_slope(stream, 0), -_slope(stream, 1)])
    curl /= np.sqrt((curl**2).sum(axis=0).mean())
    return np.ascontiguousarray(np.concatenate([curl, curl], axis=1))


def _mottle(side: int, rng: np.random.Generator) -> Grid:
    """Uneven smoke `(2·side, side)`, 0–1, repeating downwards: what wells up is never of one density."""
    white = rng.standard_normal((side, side)).astype(np.float32)
    soft = sum(sigma * cv2.GaussianBlur(white, (0, 0), sigma) for sigma in (1.5, 4.0))
    uneven = np.clip(0.65 + 0.4 * np.asarray(soft, np.float32), 0.05, 1)
    return np.ascontiguousarray(np.concatenate([uneven, uneven]))


def _sponge(n: int) -> Grid:
    """Slows the gas at the borders, since what leaves a periodic grid comes back on the other side."""
    ramp = np.clip(np.minimum(np.arange(n), np.arange(n)[::-1]) / (0.06 * n), 0, 1)
    return (0.8 + 0.2 * np.minimum.outer(ramp, ramp)).astype(np.float32)
