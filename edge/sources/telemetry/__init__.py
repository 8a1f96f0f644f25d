"""Where a moving camera was: small readers for what drones and robots write, all into one `Pose`."""

from edge.sources.telemetry.flight import Flight, Hints
from edge.sources.telemetry.reading import read_telemetry

__all__ = ["Flight", "Hints", "read_telemetry"]
