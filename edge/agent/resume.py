"""Takes up again what was active when the agent ended: stopped, killed, or without power."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from pydantic import ValidationError

from edge.clock import AgentClock
from edge.delivery.compose import event_of
from edge.delivery.contract import CloudEvent, is_coverage
from edge.delivery.notices import is_notice
from edge.delivery.outbox import Outbox
from pipelines.events import Event
from pipelines.incidents import abandoned
from pipelines.watch import Watch

log = logging.getLogger(__name__)


def left_active(outbox: Outbox, clock: AgentClock) -> tuple[Event, ...]:
    """The last event of each incident that the platform still holds to be active.

    Each has the highest sequence ever stored for its incident, and monotonic times as of today.

    Raises:
        DeliveryError: the outbox can not be read.
    """
    found = []
    for incident, payload in outbox.active().items():
        if is_coverage(payload) or is_notice(payload):
            continue
        try:
            message = CloudEvent.model_validate_json(payload)
        except ValidationError as error:
            log.warning("stored event not understood, left alone", extra={"incident": incident, "reason": str(error)})
            continue
        age_s = clock.now() - message.data.sent_at.timestamp() + (message.data.delay_s or 0.0)
        event = event_of(message, clock.monotonic() - age_s)
        found.append(replace(event, sequence=max(event.sequence, outbox.last_sequence(incident))))
    return tuple(found)


def resume(events: Iterable[Event], watches: Mapping[str, Watch], drilled: Collection[str]) -> tuple[Event, ...]:
    """Have each view look for what was active in it; call it before the first inspection.

    Args:
        events: the last event of each incident.
        watches: by source.
        drilled: the sources with a drill. Where there is none any more nothing of it is looked for: a real fire
            in its place must not go on as a drill.

    Returns:
        The clearings of incidents for which nobody looks: source, rule or drill are no longer in the site file.
    """
    of_watch: dict[str, list[Event]] = defaultdict(list)
    cleared: list[Event] = []
    for event in events:
        if event.source in watches and (event.source in drilled or not event.drill):
            of_watch[event.source].append(event)
        else:
            cleared.append(abandoned(event))
    for source, active in of_watch.items():
        cleared += watches[source].restore(active)
    return tuple(cleared)
