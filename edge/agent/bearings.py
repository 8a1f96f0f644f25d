"""What a camera that moves is given besides its pictures: a track of its poses, and who brings them."""

from __future__ import annotations

from collections.abc import Iterable

from calibration.terrain import Terrain
from edge.agent.supervisor import Worker
from edge.clock import AgentClock
from edge.config import SourceSettings
from edge.config.telemetry import TerrainSettings
from edge.sources.telemetry.feeds import open_feed
from edge.sources.telemetry.live import LiveTrack
from edge.terrain import read_terrain
from pipelines.rules.grounded import Bearings


def terrain_of(settings: TerrainSettings | None) -> Terrain | None:
    """The ground that is asked for.

    Raises:
        SourceUnusable: its file can not be used.
    """
    return read_terrain(settings.file, settings.error_m) if settings is not None else None


def live_tracks(sources: Iterable[SourceSettings], clock: AgentClock) -> dict[str, LiveTrack | None]:
    """By source; None for one that stands still.

    Raises:
        SourceUnusable: the file of its terrain can not be used.
    """
    return {source.name: _live_track(source, clock) for source in sources}


def _live_track(settings: SourceSettings, clock: AgentClock) -> LiveTrack | None:
    said = settings.telemetry
    if said is None:
        return None
    takeoff = said.terrain.takeoff if said.terrain is not None else None
    terrain = terrain_of(said.terrain)
    return LiveTrack(said.hints, clock, offset_s=said.offset_s, terrain=terrain, takeoff=takeoff)


def bearings(track: LiveTrack | None) -> Bearings | None:
    """As the pipelines ask for them."""
    return Bearings(track.at, track.terrain) if track is not None else None


def feeds(sources: Iterable[tuple[SourceSettings, LiveTrack | None]]) -> tuple[Worker, ...]:
    """A thread for each telemetry."""
    return tuple(
        Worker(f"telemetry:{settings.name}", open_feed(settings.telemetry, track).run, 45.0)
        for settings, track in sources
        if settings.telemetry is not None and track is not None
    )
