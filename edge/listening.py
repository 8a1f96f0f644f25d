"""What all that others hand in over HTTP and MQTT is heard by: poses of a camera that moves, pictures of a round."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from urllib.parse import SplitResult, unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.config.broker import TlsSettings
from edge.delivery.tls import tls_context


def post_handler(
    take: Callable[[str, bytes], str | None], token: str | None, most_bytes: int, limit: str, timeout_s: float
) -> type[BaseHTTPRequestHandler]:
    """Answers each post: 204 where it was taken, 400 and why where it was not, 401 without the token.

    Args:
        take: given the path and the content; what is wrong with it, or None.
        token: who posts has to send it as a bearer; None: anybody may.
        most_bytes: of a content.
        limit: the same in words.
        timeout_s: how long a post may say nothing.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = timeout_s

        def do_POST(self) -> None:
            given = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if token is not None and not hmac.compare_digest(given.encode(), token.encode()):
                self._answer(401, "the token is missing or wrong")
                return
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > most_bytes:
                self._answer(400, f"{limit}, found {length or 'no Content-Length'}")
                return
            fault = take(self.path, self.rfile.read(int(length)))
            self._answer(204 if fault is None else 400, fault or "")

        def _answer(self, code: int, text: str) -> None:
            content = text.encode()
            self.send_response(code)
            if content:
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Said nowhere: a pose comes ten times a second, and each picture is told of anyway."""

    return Handler


def topic_of(url: str) -> str:
    """The topic in an address; `#` at its end is a wildcard and no fragment."""
    return unquote(urlsplit(url).path).lstrip("/") + ("#" if url.endswith("#") else "")


def client_of(parts: SplitResult, tls: TlsSettings | None = None) -> mqtt.Client:
    """A client with the user and the TLS of an address; not connected yet.

    Raises:
        DeliveryError: a file of the TLS settings can not be used.
    """
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
    if parts.username is not None:
        client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
    if parts.scheme == "mqtts":
        client.tls_set_context(tls_context(tls or TlsSettings()))
    return client
