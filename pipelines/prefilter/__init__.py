"""Finds where a view may have changed, for microseconds a frame."""

from pipelines.prefilter.moving import MovingPrefilter
from pipelines.prefilter.prefilter import Prefilter

__all__ = ["MovingPrefilter", "Prefilter"]
