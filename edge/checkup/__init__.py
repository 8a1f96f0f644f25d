"""Tries everything that a site needs before it runs: models, sources, broker."""

from edge.checkup.broker import check_broker
from edge.checkup.drawing import draw_zones
from edge.checkup.models import check_models
from edge.checkup.result import Part, Result
from edge.checkup.sources import Look, look_at_all

__all__ = ["Look", "Part", "Result", "check_broker", "check_models", "draw_zones", "look_at_all"]
