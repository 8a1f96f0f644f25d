"""A hazard is over only when it has been gone for a while."""

from __future__ import annotations

from pipelines.hazards import Hazard


class Hold:
    """Keeps reporting what has just gone, so that an incident does not end and begin again.

    Args:
        clear_after_s: for how long; only time in which the place was looked at counts.
    """

    def __init__(self, clear_after_s: float) -> None:
        self._clear_after_s = clear_after_s
        self.reset()

    def reset(self) -> None:
        """Nothing is held."""
        self._held: tuple[Hazard, ...] = ()
        self._gone_s = 0.0
        self._last_s: float | None = None

    @property
    def holding(self) -> bool:
        """Something has gone that is still being reported."""
        return bool(self._held) and self._gone_s > 0

    def keep(self, hazards: tuple[Hazard, ...], time_s: float, *, looked: bool = True) -> tuple[Hazard, ...]:
        """What to report: the hazards that hold now, or those that have not been gone for long.

        Args:
            hazards: that hold now.
            time_s: when.
            looked: the place was looked at; without that, nothing can be said to be gone.
        """
        elapsed_s = 0.0 if self._last_s is None else max(time_s - self._last_s, 0.0)
        self._last_s = time_s
        if hazards:
            self._held, self._gone_s = hazards, 0.0
        elif looked and self._held:
            self._gone_s += elapsed_s
            if self._gone_s >= self._clear_after_s:
                self._held = ()
        return self._held
