"""Drills: a test fire, test smoke or a test obstacle rendered onto the real frames of any source."""

from __future__ import annotations

from edge.sources.drill.drill import Drill

__all__ = ["Drill"]
