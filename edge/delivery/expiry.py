"""Certificates that are about to expire: said weeks before the broker refuses the agent, or the agent the broker."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509

from edge.config.broker import TlsSettings

log = logging.getLogger(__name__)

WARN_DAYS = 30
LOOK_EVERY_S = 6 * 3600.0


class Shows(Protocol):
    """A connection that may have been shown a certificate."""

    @property
    def peer_certificate(self) -> bytes | None:
        """DER; None without TLS."""
        ...


class Papers:
    """Looks now and then.

    Attributes:
        expiring: what has to be renewed soon, one sentence each.
    """

    def __init__(self) -> None:
        self.expiring: tuple[str, ...] = ()
        self._looked_s = float("-inf")

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
        if tls is None or time.monotonic() - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = time.monotonic()
        self.expiring = expiring(tls, link.peer_certificate if link is not None else None, now_s)
        for sentence in self.expiring:
            log.warning("certificate", extra={"reason": sentence})


def expiring(tls: TlsSettings, peer: bytes | None, now_s: float) -> tuple[str, ...]:
    """What has to be renewed soon, one sentence each.

    Args:
        tls: the files, read anew.
        peer: the certificate that the broker showed, DER; None where it is not known.
        now_s: UTC seconds since the epoch.
    """
    told: list[str | None] = []
    for name, path in _files(tls):
        # In a bundle of authorities some are always old; it is good for as long as one of them is.
        found = sorted(_read(path), key=lambda one: one.not_valid_after_utc, reverse=name == "ca")
        told += [_say(f"broker.tls.{name}: {path}", one, now_s) for one in found[:1]]
    with suppress(ValueError):  # what the TLS library accepts and this one does not is not ours to judge
        if peer is not None:
            told.append(_say("the broker's certificate", x509.load_der_x509_certificate(peer), now_s))
    return tuple(sentence for sentence in told if sentence is not None)


def _files(tls: TlsSettings) -> list[tuple[str, Path]]:
    return [(name, path) for name, path in (("ca", tls.ca), ("cert", tls.cert)) if path is not None]


def _read(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):  # said by the connection, which needs it
        return []


def _say(what: str, certificate: x509.Certificate, now_s: float) -> str | None:
    ends = certificate.not_valid_after_utc
    left = ends - datetime.fromtimestamp(now_s, UTC)
    if left.days >= WARN_DAYS:
        return None
    when = f"{ends:%Y-%m-%d %H:%M} UTC"
    return f"{what} expired on {when}" if left.total_seconds() < 0 else f"{what} expires in {left.days} days, on {when}"
