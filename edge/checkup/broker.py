"""Does the broker accept this agent?"""

from __future__ import annotations

import time

from calibration.errors import DeliveryError
from edge.checkup.result import Part, Result
from edge.config.site import Site
from edge.delivery.asking import visit
from edge.delivery.expiry import expiring


def check_broker(site: Site, timeout_s: float) -> Result:
    """Connect with the site's credentials, and leave again.

    The client id ends in `-check`, so that a running agent is not thrown off its connection.
    """
    settings = site.broker
    client_id = f"{settings.client_id or f'lookout-{site.site.name}-{site.agent.name}'}-check"
    deadline = time.monotonic() + timeout_s
    try:
        found = visit(settings, client_id, lambda: time.monotonic() < deadline)
    except DeliveryError as error:
        soon = expiring(settings.tls, None, time.time()) if settings.tls else ()
        return Result(Part.BROKER, settings.address, False, "; ".join([str(error), *map(str, soon)]))
    soon = expiring(settings.tls, found.peer_certificate, time.time()) if settings.tls else ()
    how = "TLS" if settings.tls is not None else "no TLS"
    who = f"as user {settings.username}" if settings.username is not None else "without a user"
    said = [f"MQTT {found.protocol}, {how}, {who}", *map(str, soon)]
    return Result(Part.BROKER, settings.address, True, "; ".join(said))
