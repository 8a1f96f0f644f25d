"""Shares one detector among all views: by looking less often, never by growing a queue."""

from pipelines.schedule.rate import Rate
from pipelines.schedule.sampling import Sampler, Samples
from pipelines.schedule.scheduler import Agenda, Reason, Want, choose
from pipelines.schedule.tier import Situation, Tier, Vigil

__all__ = ["Agenda", "Rate", "Reason", "Sampler", "Samples", "Situation", "Tier", "Vigil", "Want", "choose"]
