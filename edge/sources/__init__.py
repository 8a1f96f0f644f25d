"""Where frames come from: recordings, folders of pictures, cameras on a network and on USB."""

from __future__ import annotations

from edge.sources.opening import open_source
from edge.sources.reconnect import Reconnecting
from edge.sources.source import Pace, Source, Timeouts
from edge.sources.stats import SourceStats, State

__all__ = ["Pace", "Reconnecting", "Source", "SourceStats", "State", "Timeouts", "open_source"]
