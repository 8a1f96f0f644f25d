"""Thins frames out to the rate at which they are analysed."""

from __future__ import annotations

# Times that were added up in floats may fall a hair short of one another.
_ROUNDING_S = 1e-3


class Rate:
    """Says which frames to take so that about `per_s` a second are taken.

    Args:
        per_s: frames a second; a source that gives fewer has them all taken.
    """

    def __init__(self, per_s: float) -> None:
        self._step_s = 1 / per_s
        self._due_s = float("-inf")

    def due(self, time_s: float) -> bool:
        """Is the frame of this time (`Frame.time_s`) to be taken?"""
        late_s = time_s - self._due_s
        if late_s < -_ROUNDING_S:
            return False
        # Counting on from the time that was due keeps the rate where it does not divide the camera's;
        # after a pause it counts from now, since what was missed is not made up for.
        self._due_s = self._due_s + self._step_s if late_s < self._step_s else time_s + self._step_s
        return True
