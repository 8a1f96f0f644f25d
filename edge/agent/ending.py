"""How a run comes to its end: when all is over, and what waits in memory then."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator

from calibration.errors import DeliveryError
from edge.agent.clips import Clips
from edge.agent.inspector import Inspector
from edge.agent.mail import Mail
from edge.agent.supervisor import State, WorkerReport
from edge.clock import AgentClock
from edge.delivery.dispatch import Dispatch
from edge.delivery.outbox import Outbox

log = logging.getLogger(__name__)

_DELIVERY_S = 30.0  # how long a finished run waits for a broker that does not answer


def until_over(
    sources: Collection[str],
    reports: Callable[[], Collection[WorkerReport]],
    inspector: Inspector,
    clips: Clips,
    waiting: Callable[[], int],
    clock: AgentClock,
) -> Iterator[bool]:
    """Yields False until every source has ended and all that it gave is delivered, then True.

    Args:
        sources: names of their workers.
        reports: how the workers are.
        inspector: may still inspect.
        clips: may still be made.
        waiting: how many events are not delivered.
        clock: the agent's.
    """
    while any(r.name in sources and r.state not in (State.FINISHED, State.QUARANTINED) for r in reports()):
        yield False
    idle = 0  # twice in a row, since a look in hand is for a moment neither on the desk nor under inspection
    while idle < 2 or clips.waiting:
        idle = idle + 1 if inspector.idle else 0
        yield False
    late_s = clock.monotonic() + _DELIVERY_S
    while waiting() and clock.monotonic() < late_s:
        yield False
    yield True


def store_the_rest(
    outbox: Outbox, mail: Mail, afresh: Callable[[], Outbox], dispatch: Callable[[Outbox], Dispatch]
) -> None:
    """What waits in memory goes to disk; into a new outbox, should the old one be damaged.

    Args:
        outbox: the one in use; closed.
        mail: holds events.
        afresh: opens another.
        dispatch: the way into it.
    """
    spare = outbox.close()
    if not mail.held and spare is None:
        return
    try:
        with afresh() as fresh:
            if spare is not None:
                fresh.adopt(spare)
            left = mail.hand_over(dispatch(fresh))
    except DeliveryError as error:
        left = mail.held + (0 if spare is None else spare.count())
        reason: str | None = str(error)
    else:
        reason = mail.error
    if left:
        log.critical("events lost", extra={"events": left, "reason": reason})
