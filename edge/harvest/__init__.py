"""Pictures that a model could learn from, on disk: kept by the running agent, and from recorded footage."""

from edge.harvest.store import HarvestStore

__all__ = ["HarvestStore"]
