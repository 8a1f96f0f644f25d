"""From a source in the site file to what gives its frames."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextlib import suppress

from calibration.errors import LookoutError, SourceUnusable
from edge.clock import AgentClock
from edge.config.source import SourceSettings
from edge.evidence.ring import PacketRing
from edge.sources import Pace, Source, open_source
from edge.sources.camera import NetworkCamera

_BESIDE_S = 6.0  # longer than any camera takes to its first keyframe, and shorter than who reloads would wait


def open_as_set(
    settings: SourceSettings,
    *,
    pace: Pace | None = None,
    clock: AgentClock | None = None,
    ring: PacketRing | None = None,
) -> Source:
    """Make the source as the site file says; nothing is connected before its `frames` are asked for.

    Args:
        settings: the source in the site file.
        pace: instead of the one in the file.
        clock: the agent's.
        ring: keep the packets here; a new ring when left out.

    Raises:
        SourceUnusable: no source can have such an address, or a setting does not fit it.
    """
    return open_source(
        settings.name,
        settings.url,
        pace=pace or Pace(settings.pace),
        loop=settings.loop,
        fps=settings.fps,
        transport=settings.transport,
        clock=clock,
        ring=ring,
    )


def open_beside(sources: Iterable[SourceSettings], clock: AgentClock) -> dict[str, Source]:
    """Connect to cameras beside those who read them now, so that nobody waits for their keyframes later.

    One that does not come, or takes no second connection, is left out: it is connected to as ever.

    Returns:
        By name, those whose first frame is there.
    """
    made: dict[str, Source] = {}
    for settings in sources:
        with suppress(SourceUnusable):
            source = open_as_set(settings, clock=clock)
            if isinstance(source, NetworkCamera):
                made[settings.name] = source
    threads = [threading.Thread(target=_begin, args=(source,), daemon=True) for source in made.values()]
    for thread in threads:
        thread.start()
    until_s = time.monotonic() + _BESIDE_S
    for thread in threads:
        thread.join(max(0.0, until_s - time.monotonic()))
    begun = {name: source for name, source in made.items() if source.begun}
    for name in made.keys() - begun.keys():
        made[name].close()
    return begun


def _begin(source: Source) -> None:
    with suppress(LookoutError):
        source.begin()
