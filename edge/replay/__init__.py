"""The pipeline over recorded footage, as fast as it goes."""

from edge.replay.gather import Gatherer
from edge.replay.overlay import draw
from edge.replay.plans import plans_from_rules, plans_from_site
from edge.replay.replay import Replay, Step, Summary

__all__ = ["Gatherer", "Replay", "Step", "Summary", "draw", "plans_from_rules", "plans_from_site"]
