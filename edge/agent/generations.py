"""One agent after the other in one process: each reload makes a new one, and a bad one is followed by the old."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from calibration.errors import LookoutError
from edge.agent.agent import Agent
from edge.agent.lineup import Lineup
from edge.agent.reload import Outcome, SiteFile, good_one
from edge.agent.supervisor import Ending
from edge.model_store import ModelStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class End:
    """How it ended.

    Attributes:
        ending: of the last agent.
        sound: none of its sources was unusable.
    """

    ending: Ending
    sound: bool


def watch(
    file: SiteFile,
    data: Path | None,
    store: ModelStore,
    stop: threading.Event,
    began: Callable[[Agent], None],
    *,
    until_end: bool = False,
) -> End:
    """Watch a site until `stop` is set, through all its reloads.

    Args:
        file: the site file.
        data: the data folder, instead of the site's own.
        store: where models are.
        stop: ends it.
        began: told of each agent before it runs.
        until_end: also end when every source has ended and all that it gave has been delivered.

    Raises:
        LookoutError: the first agent can not be made.
    """
    before: SiteFile | None = None
    lineup: Lineup | None = None
    outcome: Outcome | None = None
    good = good_one(file, data or file.site.agent.data, store)
    if good is not None:
        file, outcome = good
        log.error("the site file from before the reload is used", extra={"reason": outcome.fault})
    while True:
        folder = data or file.site.agent.data
        try:
            agent = Agent(file.site, folder, store=store, file=file, outcome=outcome, lineup=lineup)
        except LookoutError as error:
            if before is None:
                raise
            outcome = _taken_back(file, before, outcome, str(error))
            if lineup is not None:
                lineup.close()
            file, before, lineup = before, None, None
            continue
        with agent:
            began(agent)
            ending = agent.run(stop, until_end=until_end)
        if ending is Ending.RELOAD and agent.reload.next is not None:
            # Loaded while the old one was watching: between the two nobody waits for models.
            before, file, outcome, lineup = file, agent.reload.next, agent.reload.outcome, agent.reload.lineup
        elif ending is Ending.TAKEN_BACK and before is not None:
            fault = agent.reload.outcome.fault if agent.reload.outcome is not None else None
            outcome = _taken_back(file, before, agent.reload.outcome, str(fault))
            file, before, lineup = before, None, None
        else:
            if ending is Ending.STOPPED:
                agent.reload.keep()  # ended on purpose
            return End(ending, agent.sound)


def _taken_back(file: SiteFile, before: SiteFile, outcome: Outcome | None, reason: str) -> Outcome:
    """The one before is used again; where the bad one was put in its place, it comes back there too."""
    log.error("site file taken back, the one before is used", extra={"reason": reason})
    if file.fetched:
        try:
            before.put_down()
        except OSError as error:
            log.exception("site file not put back", extra={"path": str(before.path), "reason": error.strerror})
    return Outcome(outcome.command if outcome is not None else None, reason)
