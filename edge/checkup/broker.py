"""Does the broker accept this agent?"""

from __future__ import annotations

import time
from collections.abc import Callable

from calibration.errors import DeliveryError
from edge.checkup.result import Part, Result
from edge.config.broker import BrokerSettings
from edge.config.site import Site
from edge.delivery.asking import refusal_of_5
from edge.delivery.expiry import expiring
from edge.delivery.link import Link, Protocol, Unanswered, VersionRefused


def check_broker(site: Site, timeout_s: float) -> Result:
    """Connect with the site's credentials, and leave again.

    The client id ends in `-check`, so that a running agent is not thrown off its connection.
    """
    settings = site.broker.model_copy(update={"session_s": 0, "will_delay_s": 0})  # leaves nothing behind
    client_id = f"{settings.client_id or f'lookout-{site.site.name}-{site.agent.name}'}-check"
    deadline = time.monotonic() + timeout_s
    try:
        spoken = _connect(settings, client_id, lambda: time.monotonic() < deadline)
    except DeliveryError as error:
        return Result(Part.BROKER, settings.address, False, str(error))
    soon = "".join(f"; {sentence}" for sentence in expiring(settings.tls, None, time.time())) if settings.tls else ""
    how = "TLS" if settings.tls is not None else "no TLS"
    who = f"as user {settings.username}" if settings.username is not None else "without a user"
    return Result(Part.BROKER, settings.address, True, f"MQTT {spoken}, {how}, {who}{soon}")


def _connect(settings: BrokerSettings, client_id: str, go_on: Callable[[], bool]) -> Protocol:
    """The version that was spoken; `auto` falls back as the uplink does."""
    if settings.protocol != "auto":
        return _visit(Link(settings, client_id, settings.protocol), go_on)
    try:
        return _visit(Link(settings, client_id, "5"), go_on)
    except VersionRefused:
        pass
    except Unanswered:
        if refusal_of_5(settings, go_on) is None:
            raise
    return _visit(Link(settings, client_id, "3.1.1"), go_on)


def _visit(link: Link, go_on: Callable[[], bool]) -> Protocol:
    try:
        link.open(go_on)
        link.close(politely=True)
    finally:
        link.close(politely=False)
    return link.protocol
