"""One connection to the broker, from dialling to its end. A new connection is a new `Link`.

paho-mqtt does the packets; this drives it from the caller's thread with its own `poll`, so that nothing waits
longer than it was told to, and never lets paho queue: whatever was not acknowledged when a link ends is the
outbox's to send again.
"""

from __future__ import annotations

import contextlib
import hashlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from calibration.errors import BrokerRefused, DeliveryError
from edge.config.broker import BrokerSettings
from edge.delivery.entries import DIGEST
from edge.delivery.said import Acknowledgement, Arrival, Will
from edge.delivery.tls import tls_context

Protocol = Literal["5", "3.1.1"]

_VERSIONS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}
_UNSUPPORTED_VERSION = 132
_NOBODY = 16  # «No matching subscribers»
_SEND_BUFFER = 64 * 1024
"""Small, so that what the kernel has taken is soon with the broker: a stall is seen, and an alarm is not stuck
behind a megabyte of clip that can not be called back."""


class VersionRefused(BrokerRefused):
    """The broker said that it does not speak this version of MQTT."""


class Unanswered(DeliveryError):
    """The broker took the connection and did not answer the CONNECT."""


class Link:
    """A connection to the broker.

    Args:
        settings: where it is and who we are.
        client_id: how we are called; empty lets the broker choose.
        protocol: which MQTT to speak.
        will: what is said when the connection breaks.
        bare: send neither will nor user, only to learn whether the broker speaks `protocol`.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        client_id: str,
        protocol: Protocol,
        *,
        will: Will | None = None,
        bare: bool = False,
    ) -> None:
        self.protocol = protocol
        self._bare = bare
        self._settings = settings
        self._answer: ReasonCode | None = None
        self._limits = Properties(PacketTypes.CONNACK)  # type: ignore[no-untyped-call]
        self._end: str | None = None
        self._acknowledgements: list[Acknowledgement] = []
        self._arrivals: list[Arrival] = []
        self._refused_topics: list[str] = []
        self._asked: dict[int, tuple[str, ...]] = {}
        self._moved_s = time.monotonic()
        self._wake_read, self._wake_write = _waker()
        self._client = self._make_client(client_id)
        if will is not None and not bare:
            self._client.will_set(will.topic, will.payload, qos=1, retain=True, properties=self._will_properties())
        if settings.username is not None and not bare:
            password = settings.password
            self._client.username_pw_set(settings.username, password.get_secret_value() if password else None)

    def open(self, go_on: Callable[[], bool]) -> None:
        """Connect, and wait for the broker's answer.

        Args:
            go_on: called several times a second; False gives up.

        Raises:
            VersionRefused: it does not speak this version.
            BrokerRefused: it said no for another reason.
            Unanswered: it closed or said nothing.
            DeliveryError: it can not be reached, or its certificate is not to be trusted.
        """
        if self._settings.tls is not None:
            self._client.tls_set_context(tls_context(self._settings.tls))
        _dial(self._client, self._settings, self._session(), go_on)
        deadline = time.monotonic() + self._settings.connect_timeout_s
        while self._answer is None:
            left = deadline - time.monotonic()
            if left <= 0 or not go_on():
                raise Unanswered(
                    self._named(f"took the connection and said nothing for {self._settings.connect_timeout_s:g} s")
                )
            self.turn(min(left, 0.2))
        if self._answer.is_failure:
            kind = VersionRefused if self._answer.value == _UNSUPPORTED_VERSION else BrokerRefused
            raise kind(self._named(f"refused the connection: {self._answer} (reason code {self._answer.value})"))

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool,
        media_type: str,
        expires_s: int | None = None,
        digest: bool = False,
    ) -> int:
        """Send a message with QoS 1.

        Args:
            topic: where.
            payload: what.
            retain: the broker keeps it.
            media_type: told with MQTT 5.
            expires_s: the broker may drop it undelivered after so long (MQTT 5); never if None.
            digest: tell the payload's SHA-256 as the user property `sha256` (MQTT 5).

        Returns:
            Its number, which `acknowledgements` will name.
        """
        properties = None
        if self.protocol == "5":
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.ContentType = media_type
            if expires_s is not None:
                properties.MessageExpiryInterval = expires_s
            if digest:
                properties.UserProperty = [(DIGEST, hashlib.sha256(payload).hexdigest())]
        self._moved_s = time.monotonic()
        return self._client.publish(topic, payload, qos=1, retain=retain, properties=properties).mid

    def subscribe(self, *topics: str) -> None:
        """Ask for what the platform says on these topics (QoS 1); `arrivals` has it, also what is retained there."""
        number = self._client.subscribe([(topic, 1) for topic in topics])[1]
        if number is not None:
            self._asked[number] = topics

    def arrivals(self) -> list[Arrival]:
        """What came since the last call."""
        taken, self._arrivals = self._arrivals, []
        return taken

    @property
    def peer_certificate(self) -> bytes | None:
        """The certificate that the broker has shown, DER; None without TLS."""
        connection = self._client.socket()
        return connection.getpeercert(True) if isinstance(connection, ssl.SSLSocket) else None

    @property
    def refused_topics(self) -> tuple[str, ...]:
        """Those that the broker does not let this agent hear."""
        return tuple(self._refused_topics)

    def turn(self, timeout_s: float) -> None:
        """Read and write what there is; wait at most `timeout_s` for it, or until `wake` is called.

        Raises:
            DeliveryError: the connection is over.
        """
        readable, writable = self._poll(timeout_s)
        rc = MQTTErrorCode.MQTT_ERR_SUCCESS
        if readable:
            rc = self._client.loop_read()
        if rc == MQTTErrorCode.MQTT_ERR_SUCCESS and writable:
            self._moved_s = time.monotonic()
            rc = self._client.loop_write()
        if rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            rc = self._client.loop_misc()
        if self._answer is not None and self._answer.is_failure:
            return  # `open` says what it was
        if rc != MQTTErrorCode.MQTT_ERR_SUCCESS or self._client.socket() is None:
            raise self._lost(rc)

    def acknowledgements(self) -> list[Acknowledgement]:
        """Those that came since the last call."""
        taken, self._acknowledgements = self._acknowledgements, []
        return taken

    def stalled_s(self) -> float:
        """Seconds since the broker last acknowledged or took anything."""
        return time.monotonic() - self._moved_s

    def limit(self, name: Literal["MaximumPacketSize", "ReceiveMaximum"]) -> int | None:
        """A limit that the broker has set for this connection (MQTT 5)."""
        found = getattr(self._limits, name, None)
        return None if found is None else int(found)

    def wake(self) -> None:
        """End the wait of `turn`, from any thread."""
        with contextlib.suppress(OSError):  # full: it is awake already; closed: the link is over
            self._wake_write.send(b"\0")

    def close(self, *, politely: bool) -> None:
        """End the connection.

        Args:
            politely: with a DISCONNECT, which also withdraws the will.
        """
        if politely:
            self._client.disconnect()
        connection = self._client.socket()
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()
        self._wake_read.close()
        self._wake_write.close()

    def _will_properties(self) -> Properties | None:
        if self.protocol != "5" or not self._settings.will_delay_s:
            return None
        properties = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
        properties.WillDelayInterval = self._settings.will_delay_s
        return properties

    def _session(self) -> dict[str, Any]:
        """Take up the session that the broker keeps: only then it withdraws the will of the connection before."""
        keep_s = max(self._settings.session_s, self._settings.will_delay_s)
        if self.protocol != "5" or self._bare or not keep_s:
            return {}
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = keep_s
        return {"clean_start": False, "properties": properties}

    def _make_client(self, client_id: str) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=True if self.protocol == "3.1.1" else None,
            protocol=_VERSIONS[self.protocol],
            # Otherwise paho would quietly try MQTT 3.1 where 3.1.1 is refused.
            reconnect_on_failure=False,
        )
        client.connect_timeout = self._settings.connect_timeout_s
        client.max_inflight_messages_set(0)  # our window is narrower; paho must never queue
        client.on_socket_open = _tune
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        return client

    def _poll(self, timeout_s: float) -> tuple[bool, bool]:
        connection = self._client.socket()
        if connection is None:
            raise self._lost(MQTTErrorCode.MQTT_ERR_NO_CONN)
        wants_write = self._client.want_write()
        buffered = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN | (select.POLLOUT if wants_write else 0))
        poll.register(self._wake_read.fileno(), select.POLLIN)
        found = dict(poll.poll(0 if buffered else timeout_s * 1000))
        if self._wake_read.fileno() in found:
            with contextlib.suppress(BlockingIOError):
                self._wake_read.recv(4096)
        state = found.get(connection.fileno(), 0)
        return buffered or bool(state & ~select.POLLOUT), wants_write and bool(state & select.POLLOUT)

    def _lost(self, rc: MQTTErrorCode) -> DeliveryError:
        if self._answer is not None:
            return DeliveryError(self._named(f"ended the connection: {self._end or mqtt.error_string(rc)}"))
        if rc == MQTTErrorCode.MQTT_ERR_PROTOCOL and self.protocol == "3.1.1":
            return VersionRefused(self._named("refused the connection: Unsupported protocol version (reason code 1)"))
        return Unanswered(self._named("closed the connection without an answer to the CONNECT"))

    def _named(self, what: str) -> str:
        return f"broker {self._settings.address} {what} (MQTT {self.protocol})"

    def _on_connect(
        self, _: mqtt.Client, __: object, ___: object, reason: ReasonCode, limits: Properties | None
    ) -> None:
        self._answer, self._moved_s = reason, time.monotonic()
        self._limits = limits or self._limits

    def _on_disconnect(self, _: mqtt.Client, __: object, ___: object, reason: ReasonCode, ____: object) -> None:
        self._end = f"{reason} (reason code {reason.value})"

    def _on_message(self, _: mqtt.Client, __: object, message: mqtt.MQTTMessage) -> None:
        self._moved_s = time.monotonic()
        self._arrivals.append(Arrival(message.topic, bytes(message.payload)))

    def _on_subscribe(self, _: mqtt.Client, __: object, number: int, reasons: list[ReasonCode], ___: object) -> None:
        asked = self._asked.pop(number, ())
        self._refused_topics += [topic for topic, why in zip(asked, reasons, strict=False) if why.is_failure]

    def _on_publish(self, _: mqtt.Client, __: object, message: int, reason: ReasonCode, ___: object) -> None:
        self._moved_s = time.monotonic()
        refusal = f"{reason} (reason code {reason.value})" if reason.is_failure else None
        self._acknowledgements.append(Acknowledgement(message, refusal, reason.value == _NOBODY))


def _dial(client: mqtt.Client, settings: BrokerSettings, session: dict[str, Any], go_on: Callable[[], bool]) -> None:
    # Looking up a name, connecting and the TLS handshake block: they get a thread of their own, so that ours
    # goes on beating and can leave at any time.
    outcome: list[OSError | ValueError | None] = []

    def dial() -> None:
        try:
            client.connect(settings.host, settings.effective_port, keepalive=settings.keepalive_s, **session)
            outcome.append(None)
        except (OSError, ValueError) as error:
            outcome.append(error)
        if given_up.is_set():
            _drop(client)

    given_up = threading.Event()
    thread = threading.Thread(target=dial, name=f"dial {settings.address}", daemon=True)
    thread.start()
    deadline = time.monotonic() + 3 * settings.connect_timeout_s  # name, connection and handshake each
    while thread.is_alive():
        thread.join(0.1)
        if thread.is_alive() and (time.monotonic() > deadline or not go_on()):
            given_up.set()
            if not thread.is_alive():
                _drop(client)
            raise DeliveryError(f"broker {settings.address} could not be reached in time")
    error = outcome[0] if outcome else None
    if error is not None:
        raise DeliveryError(f"broker {settings.address} can not be reached: {_reason(error)}") from error


def _drop(client: mqtt.Client) -> None:
    connection = client.socket()
    if connection is not None:
        connection.close()


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error)


def _tune(_: mqtt.Client, __: object, connection: object) -> None:
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)


def _waker() -> tuple[socket.socket, socket.socket]:
    read, write = socket.socketpair()
    read.setblocking(False)
    write.setblocking(False)
    return read, write


def going(stop: threading.Event, beat: Callable[[], None]) -> Callable[[], bool]:
    """What `Link.open` asks: a sign of life, and whether to go on."""

    def go_on() -> bool:
        beat()
        return not stop.is_set()

    return go_on
