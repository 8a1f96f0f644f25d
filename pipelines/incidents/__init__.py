"""The life of each hazard."""

from pipelines.incidents.incidents import Finding, Incidents, Policy, abandoned

__all__ = ["Finding", "Incidents", "Policy", "abandoned"]
