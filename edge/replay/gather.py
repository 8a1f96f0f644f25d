"""Frames of recorded footage that a model could learn from, kept as a running agent would."""

from __future__ import annotations

import sys
from pathlib import Path

from edge.agent.ids import Uuid7
from edge.harvest import HarvestStore
from edge.replay.replay import Step
from pipelines.harvest import Keeper
from pipelines.watch import WatchPlan

# Recordings are short, and everything in them was recorded for a reason.
EVERY_S = 1.0


class Gatherer:
    """Keeps frames of clips in `data/harvest`, without a limit: recorded footage has an end.

    Args:
        data: a folder as an agent's; made if missing.
        plan: how the clips are watched.

    Raises:
        EvidenceError: the folder can not be made or read.
    """

    def __init__(self, data: Path, plan: WatchPlan) -> None:
        self._store = HarvestStore(data, sys.maxsize)
        self._plan = plan
        self._new_id = Uuid7()
        self._keepers: dict[str, Keeper] = {}
        self.kept = 0

    def see(self, step: Step) -> None:
        """Keep the frame of this step if it is worth it.

        Raises:
            EvidenceError: the disk is full, or may not be written.
        """
        if step.inspection is None:
            return
        find = self._keeper(step.frame.source).judge(step.inspection)
        if find is not None:
            self._store.keep(find, step.frame)
            self.kept += 1

    def _keeper(self, source: str) -> Keeper:
        """One a clip; it remembers what an earlier run kept of it."""
        if source not in self._keepers:
            keeper = self._keepers[source] = Keeper(self._plan, self._new_id, EVERY_S)
            for find in self._store.finds:
                if find.source == source:
                    keeper.remember(find)
        return self._keepers[source]
