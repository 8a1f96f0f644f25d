"""The life of each hazard."""

from pipelines.incidents.incidents import Finding, Incidents, Policy
from pipelines.incidents.steps import abandoned

__all__ = ["Finding", "Incidents", "Policy", "abandoned"]
