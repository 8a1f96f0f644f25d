"""The drill: a source's frames with test hazards rendered onto them."""

from __future__ import annotations

import threading
from typing import Protocol

from edge.config.drill import AnyDrillItem, DrillFire, DrillSettings, DrillSmoke
from edge.sources.drill.canvas import Canvas
from edge.sources.drill.fire import Fire
from edge.sources.drill.obstacle import Obstacle
from edge.sources.drill.smoke import Smoke
from pipelines.frame import Frame


class Painter(Protocol):
    """Draws one item of a drill."""

    def paint(self, canvas: Canvas, time_s: float) -> None:
        """Draw it as it is `time_s` after the drill's origin."""
        ...


class Drill:
    """Renders a site's drill onto frames, the same way each time.

    What is drawn depends on the settings, the frame and `frame.time_s - origin_s` alone: frames may be dropped, come
    at any rate, or be rendered again later for an evidence clip, by this drill (which is quick, since it keeps what it
    simulated) or by a new one with the same origin (`replay`). Every frame comes back with `drill=True`, also before
    the first thing appears and after the last one has gone. May be called from several threads.

    Args:
        settings: what is drawn, where and when.
        origin_s: the `time_s` from which the settings' times count; that of the first frame rendered if left out.
    """

    def __init__(self, settings: DrillSettings, origin_s: float | None = None) -> None:
        self.settings = settings
        self._origin_s = origin_s
        self._painters = tuple(_painter(item) for item in settings.items)
        self._lock = threading.Lock()

    @property
    def origin_s(self) -> float | None:
        """The `time_s` from which times count; None before the first frame."""
        return self._origin_s

    def render(self, frame: Frame) -> Frame:
        """The frame with the drill in it; if nothing is drawn yet its planes are those of the frame given."""
        with self._lock:
            if self._origin_s is None:
                self._origin_s = frame.time_s
            origin_s = self._origin_s
        canvas = Canvas(frame)
        for painter in self._painters:
            painter.paint(canvas, frame.time_s - origin_s)
        return canvas.frame()

    def replay(self) -> Drill:
        """A new drill that renders the same frames to the same bits."""
        return Drill(self.settings, self._origin_s)


def _painter(item: AnyDrillItem) -> Painter:
    if isinstance(item, DrillFire):
        return Fire(item)
    return Smoke(item) if isinstance(item, DrillSmoke) else Obstacle(item)
