"""From a source in the site file to what gives its frames."""

from __future__ import annotations

from edge.clock import AgentClock
from edge.config.source import SourceSettings
from edge.evidence.ring import PacketRing
from edge.sources import Pace, Source, open_source


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
