"""The drill: a source's frames with test hazards rendered onto them."""

from __future__ import annotations

from dataclasses import replace

from edge.config.drill import DrillSettings
from pipelines.frame import Frame


class Drill:
    """Renders a site's drill onto frames, the same way each time.

    What is drawn depends on the settings and on `frame.time_s - origin_s` alone: frames may be dropped, come at any
    rate, or be rendered again later for an evidence clip, by this drill or by a new one with the same origin.
    Every frame comes back with `drill=True`, also before the first thing appears and after the last one has gone.
    May be called from several threads.

    Args:
        settings: what is drawn, where and when.
        origin_s: the `time_s` from which the settings' times count; that of the first frame rendered if left out.
    """

    def __init__(self, settings: DrillSettings, origin_s: float | None = None) -> None:
        self.settings = settings
        self._origin_s = origin_s

    @property
    def origin_s(self) -> float | None:
        """The `time_s` from which times count; None before the first frame."""
        return self._origin_s

    def render(self, frame: Frame) -> Frame:
        """The frame with the drill in it; planes that nothing was drawn onto are shared with the frame given."""
        if self._origin_s is None:
            self._origin_s = frame.time_s
        return replace(frame, drill=True)
