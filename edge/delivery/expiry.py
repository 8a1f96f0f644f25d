"""Certificates that are about to expire: said weeks before the broker refuses the agent, or the agent the broker."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509

from calibration.errors import DeliveryError
from edge.config.broker import TlsSettings

log = logging.getLogger(__name__)

WARN_DAYS = 30
LOOK_EVERY_S = 6 * 3600.0
_AGAIN_S = 60.0


class Shows(Protocol):
    """A connection that may have been shown a certificate."""

    @property
    def peer_certificate(self) -> bytes | None:
        """DER; None without TLS."""
        ...


@dataclass(frozen=True, slots=True)
class Expiry:
    """A certificate that has to be renewed; as text, the sentence for people.

    Attributes:
        what: which: the same until it is renewed.
        ends: when.
        days: that are left.
        expired: it is too late.
    """

    what: str
    ends: datetime
    days: int
    expired: bool

    def __str__(self) -> str:
        verb = "expired on" if self.expired else f"expires in {self.days} days, on"
        return f"{self.what} {verb} {self.ends:%Y-%m-%d %H:%M} UTC"


class Papers:
    """Looks now and then.

    Attributes:
        expiring: what has to be renewed soon.
        tell: called with that after each look; may raise a DeliveryError, and is called again soon then.
    """

    def __init__(self) -> None:
        self.expiring: tuple[Expiry, ...] = ()
        self.tell: Callable[[tuple[Expiry, ...]], None] = lambda _: None
        self._looked_s = float("-inf")
        self._peer: bytes | None = None

    def anew(self) -> None:
        """Another connection, perhaps to another broker."""
        self._looked_s = float("-inf")

    def look(self, tls: TlsSettings | None, link: Shows | None, now_s: float) -> None:
        """Costs nothing but at the first call after `anew`, and every six hours.

        Args:
            tls: None: there are no papers.
            link: the connection, asked only when it is time to look; None where there is none.
            now_s: UTC seconds since the epoch.
        """
        if time.monotonic() - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = time.monotonic()
        # Where there is no connection, what the broker showed last still holds.
        self._peer = (link.peer_certificate if link is not None else None) or self._peer
        self.expiring = expiring(tls, self._peer, now_s) if tls is not None else ()
        for each in self.expiring:
            log.warning("certificate", extra={"reason": str(each)})
        try:
            self.tell(self.expiring)
        except DeliveryError as error:
            log.warning("certificates not told, tried again", extra={"reason": str(error)})
            self._looked_s -= LOOK_EVERY_S - _AGAIN_S


def expiring(tls: TlsSettings, peer: bytes | None, now_s: float) -> tuple[Expiry, ...]:
    """What has to be renewed soon.

    Args:
        tls: the files, read anew.
        peer: the certificate that the broker showed, DER; None where it is not known.
        now_s: UTC seconds since the epoch.
    """
    told: list[Expiry | None] = []
    for name, path in _files(tls):
        # In a bundle of authorities some are always old; it is good for as long as one of them is.
        found = sorted(_read(path), key=lambda one: one.not_valid_after_utc, reverse=name == "ca")
        told += [_say(f"broker.tls.{name}: {path}", one, now_s) for one in found[:1]]
    with suppress(ValueError):  # what the TLS library accepts and this one does not is not ours to judge
        if peer is not None:
            told.append(_say("the broker's certificate", x509.load_der_x509_certificate(peer), now_s))
    return tuple(each for each in told if each is not None)


def _files(tls: TlsSettings) -> list[tuple[str, Path]]:
    return [(name, path) for name, path in (("ca", tls.ca), ("cert", tls.cert)) if path is not None]


def _read(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):  # said by the connection, which needs it
        return []


def _say(what: str, certificate: x509.Certificate, now_s: float) -> Expiry | None:
    ends = certificate.not_valid_after_utc
    left = ends - datetime.fromtimestamp(now_s, UTC)
    return Expiry(what, ends, left.days, left.total_seconds() < 0) if left.days < WARN_DAYS else None
