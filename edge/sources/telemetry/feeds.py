"""Where poses come from while the camera moves: MQTT, MAVLink over UDP or a serial line, or posts over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs

import paho.mqtt.client as mqtt

from calibration.errors import DeliveryError, SourceUnusable
from edge.config.telemetry import TelemetrySettings
from edge.listening import client_of, post_handler, topic_of
from edge.sources.telemetry.live import LiveTrack
from edge.sources.telemetry.mavlink import Autopilot, mavutil_of
from edge.sources.telemetry.plain import parse_message

_TURN_S = 0.25
_AGAIN_S = 2.0
_LARGEST = 65_536
_BAUD = 57_600


class Feed(Protocol):
    """Hands poses to a `LiveTrack` until it is stopped."""

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """The thread's work; see `Worker.run`."""
        ...


def open_feed(settings: TelemetrySettings, track: LiveTrack) -> Feed:
    """The one that the address names."""
    match settings.parts.scheme:
        case "mqtt" | "mqtts":
            return MqttFeed(settings, track)
        case "http":
            return HttpFeed(settings, track)
        case _:
            return MavlinkFeed(settings, track)


def _hear(track: LiveTrack, payload: bytes) -> str | None:
    """Take one message; what is wrong with it, or None."""
    try:
        track.hear(parse_message(payload.decode()))
    except ValueError as error:
        track.misheard(str(error))
        return str(error)
    return None


class MqttFeed:
    """Messages of DJI's cloud, or plain ones, on one topic, which may have wildcards."""

    def __init__(self, settings: TelemetrySettings, track: LiveTrack) -> None:
        self._settings = settings
        self._track = track

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """The thread's work; it connects again for as long as it takes."""
        while not stop.is_set():
            try:
                self._listen(stop, beat)
            except (OSError, ValueError, DeliveryError) as error:
                self._track.error = f"telemetry: {error}"
            for _ in range(round(_AGAIN_S / _TURN_S)):
                beat()
                if stop.wait(_TURN_S):
                    return

    def _listen(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        parts = self._settings.parts
        topic, client = topic_of(self._settings.url), client_of(parts, self._settings.tls)
        client.connect_timeout = 5.0
        broken: list[str] = []

        def connected(_: mqtt.Client, __: Any, ___: Any, code: Any, ____: Any) -> None:
            if code.is_failure:
                broken.append(f"the broker of the telemetry refuses: {code}")
            else:
                client.subscribe(topic)

        def left(_: mqtt.Client, __: Any, ___: Any, code: Any, ____: Any) -> None:
            broken.append(f"the connection to the broker of the telemetry was lost: {code}")

        client.on_connect, client.on_disconnect = connected, left
        client.on_message = lambda _, __, message: self._heard(message)
        client.connect(parts.hostname or "", self._settings.port, keepalive=15)
        try:
            while not stop.is_set() and not broken:
                beat()
                client.loop(timeout=_TURN_S)
        finally:
            client.disconnect()
        if broken and not stop.is_set():
            raise DeliveryError(broken[0])

    def _heard(self, message: mqtt.MQTTMessage) -> None:
        _hear(self._track, bytes(message.payload))


class MavlinkFeed:
    """An autopilot, its gimbal and its camera, over UDP or a serial line."""

    def __init__(self, settings: TelemetrySettings, track: LiveTrack) -> None:
        self._settings = settings
        self._track = track

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """The thread's work."""
        try:
            mavutil = mavutil_of()
        except SourceUnusable as error:
            self._track.error = f"telemetry: {error}"
            while not stop.wait(_TURN_S):
                beat()
            return
        while not stop.is_set():
            try:
                self._listen(mavutil, stop, beat)
            except OSError as error:
                self._track.error = f"telemetry: {error}"
            for _ in range(round(_AGAIN_S / _TURN_S)):
                beat()
                if stop.wait(_TURN_S):
                    return

    def _listen(self, mavutil: Any, stop: threading.Event, beat: Callable[[], None]) -> None:
        parts = self._settings.parts
        if parts.scheme == "serial":
            baud = int(parse_qs(parts.query).get("baud", [_BAUD])[0])
            link = mavutil.mavlink_connection(parts.path, baud=baud)
        else:
            link = mavutil.mavlink_connection(f"udpin:{parts.hostname}:{parts.port}")
        autopilot = Autopilot(self._track.size)
        try:
            while not stop.is_set():
                beat()
                said = link.recv_match(blocking=True, timeout=_TURN_S)
                if said is None:
                    continue
                autopilot.size = self._track.size
                try:
                    pose = autopilot.hear(said.get_type(), said, said._timestamp)
                except ValueError as error:
                    self._track.misheard(str(error))
                    continue
                if pose is not None:
                    self._track.hear(pose)
        finally:
            link.close()


class HttpFeed:
    """Poses that are posted, one JSON object each: 204 where it was taken, 400 and why where it was not."""

    def __init__(self, settings: TelemetrySettings, track: LiveTrack) -> None:
        self._settings = settings
        self._track = track

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """The thread's work."""
        parts = self._settings.parts
        while not stop.is_set():
            try:
                server = ThreadingHTTPServer((parts.hostname or "", parts.port or 0), self._handler())
            except OSError as error:
                self._track.error = f"telemetry: {parts.hostname}:{parts.port} can not be listened on: {error.strerror}"
                beat()
                stop.wait(_AGAIN_S)
                continue
            with server:
                server.daemon_threads = True
                server.timeout = _TURN_S
                while not stop.is_set():
                    beat()
                    server.handle_request()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        token = self._settings.token.get_secret_value() if self._settings.token is not None else None
        limit = f"a pose has up to {_LARGEST} bytes"
        return post_handler(lambda _, content: _hear(self._track, content), token, _LARGEST, limit, 5.0)
