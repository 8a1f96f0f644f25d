"""A plume's states, simulated once and kept: any moment can be shown again, in any order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.sources.drill.fluid import Fluid, Gas

State = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Cut:
    """How long a film is, in states.

    Attributes:
        steps: steps of the fluid a state.
        onset: states before the part that repeats.
        loop: states of the part that repeats.
        blend: states over which the end of the loop melts into its beginning.
    """

    steps: int
    onset: int
    loop: int
    blend: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One of several pictures of a film that lie over each other: how far it lags, if mirrored, moved by what share."""

    lag_s: float
    mirrored: bool
    shift: float


class Film:
    """The moving picture of a plume, which goes on for ever in a bounded memory.

    States are simulated when first asked for, at most `onset + loop + blend` of them; from then on the loop repeats.

    Args:
        gas: how the gas behaves.
        cut: how long the film is.
        seed: which plume it is.
        wind: sideways speed aloft, sides/s.
    """

    def __init__(self, gas: Gas, cut: Cut, seed: int, wind: float = 0.0) -> None:
        self.period_s = gas.step_s * cut.steps
        self._cut = cut
        self._fluid: Fluid | None = Fluid(gas, seed, wind)
        self._states: list[State] = []
        self._lock = threading.Lock()

    def at(self, time_s: float) -> State:
        """The matter `(n, n)` uint8, 255 the densest, `time_s` after the gas began to flow."""
        index = max(0, round(time_s / self.period_s))
        onset, loop, blend = self._cut.onset, self._cut.loop, self._cut.blend
        if index < onset + loop:
            return self._state(index)
        step = (index - onset) % loop
        fresh = self._state(onset + step)
        if step >= blend:
            return fresh
        old = self._state(onset + loop + step).astype(np.uint16)
        return ((old * (blend - step) + fresh * np.uint16(step)) // blend).astype(np.uint8)

    def stack(self, time_s: float, sheets: Sequence[Sheet], *, mirror: bool = True) -> NDArray[np.float32]:
        """The sum of several sheets `(n, n)`, 1 the densest of one. Sheets that have not begun yet are left out."""
        total: NDArray[np.uint16] = np.zeros_like(self.at(0), np.uint16)
        side = total.shape[1]
        for sheet in sheets:
            if time_s < sheet.lag_s:
                continue
            state = self.at(time_s - sheet.lag_s)
            if sheet.mirrored and mirror:
                state = state[:, ::-1]
            move = round(sheet.shift * side)
            left, right = max(0, move), side + min(0, move)
            total[:, left:right] += state[:, left - move : right - move]
        return total * np.float32(1 / 255)

    def _state(self, index: int) -> State:
        with self._lock:
            while len(self._states) <= index and self._fluid is not None:
                for _ in range(self._cut.steps):
                    self._fluid.step()
                self._states.append(np.rint(self._fluid.matter * 255).astype(np.uint8))
            if len(self._states) == self._cut.onset + self._cut.loop + self._cut.blend:
                self._fluid = None
            return self._states[index]
