"""Does a broker that did not answer speak MQTT 5 at all? See decision 0008."""

from __future__ import annotations

import logging
from collections.abc import Callable

from calibration.errors import DeliveryError
from edge.config.broker import BrokerSettings
from edge.delivery.link import Link, VersionRefused

_log = logging.getLogger(__name__)


def refusal_of_5(settings: BrokerSettings, go_on: Callable[[], bool]) -> VersionRefused | None:
    """Ask with a CONNECT that any broker can parse; None where it is not refused, for whatever reason."""
    link = Link(settings, "", "5", bare=True)
    try:
        link.open(go_on)
        link.close(politely=True)
    except VersionRefused as error:
        return error
    except DeliveryError as error:
        _log.debug("no refusal of MQTT 5", extra={"broker": settings.address, "reason": str(error)})
    finally:
        link.close(politely=False)
    return None
