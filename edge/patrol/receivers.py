"""Who hands the pictures of a round in: posts over HTTP, and messages over MQTT."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt

from calibration.errors import ConfigError
from edge.config.broker import PLAIN_PORT, TLS_PORT
from edge.listening import client_of, post_handler, topic_of
from edge.patrol.intake import MOST_BYTES, AtWaypoints, BadPicture, Round

Told = Callable[[str], None]
"""Called with the waypoint of each picture that was kept."""


def http_server(host: str, port: int, kept: Round, token: str | None, told: Told) -> ThreadingHTTPServer:
    """Listens for `POST /WAYPOINT` with a picture, or `POST /` with JSON: 204, or 400 and why.

    Raises:
        ConfigError: nobody can listen there.
    """
    limit = f"up to {MOST_BYTES} bytes"

    def take(path: str, content: bytes) -> str | None:
        try:
            kept_as = kept.take_message(content, unquote(path).strip("/") or None)
        except BadPicture as error:
            return str(error)
        told(kept_as.parent.name)
        return None

    try:
        server = ThreadingHTTPServer((host, port), post_handler(take, token, MOST_BYTES, limit, 10.0))
    except OSError as error:
        raise ConfigError([f"--http {host}:{port}: can not be listened on: {error.strerror}"]) from error
    server.daemon_threads = True
    return server


def mqtt_client(url: str, kept: Round, camera: AtWaypoints | None, told: Told) -> mqtt.Client:
    """Hears pictures on a topic whose last level is the waypoint; or, with a camera, poses that name it.

    Raises:
        ConfigError: the broker can not be reached.
    """
    parts = urlsplit(url)
    topic, client = topic_of(url), client_of(parts)

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
