"""Tracks: the same thing keeps its number from look to look."""

from __future__ import annotations

from pipelines.track.tracker import Tracker, TrackSettings

__all__ = ["TrackSettings", "Tracker"]
