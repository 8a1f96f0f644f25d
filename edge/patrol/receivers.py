"""Who hands the pictures of a round in: posts over HTTP, and messages over MQTT."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import SplitResult, unquote

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from calibration.errors import ConfigError
from edge.config.broker import PLAIN_PORT, TLS_PORT, TlsSettings
from edge.delivery.tls import tls_context
from edge.patrol.intake import MOST_BYTES, AtWaypoints, BadPicture, Round

Told = Callable[[str], None]
"""Called with the waypoint of each picture that was kept."""


def http_server(host: str, port: int, kept: Round, token: str | None, told: Told) -> ThreadingHTTPServer:
    """Listens for `POST /WAYPOINT` with a picture, or `POST /` with JSON: 204, or 400 and why.

    Raises:
        ConfigError: nobody can listen there.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = 10.0

        def do_POST(self) -> None:
            given = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if token is not None and not hmac.compare_digest(given.encode(), token.encode()):
                self._answer(401, "the token is missing or wrong")
                return
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > MOST_BYTES:
                self._answer(400, f"up to {MOST_BYTES} bytes, found {length or 'no Content-Length'}")
                return
            try:
                path = kept.take_message(self.rfile.read(int(length)), unquote(self.path).strip("/") or None)
            except BadPicture as error:
                self._answer(400, str(error))
                return
            told(path.parent.name)
            self._answer(204, "")

        def _answer(self, code: int, text: str) -> None:
            content = text.encode()
            self.send_response(code)
            if content:
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Each picture is told of anyway."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise ConfigError([f"--http {host}:{port}: can not be listened on: {error.strerror}"]) from error
    server.daemon_threads = True
    return server


def mqtt_client(parts: SplitResult, kept: Round, camera: AtWaypoints | None, told: Told) -> mqtt.Client:
    """Hears pictures on a topic whose last level is the waypoint; or, with a camera, poses that name it.

    Raises:
        ConfigError: the broker can not be reached.
    """
    topic = unquote(parts.path).lstrip("/") + ("#" if parts.geturl().endswith("#") else "")
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
    if parts.username is not None:
        client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
    if parts.scheme == "mqtts":
        client.tls_set_context(tls_context(TlsSettings()))

    def heard(_: mqtt.Client, __: Any, message: mqtt.MQTTMessage) -> None:
        with suppress(BadPicture):  # counted
            if camera is not None:
                camera.pose(bytes(message.payload))
            else:
                told(kept.take_message(bytes(message.payload), message.topic.rpartition("/")[2]).parent.name)

    client.on_connect = lambda found, _, __, ___, ____: found.subscribe(topic, qos=1) and None
    client.on_message = heard
    port = parts.port or (TLS_PORT if parts.scheme == "mqtts" else PLAIN_PORT)
    try:
        client.connect(parts.hostname or "", port, keepalive=15)
    except OSError as error:
        raise ConfigError([f"--mqtt {parts.hostname}:{port}: can not be reached: {error}"]) from error
    client.loop_start()
    return client
