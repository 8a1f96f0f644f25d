"""Everything that the platform says to the agent: its answers to events, and its commands."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from calibration.errors import CommandRefused, DeliveryError
from edge.agent.casework import Casework
from edge.clock import AgentClock
from edge.commands.commands import Commands, Obey
from edge.commands.gate import Gate
from edge.commands.ledger import FILE, Ledger
from edge.config.site import CommandSettings
from edge.delivery.contract import Ack
from edge.delivery.orders import Acknowledge, FalseAlarm, Rectified, Resend
from edge.delivery.outbox import Outbox
from edge.delivery.topics import Topics
from edge.delivery.uplink import Ear
from edge.trust import read_keys
from pipelines.handling import Instruction, Step

log = logging.getLogger(__name__)


class Switchboard:
    """Hands what arrives to whom it concerns.

    Args:
        settings: which commands are accepted, and from whom.
        outbox: what the platform answers to.
        topics: of this agent.
        data: the data folder; remembers the commands.
        casework: deals with incidents.
        others: further commands, by name.
        clock: the agent's.

    Attributes:
        commands: obeys; its `run` belongs to a thread of its own.
        refused: events that the platform has answered with another result than 0.
        error: what is wrong with what it says; None when all is well.

    Raises:
        ModelError: a key of those who may command can not be read.
    """

    def __init__(
        self,
        settings: CommandSettings,
        outbox: Outbox,
        topics: Topics,
        data: Path,
        casework: Casework,
        others: Mapping[str, Obey],
        clock: AgentClock,
    ) -> None:
        self.refused = 0
        self.error: str | None = None
        self._outbox = outbox
        self._topics = topics
        self._casework = casework
        keys = read_keys(settings.trusted_keys) if settings.require_signed else None
        handlers: dict[str, Obey] = {
            "acknowledge": self._acknowledge,
            "rectified": self._rectified,
            "false_alarm": self._false_alarm,
            "resend": self._resend,
            **others,
        }
        self.commands = Commands(
            Gate(settings.accept, keys, clock.now),
            Ledger(data / FILE, clock.now),
            handlers,
            topics,
            outbox.put_alone,
            clock,
        )

    @property
    def ears(self) -> dict[str, Ear]:
        """What the uplink has to listen to."""
        return {self._topics.ack: self._answered, self.commands.topic_filter: self.commands.hear}

    def _answered(self, _: str, payload: bytes) -> None:
        try:
            ack = Ack.model_validate_json(payload)
            incident, sequence = ack.id.rsplit("/", 1)
            known = self._outbox.answered(incident, int(sequence), ack.result)
        except (ValidationError, ValueError):
            self._complain(f"an answer on {self._topics.ack} is not understood: {payload[:80]!r}")
            return
        except DeliveryError as error:  # the event is sent again, and answered again
            self._complain(str(error))
            return
        self.error = None
        if known and ack.result != 0:
            self.refused += 1
            log.warning("the platform refused an event", extra={"event": ack.id, "result": ack.result})

    def _complain(self, what: str) -> None:
        if what != self.error:
            log.warning("answer of the platform not taken", extra={"reason": what})
        self.error = what

    def _acknowledge(self, order: Acknowledge, _: str) -> dict[str, Any]:
        due_s = None if order.deadline is None else order.deadline.timestamp()
        return self._step(order.incident, Instruction(Step.ACKNOWLEDGE, order.by, order.note, order.responsible, due_s))

    def _rectified(self, order: Rectified, _: str) -> dict[str, Any]:
        return self._step(order.incident, Instruction(Step.RECTIFIED, order.by, order.note))

    def _false_alarm(self, order: FalseAlarm, _: str) -> dict[str, Any]:
        return self._step(order.incident, Instruction(Step.FALSE_ALARM, order.by, order.note))

    def _step(self, incident: str, said: Instruction) -> dict[str, Any]:
        return {"incident": incident, "handling": str(self._casework.take(incident, said))}

    def _resend(self, order: Resend, _: str) -> dict[str, Any]:
        highest = self._outbox.numbers().highest
        until = highest if order.until is None else order.until
        if until < order.since:
            raise CommandRefused(f"until: {until} is below since: {order.since}")
        return {"events": self._outbox.resend(order.since, until), "highest": highest}
