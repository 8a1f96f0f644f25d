"""Could the view have been seen? A silent camera is not a safe place."""

from pipelines.coverage.coverage import Coverage, Reference, blank
from pipelines.coverage.faults import ViewFault

__all__ = ["Coverage", "Reference", "ViewFault", "blank"]
