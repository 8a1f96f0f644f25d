"""The pipeline over recorded footage, as fast as it goes."""

from edge.replay.gather import Gatherer
from edge.replay.overlay import draw
from edge.replay.plans import plans_from_rules, plans_from_site
from edge.replay.records import Record, event_record, summary_record
from edge.replay.replay import Replay, Step, Summary

__all__ = [
    "Gatherer",
    "Record",
    "Replay",
    "Step",
    "Summary",
    "draw",
    "event_record",
    "plans_from_rules",
    "plans_from_site",
    "summary_record",
]
