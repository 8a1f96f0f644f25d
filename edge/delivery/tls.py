"""TLS towards the broker, as the site file asks for it."""

from __future__ import annotations

import os
import ssl

from calibration.errors import DeliveryError
from edge.config.broker import TlsSettings


class _Handshake(ssl.SSLSocket):
    """paho drops a socket whose handshake failed without closing it, at every attempt."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except (OSError, ValueError):
            self.close()
            raise


def tls_context(tls: TlsSettings) -> ssl.SSLContext:
    """The context for one connection, read anew each time so that renewed certificates count.

    Raises:
        DeliveryError: a file is missing or is no certificate or key.
    """
    for name, path in (("ca", tls.ca), ("cert", tls.cert), ("key", tls.key)):
        if path is not None and not os.access(path, os.R_OK):
            raise DeliveryError(f"broker.tls.{name}: {path} can not be read")
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.cert is not None:
            context.load_cert_chain(tls.cert, tls.key)
    except (OSError, ValueError) as error:
        named = ", ".join(str(path) for path in (tls.ca, tls.cert, tls.key) if path)
        raise DeliveryError(f"broker.tls: {named} can not be used: {error}") from error
    context.sslsocket_class = _Handshake
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
