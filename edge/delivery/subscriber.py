"""The other end: receives what an agent publishes, the way a platform would."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import ValidationError

from calibration.errors import BrokerRefused, DeliveryError, EvidenceError
from edge.config.broker import BrokerSettings
from edge.delivery.assembly import Assembly
from edge.delivery.contract import CloudEvent, CoverageEvent, Evidence, Status, is_coverage
from edge.delivery.entries import DIGEST
from edge.delivery.notices import NoticeEvent, is_notice
from edge.delivery.tls import tls_context

_REMEMBERED = 10_000
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event that arrived.

    Attributes:
        event: as published.
        received_s: when, UTC seconds since the epoch.
        repeated: it has been here before; QoS 1 allows that after a broken connection.
    """

    event: CloudEvent
    received_s: float
    repeated: bool

    @property
    def confirm_s(self) -> float:
        """Seconds from the first sign to the alarm, by the clock of the frames."""
        return (self.event.data.alarm - self.event.data.first_seen).total_seconds()

    @property
    def delivery_s(self) -> float:
        """Seconds from the agent's outbox to here; right if both machines' clocks agree."""
        return self.received_s - self.event.data.sent_at.timestamp()

    @property
    def latency_s(self) -> float | None:
        """Seconds from the capture of the frame to here; None where the agent did not tell."""
        delay_s = self.event.data.delay_s
        return None if delay_s is None else delay_s + self.delivery_s


@dataclass(frozen=True, slots=True)
class ReceivedEvidence:
    """A picture or clip that arrived.

    Attributes:
        topic: where.
        incident: id of the incident.
        name: of the file, unique within the incident.
        content: the bytes.
        descriptor: what the event announced; None if that event has not been seen here.
        received_s: when, UTC seconds since the epoch.
    """

    topic: str
    incident: str
    name: str
    content: bytes
    descriptor: Evidence | None
    received_s: float

    @property
    def verified(self) -> bool | None:
        """Whether the content has the digest that the event announced; None if none did."""
        if self.descriptor is None:
            return None
        return hashlib.sha256(self.content).hexdigest() == self.descriptor.sha256

    def save(self, folder: Path) -> Path:
        """Write it to `folder/incident/name`.

        Returns:
            The file.

        Raises:
            EvidenceError: the names, which came over the network, are no plain file names.
        """
        for part in (self.incident, self.name):
            if part in ("", ".", "..") or part != Path(part).name or "\\" in part or "\0" in part:
                raise EvidenceError(f"evidence on {self.topic}: {part!r} is not a plain file name and is not saved")
        path = folder / self.incident / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.content)
        return path


@dataclass(frozen=True, slots=True)
class ReceivedStatus:
    """A status that arrived.

    Attributes:
        agent: `site/agent`.
        status: as published.
        retained: it is from before we listened.
    """

    agent: str
    status: Status
    retained: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something on one of the topics that is not what the contract says.

    Attributes:
        topic: where.
        reason: what is wrong with it.
    """

    topic: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReceivedCoverage:
    """News of a view that can not be seen, or can be again.

    Attributes:
        event: as published.
        repeated: it has been here before.
    """

    event: CoverageEvent
    repeated: bool


@dataclass(frozen=True, slots=True)
class ReceivedNotice:
    """Something that has to be done about an agent, or has been.

    Attributes:
        event: as published.
        repeated: it has been here before.
    """

    event: NoticeEvent
    repeated: bool


Received = ReceivedEvent | ReceivedCoverage | ReceivedNotice | ReceivedEvidence | ReceivedStatus | Unreadable


class Subscriber:
    """Listens to the agents of a site, reconnecting by itself; `with Subscriber(...):`.

    Speaks MQTT 3.1.1 unless the settings ask for 5: it needs nothing that 5 adds.

    Args:
        settings: the broker.
        on_message: called with each message, in the order of arrival, from a thread of its own.
        site: name of the site; every site when left out.
        agent: name of the agent; every agent when left out.
        client_id: with one, the broker keeps messages for it while it is away; none lets it choose.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        on_message: Callable[[Received], None],
        *,
        site: str = "+",
        agent: str = "+",
        client_id: str = "",
    ) -> None:
        self._settings = settings
        self._on_message = on_message
        self._base = f"{settings.prefix}/{site}/{agent}"
        self._announced: OrderedDict[str, Evidence] = OrderedDict()
        self._assembly = Assembly()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._subscribed = threading.Event()
        self._refusal: str | None = None
        self._client = self._make_client(client_id)

    def start(self, timeout_s: float = 10.0) -> None:
        """Connect and subscribe; returns when the broker has confirmed it.

        Raises:
            BrokerRefused: the broker said no.
            DeliveryError: it can not be reached.
        """
        where = self._settings.address
        try:
            if self._settings.tls is not None:
                self._client.tls_set_context(tls_context(self._settings.tls))
            self._client.connect(self._settings.host, self._settings.effective_port, self._settings.keepalive_s)
        except (OSError, ValueError) as error:
            raise DeliveryError(f"broker {where} can not be reached: {error}") from error
        self._client.loop_start()
        answered = self._subscribed.wait(timeout_s)
        if self._refusal is not None or not answered:
            self.stop()
            if self._refusal is not None:
                raise BrokerRefused(f"broker {where} refused: {self._refusal}")
            raise DeliveryError(f"broker {where} took the connection and did not answer within {timeout_s:g} s")

    def stop(self) -> None:
        """Disconnect; no call of `on_message` follows."""
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Subscriber:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _make_client(self, client_id: str) -> mqtt.Client:
        five = self._settings.protocol == "5"
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if five else not client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
        )
        if self._settings.username is not None:
            password = self._settings.password
            client.username_pw_set(self._settings.username, password.get_secret_value() if password else None)
        client.connect_timeout = self._settings.connect_timeout_s
        client.reconnect_delay_set(1, max(1, round(self._settings.backoff_max_s)))
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._receive
        return client

    def _on_connect(
        self, client: mqtt.Client, _: object, __: object, reason: ReasonCode, ___: Properties | None
    ) -> None:
        if reason.is_failure:
            self._refusal = str(reason)
            self._subscribed.set()
            return
        client.subscribe(
            [(f"{self._base}/{tail}", 1) for tail in ("event", "evidence/+/+", "evidence/+/+/part/+", "status")]
        )

    def _on_subscribe(self, _: mqtt.Client, __: object, ___: int, reasons: list[ReasonCode], ____: object) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        self._refusal = f"the subscription: {refused[0]}" if refused else None
        self._subscribed.set()

    def _receive(self, _: mqtt.Client, __: object, message: mqtt.MQTTMessage) -> None:
        received_s = time.time()
        site, agent, kind, *rest = message.topic.removeprefix(f"{self._settings.prefix}/").split("/")
        try:
            if kind == "event":
                received = self._event(bytes(message.payload), received_s)
                self._on_message(received)
                if isinstance(received, ReceivedEvent):
                    for evidence in received.event.data.evidence:
                        if evidence.topic is not None:
                            self._put_together(evidence.topic, received_s)
            elif kind == "status":
                status = Status.model_validate_json(message.payload)
                self._on_message(ReceivedStatus(f"{site}/{agent}", status, bool(message.retain)))
            elif kind == "evidence":
                self._evidence(message, rest, received_s)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            self._on_message(Unreadable(message.topic, f"{where}: {first['msg']}" if where else first["msg"]))

    def _evidence(self, message: mqtt.MQTTMessage, rest: list[str], received_s: float) -> None:
        """A whole file, or a part of one: parts may come doubled, in any order, and before their event."""
        topic, payload = message.topic, bytes(message.payload)
        incident, name, *part = rest
        if not part:
            found = self._announced.get(topic)
            self._on_message(ReceivedEvidence(topic, incident, name, payload, found, received_s))
            return
        topic, first = topic.rsplit("/part/", 1)
        if not (first.isascii() and first.isdecimal()):
            self._on_message(Unreadable(f"{topic}/part/{first}", "a part is named by its first byte, a number from 0"))
            return
        said = dict(getattr(message.properties, "UserProperty", ())).get(DIGEST)
        if said is not None and said != hashlib.sha256(payload).hexdigest():
            self._on_message(Unreadable(f"{topic}/part/{first}", "the part is not what its digest says"))
            return
        self._assembly.add(topic, int(first), payload)
        self._put_together(topic, received_s)

    def _put_together(self, topic: str, received_s: float) -> None:
        announced = self._announced.get(topic)
        content = None if announced is None else self._assembly.take(topic, announced.bytes)
        if content is not None:
            incident, name = topic.split("/")[-2:]
            self._on_message(ReceivedEvidence(topic, incident, name, content, announced, received_s))

    def _event(self, payload: bytes, received_s: float) -> ReceivedEvent | ReceivedCoverage | ReceivedNotice:
        if is_coverage(payload):
            fault = CoverageEvent.model_validate_json(payload)
            return ReceivedCoverage(fault, self._known(fault.id))
        if is_notice(payload):
            notice = NoticeEvent.model_validate_json(payload)
            return ReceivedNotice(notice, self._known(notice.id))
        event = CloudEvent.model_validate_json(payload)
        for evidence in event.data.evidence:
            if evidence.topic is not None:
                _remember(self._announced, evidence.topic, evidence)
        return ReceivedEvent(event, received_s, self._known(event.id))

    def _known(self, event_id: str) -> bool:
        """Has it been here before? From now on it has."""
        known = event_id in self._seen
        _remember(self._seen, event_id, None)
        return known


def _remember(memory: OrderedDict[str, _V], key: str, value: _V) -> None:
    memory[key] = value
    while len(memory) > _REMEMBERED:
        memory.popitem(last=False)
