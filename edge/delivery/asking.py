"""Short visits to a broker: does it let this agent in, and does it speak MQTT 5 at all? See decision 0008."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from calibration.errors import DeliveryError
from edge.config.broker import BrokerSettings
from edge.delivery.link import Link, Protocol, Unanswered, VersionRefused

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Visit:
    """A broker that has let us in.

    Attributes:
        protocol: the version that was spoken.
        peer_certificate: what it showed, DER; None without TLS.
    """

    protocol: Protocol
    peer_certificate: bytes | None


def visit(settings: BrokerSettings, client_id: str, go_on: Callable[[], bool]) -> Visit:
    """Connect as the uplink does, with TLS and user, and leave again; nothing stays at the broker.

    Args:
        settings: the broker.
        client_id: not the running agent's, which would be thrown off its connection.
        go_on: called several times a second; False gives up.

    Raises:
        DeliveryError: it can not be reached, or says no.
    """
    settings = settings.model_copy(update={"session_s": 0, "will_delay_s": 0})
    if settings.protocol != "auto":
        return _enter(Link(settings, client_id, settings.protocol), go_on)
    try:
        return _enter(Link(settings, client_id, "5"), go_on)
    except VersionRefused:
        pass
    except Unanswered:
        if refusal_of_5(settings, go_on) is None:
            raise
    return _enter(Link(settings, client_id, "3.1.1"), go_on)


def refusal_of_5(settings: BrokerSettings, go_on: Callable[[], bool]) -> VersionRefused | None:
    """Ask with a CONNECT that any broker can parse; None where it is not refused, for whatever reason."""
    try:
        _enter(Link(settings, "", "5", bare=True), go_on)
    except VersionRefused as error:
        return error
    except DeliveryError as error:
        _log.debug("no refusal of MQTT 5", extra={"broker": settings.address, "reason": str(error)})
    return None


def _enter(link: Link, go_on: Callable[[], bool]) -> Visit:
    try:
        link.open(go_on)
        found = Visit(link.protocol, link.peer_certificate)
        link.close(politely=True)
    finally:
        link.close(politely=False)
    return found
