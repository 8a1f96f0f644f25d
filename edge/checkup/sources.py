"""Does each source give a picture?"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from calibration.errors import SourceError
from edge.agent.opening import open_as_set
from edge.checkup.result import Part, Result
from edge.config.source import SourceSettings
from edge.sources import Pace
from pipelines.frame import Frame


@dataclass(slots=True)
class Look:
    """One attempt to get a picture of a source.

    Attributes:
        source: its settings.
        frame: its first picture, if one came.
        fault: why none came; empty while nothing is known.
        took_s: how long it took.
    """

    source: SourceSettings
    frame: Frame | None = None
    fault: str = ""
    took_s: float = 0.0

    @property
    def result(self) -> Result:
        """The line of the report."""
        if self.frame is None:
            return Result(Part.SOURCE, self.source.name, False, self.fault)
        size = f"{self.frame.width}×{self.frame.height}"
        zones = ", ".join(zone.name for zone in self.source.zones) or "none"
        return Result(Part.SOURCE, self.source.name, True, f"{size} after {self.took_s:.1f} s; zones: {zones}")


def look_at_all(sources: Sequence[SourceSettings], timeout_s: float) -> list[Look]:
    """One picture of each and of their sub-streams, all at the same time.

    Args:
        sources: their settings.
        timeout_s: a source that has given none by then is left; a native call that hangs is abandoned.
    """
    looks = [Look(stream) for source in sources for stream in _streams(source)]
    threads = [threading.Thread(target=_look, args=(look,), daemon=True) for look in looks]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + timeout_s
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [_settled(look, timeout_s) for look in looks]


def _streams(source: SourceSettings) -> list[SourceSettings]:
    """The source, and its sub-stream as one of its own, without zones: they are drawn on the main stream."""
    if source.sub_url is None:
        return [source]
    changes = {"name": f"{source.name} (sub-stream)", "url": source.sub_url, "sub_url": None, "zones": ()}
    return [source, source.model_copy(update=changes)]


def _look(look: Look) -> None:
    settings, began = look.source, time.monotonic()
    try:
        frame = open_as_set(settings, pace=Pace.FAST).first()
    except SourceError as error:
        look.fault = str(error)
        return
    look.took_s = time.monotonic() - began
    look.frame = frame


def _settled(look: Look, timeout_s: float) -> Look:
    """A copy that a thread still under way can no longer change."""
    frame, fault = look.frame, look.fault
    if frame is None and not fault:
        fault = f"source {look.source.name}: {look.source.address}: no picture within {timeout_s:g} s"
    return Look(look.source, frame, fault, look.took_s)
