"""The thread that brings what waits in the outbox to the broker, for as long as the agent runs."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal

from paho.mqtt.client import topic_matches_sub

from calibration.errors import BrokerRefused, DeliveryError, OutboxDamaged
from edge.config.broker import BrokerSettings
from edge.delivery.asking import refusal_of_5
from edge.delivery.backoff import Backoff
from edge.delivery.brokers import Brokers
from edge.delivery.contract import JSON_MEDIA_TYPE, CoverageReport, Heartbeat, Payload, Status, utc
from edge.delivery.entries import Entry, Kind, read_part
from edge.delivery.expiry import Papers
from edge.delivery.holds import Holds
from edge.delivery.link import Link, Protocol, Unanswered, VersionRefused, going
from edge.delivery.outbox import Outbox
from edge.delivery.said import Will
from edge.delivery.topics import Topics
from edge.version import __version__

Ear = Callable[[str, bytes], None]
"""Takes the topic and the payload of a message."""

_log = logging.getLogger(__name__)

_FAREWELL_S = 1.0
_TURN_S = 0.25
_ANSWERS_S = 2.0  # answers that wait at the broker come first: nothing is sent again that they are about
_PACKET_OVERHEAD = 512
"""Bytes of topic, properties and header around a payload, with room to spare."""
_LEAST_PACKET = 4096
"""A broker that takes less at once is not sent pictures in thousands of parts."""


class Uplink:
    """Publishes the outbox, the status and the will.

    `run` belongs to one thread, which the supervisor owns; everything else may be called from any thread.

    Args:
        settings: the broker.
        outbox: what waits.
        topics: of this agent.
        started: when the agent started; now, when left out.
        now: the wall clock, UTC seconds since the epoch.
        jitter: a number in 0–1 for each wait between attempts.
        ears: what the platform says is handed to, by the topic filter it is heard on; called in the uplink's thread.

    Attributes:
        connected: the broker has accepted us.
        protocol: the version of MQTT spoken.
        session: number of the connection.
        sent: messages that the broker has acknowledged since the start.
        papers: certificates that have to be renewed soon.
        unheard: nobody was subscribed when the last event was sent (MQTT 5).
    """

    def __init__(
        self,
        settings: BrokerSettings,
        outbox: Outbox,
        topics: Topics,
        *,
        started: datetime | None = None,
        now: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
        ears: Mapping[str, Ear] | None = None,
    ) -> None:
        self._ears = ears or {}
        self.connected = False
        self.session = 0
        self.sent = 0
        self._error: str | None = None
        self._outbox = outbox
        self._topics = topics
        self._started = started or utc(now())
        self._now = now
        self._backoff = Backoff(jitter)
        self._client_id = settings.client_id or f"lookout-{topics.site}-{topics.agent}"
        self._brokers = Brokers(settings, self._client_id)
        self.protocol = self._first_guess()
        self._ask_version = False
        self._heard = False
        self.unheard = False
        self.papers = Papers()
        self._connected_s = 0.0
        self._heartbeat = Heartbeat()
        self._status_due = False
        self._coverage: CoverageReport | None = None
        self._coverage_due = False
        self._link: Link | None = None
        self._under_way: dict[int, Entry | None] = {}
        self._acknowledged: list[Entry] = []
        self._holds = Holds()

    @property
    def _settings(self) -> BrokerSettings:
        """Those of the broker whose turn it is."""
        return self._brokers.current

    @property
    def broker(self) -> str:
        """The broker that serves, or is tried."""
        return self._settings.address

    @property
    def last_error(self) -> str | None:
        """What is wrong with the connection, else with a message that the broker does not take; None: all is well."""
        return self._error or self._holds.reason

    @property
    def waiting(self) -> int:
        """How many messages the broker has not acknowledged yet."""
        return self._outbox.count()

    def numbers(self) -> dict[str, int | None]:
        """Where the numbers of the events stand, as the heartbeat tells it."""
        return self._outbox.numbers().told(confirmed=self._settings.confirm == "platform")

    def publish_status(self, heartbeat: Heartbeat) -> None:
        """Publish the retained status with this heartbeat; the newest one wins while the broker is away."""
        self._heartbeat = heartbeat
        self._status_due = True
        self._wake()

    def publish_coverage(self, report: CoverageReport) -> None:
        """Publish which views are watched, retained; the newest one wins while the broker is away."""
        self._coverage = report
        self._coverage_due = True
        self._wake()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Connect, publish, reconnect, until `stop` is set; then say goodbye within a second and return.

        Args:
            stop: ends it.
            beat: called several times a second, whatever the broker does.

        Raises:
            OutboxDamaged: the database broke; the outbox has to be opened anew.
        """
        self._outbox.on_arrival(self._wake)
        try:
            while not stop.is_set():
                tried = self._settings
                # Another broker is tried at once: an alarm does not wait for the first to come back.
                at_once = self._once(stop, beat) or self._brokers.lost()
                if self._heard:
                    self._backoff.worked()
                if self._settings is not tried:
                    self.protocol, self._ask_version = self._first_guess(), False
                if not at_once and not stop.is_set():
                    self._backoff.pause(tried.backoff_max_s, stop, beat)
        finally:
            self._outbox.on_arrival(None)

    def _once(self, stop: threading.Event, beat: Callable[[], None]) -> bool:
        """One connection, from its beginning to its end; whether to try again without a pause."""
        self._heard = False
        if self._ask_version:
            self._ask_version = False
            return self._ask(stop, beat)
        link = self._make_link()
        try:
            link.open(going(stop, beat))
            self._serve(link, stop, beat)
        except VersionRefused as error:
            return self._version_refused(error)
        except OutboxDamaged:
            raise
        except DeliveryError as error:
            if not stop.is_set():
                self._failed(error)
                self._ask_version = isinstance(error, Unanswered) and self._is_guess()
                self.papers.look(self._settings.tls, None, self._now())
        finally:
            self._end(link)
        return self._ask_version

    def _make_link(self) -> Link:
        try:
            self.session = self._outbox.next_session()
        except OutboxDamaged:
            raise
        except DeliveryError as error:  # a full disk must not keep the alarms from leaving
            self.session = max(self.session + 1, int(self._now()))
            self._failed(error)
        will = Will(self._topics.status, self._status("offline", "lost").to_bytes())
        return Link(self._settings, self._client_id, self.protocol, will=will)

    def _serve(self, link: Link, stop: threading.Event, beat: Callable[[], None]) -> None:
        self._link, self.connected, self._error = link, True, None
        self._connected_s = time.monotonic()
        self._brokers.serves()
        self.papers.anew()
        self._status_due = self._coverage_due = True
        _log.info(
            "broker connected",
            extra={"broker": self._settings.address, "protocol": link.protocol, "session": self.session},
        )
        if self._ears:
            link.subscribe(*self._ears)
        while not stop.is_set():
            beat()
            self._recall()
            self._fill(link)
            link.turn(_TURN_S)
            self._settle(link)
            self._hear(link)
            self.papers.look(self._settings.tls, link, self._now())
            if self._brokers.better():
                _log.info("the first broker answers again", extra={"left": self._settings.address})
                break
            if self._under_way and link.stalled_s() > self._settings.silence_s:
                raise DeliveryError(
                    f"broker {self._settings.address} owes {len(self._under_way)} acknowledgements"
                    f" and has taken nothing for {self._settings.silence_s:g} s"
                )
        self._farewell(link, beat)

    def _fill(self, link: Link) -> None:
        if self._status_due and self._room(link) > 0 and None not in self._under_way.values():
            self._status_due = False
            self._publish_status(link, self._status("online"))
        if self._coverage_due and self._coverage is not None and self._room(link) > 1:
            self._coverage_due = False
            self._publish_state(link, self._topics.coverage, self._coverage)
        # One place is kept for a status: a window full of alarms must not make the agent look dead.
        room = self._room(link) - (1 if self._window(link) > 1 and None not in self._under_way.values() else 0)
        if room <= 0:
            return
        sent = [entry for entry in self._under_way.values() if entry is not None]
        held = self._holds.now(time.monotonic()) + self._acknowledged
        for entry in self._outbox.next_entries(room, sent, held):
            body = self._body(entry, link)
            if body is not None:
                expires_s = self._settings.evidence_expires_s if entry.kind is Kind.EVIDENCE else None
                message = link.publish(
                    entry.topic, body, retain=entry.retain, media_type=entry.media_type, expires_s=expires_s,
                    digest=entry.first is not None,
                )  # fmt: skip
                self._under_way[message] = entry

    def _window(self, link: Link) -> int:
        return min(self._settings.window, link.limit("ReceiveMaximum") or self._settings.window)

    def _room(self, link: Link) -> int:
        return self._window(link) - len(self._under_way)

    def _body(self, entry: Entry, link: Link) -> bytes | None:
        if entry.path is None:
            return entry.payload or b""
        try:
            body = read_part(entry)
        except OSError as error:
            self._failed(DeliveryError(f"evidence {entry.path} can not be read and is skipped: {error.strerror}"))
            self._acknowledged.append(entry)
            return None
        limit = link.limit("MaximumPacketSize")
        if limit is None or len(body) + _PACKET_OVERHEAD <= limit:
            return body
        if limit < _LEAST_PACKET:
            self._hold(entry, f"evidence {entry.path} can not leave: the broker takes no more than {limit:,} bytes")
        elif not self._try(lambda: self._outbox.cut(entry, limit - _PACKET_OVERHEAD)):
            self._hold(entry, f"evidence {entry.path} of {len(body):,} bytes exceeds the broker's {limit:,}")
        return None

    def _settle(self, link: Link) -> None:
        for answer in link.acknowledgements():
            entry = self._under_way.pop(answer.message, None)
            if answer.refusal is not None:
                if entry is None:
                    self._failed(BrokerRefused(f"broker {self._settings.address} refused the status: {answer.refusal}"))
                else:
                    self._hold(entry, f"broker {self._settings.address} refused {entry.topic}: {answer.refusal}")
                continue
            self.sent += 1
            self._heard = True
            if entry is not None and entry.kind is Kind.EVENT:
                self._note_listeners(answer.unheard)
            if entry is not None:
                self._holds.forget(entry)
                self._acknowledged.append(entry)
        if not self._acknowledged:
            return
        # On a full disk they are remembered here, and removed from there as soon as it goes.
        if self._try(lambda: self._outbox.done(self._acknowledged)):
            self._acknowledged.clear()

    def _recall(self) -> None:
        if time.monotonic() - self._connected_s < _ANSWERS_S:
            return
        self._try(self._outbox.recall)

    def _try(self, call: Callable[[], object]) -> bool:
        try:
            call()
        except OutboxDamaged:
            raise
        except DeliveryError as error:
            self._failed(error)
            return False
        return True

    def _hear(self, link: Link) -> None:
        for arrival in link.arrivals():
            for topics, ear in self._ears.items():
                if topic_matches_sub(topics, arrival.topic):
                    ear(arrival.topic, arrival.payload)
        if link.refused_topics:
            self._error = f"broker {self._settings.address} does not let this agent hear {link.refused_topics[0]}"

    def _note_listeners(self, unheard: bool) -> None:
        if unheard and not self.unheard:
            _log.warning("nobody is listening", extra={"topic": self._topics.event, "broker": self._settings.address})
        self.unheard = unheard

    def _farewell(self, link: Link, beat: Callable[[], None]) -> None:
        """The offline status, then a DISCONNECT; if the broker does not take it in time, the will says it."""
        said = False
        deadline = time.monotonic() + _FAREWELL_S
        while time.monotonic() < deadline and not (said and None not in self._under_way.values()):
            beat()
            if not said and self._room(link) > 0:
                said = True
                self._publish_status(link, self._status("offline", "stopped"))
            link.turn(0.05)
            self._settle(link)
        if said and None not in self._under_way.values():
            link.close(politely=True)

    def _publish_status(self, link: Link, status: Status) -> None:
        self._publish_state(link, self._topics.status, status)

    def _publish_state(self, link: Link, topic: str, payload: Payload) -> None:
        message = link.publish(topic, payload.to_bytes(), retain=True, media_type=JSON_MEDIA_TYPE)
        self._under_way[message] = None

    def _status(self, status: Literal["online", "offline"], reason: Literal["stopped", "lost"] | None = None) -> Status:
        return Status(
            status=status,
            session=self.session,
            reason=reason,
            version=__version__,
            started=self._started,
            heartbeat=self._heartbeat if status == "online" else None,
        )

    def _end(self, link: Link) -> None:
        """Forget the connection; what was under way waits in the outbox and is sent again, in order."""
        self._link, self.connected = None, False
        self._settle(link)  # answers that came right before the end
        for entry in self._under_way.values():
            if entry is not None and entry.kind is Kind.EVIDENCE:
                self._holds.lost(entry, time.monotonic())
        self._under_way.clear()
        link.close(politely=False)

    def _first_guess(self) -> Protocol:
        return "3.1.1" if self._settings.protocol == "3.1.1" else "5"

    def _is_guess(self) -> bool:
        return self._settings.protocol == "auto" and self.protocol == "5"

    def _version_refused(self, error: VersionRefused) -> bool:
        if not self._is_guess():
            self.protocol = "5" if self._settings.protocol == "auto" else self.protocol
            self._failed(error)
            return False
        self.protocol = "3.1.1"
        _log.info("broker does not speak MQTT 5, going on with 3.1.1", extra={"broker": self._settings.address})
        return True

    def _ask(self, stop: threading.Event, beat: Callable[[], None]) -> bool:
        refusal = refusal_of_5(self._settings, going(stop, beat))
        return refusal is not None and self._version_refused(refusal)

    def _hold(self, entry: Entry, reason: str) -> None:
        _log.warning("message held back", extra={"reason": reason})
        self._holds.hold(entry, time.monotonic(), reason)

    def _failed(self, error: Exception) -> None:
        text = str(error)
        if text != self._error:  # said once, not at every attempt
            _log.warning("uplink trouble", extra={"reason": text})
        self._error = text

    def _wake(self) -> None:
        link = self._link
        if link is not None:
            link.wake()
