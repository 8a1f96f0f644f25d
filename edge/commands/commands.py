"""The thread that obeys: takes commands in the order in which they come, each once, and answers on its state topic."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from calibration.errors import CommandFailed, CommandRefused, DeliveryError, LookoutError
from edge.agent.supervisor import Beat
from edge.clock import AgentClock
from edge.commands.gate import Gate
from edge.commands.ledger import Ledger
from edge.delivery.contract import JSON_MEDIA_TYPE, utc
from edge.delivery.entries import Outgoing
from edge.delivery.orders import ORDERS, Order, OrderState
from edge.delivery.topics import Topics

log = logging.getLogger(__name__)

Result = dict[str, Any] | None
Obey = Callable[[Any, str], Result | Future[Result]]
"""Does what an order says; is given the order and the command's id, and answers with the result, or with a future for
what takes long: other commands are obeyed meanwhile.

Raises `CommandRefused` where nothing was tried, another `LookoutError` where it failed.
"""

_MOST_WAITING = 1000
_TURN_S = 0.25


@dataclass(frozen=True, slots=True)
class _Heard:
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class _UnderWay:
    name: str
    id: str
    digest: str
    work: Future[Result]


class Commands:
    """Hears, checks, obeys and answers.

    Args:
        gate: lets commands in.
        ledger: which were obeyed before.
        handlers: by name of the command.
        topics: of this agent.
        publish: brings a retained state to the platform; may be called from any thread.
        clock: the agent's.

    Attributes:
        obeyed: how many since the start.
        refused: how many since the start.
        error: what is wrong now, for the status; None when all is well.
    """

    def __init__(
        self,
        gate: Gate,
        ledger: Ledger,
        handlers: Mapping[str, Obey],
        topics: Topics,
        publish: Callable[[Outgoing, bytes], None],
        clock: AgentClock,
    ) -> None:
        self.obeyed = self.refused = 0
        self.error: str | None = None
        self._gate = gate
        self._ledger = ledger
        self._handlers = handlers
        self._topics = topics
        self._publish = publish
        self._clock = clock
        self._heard: deque[_Heard] = deque()
        self._came = threading.Event()
        self._under_way: dict[str, _UnderWay] = {}
        self._concluded: deque[_UnderWay] = deque()

    @property
    def topic_filter(self) -> str:
        """What has to be listened to."""
        return f"{self._topics.base}/cmd/+/+"

    def hear(self, topic: str, payload: bytes) -> None:
        """A message from the platform; from any thread, at no cost."""
        if len(self._heard) >= _MOST_WAITING:
            # They are retained: what is not taken now comes again with the next connection.
            self.error = f"more than {_MOST_WAITING} commands wait, newer ones are left at the broker"
            return
        self._heard.append(_Heard(topic, payload))
        self._came.set()

    def run(self, stop: threading.Event, beat: Beat) -> None:
        """The thread's work; see `Worker.run`."""
        while not stop.is_set():
            beat()
            self._came.wait(_TURN_S)
            self._came.clear()
            self._settle_done()
            while self._heard and not stop.is_set():
                beat()
                self._take(self._heard.popleft())
            if not self._heard:
                self.error = None

    def _take(self, heard: _Heard) -> None:
        name, command_id = heard.topic.split("/")[-2:]
        key = f"{name}/{command_id}"
        if not heard.payload:
            self._end(name, command_id)
            return
        try:
            command = self._gate.admit(heard.topic, name, command_id, heard.payload)
        except CommandRefused as error:
            self._answer_unheard_of(name, command_id, error)
            return
        known = self._ledger.known(key)
        if known is not None and (known.state.status != "executing" or key in self._under_way):
            if known.digest == command.digest:
                self._tell(name, command_id, known.state)
            else:
                self._tell(name, command_id, self._refusal("this id was used for another command"))
            return
        executing = OrderState(status="executing", time=utc(self._clock.now()))
        self._note(key, command.digest, executing)
        log.info("command", extra={"command": name, "id": command_id, "by": command.order.by or ""})
        handler = self._handlers.get(name, _unable)
        came = self._try(name, command_id, lambda: handler(command.order, command_id))
        if isinstance(came, Future):
            self._under_way[key] = _UnderWay(name, command_id, command.digest, came)
            self._tell(name, command_id, executing)
        else:
            self._settle(name, command_id, command.digest, came)

    def conclude(self, name: str, command_id: str, reason: str | None, result: Result = None) -> None:
        """Say what became of a command that ended the agent that was given it; from any thread.

        Args:
            name: of the command.
            command_id: of the command.
            reason: why it failed; None if it did not.
            result: what came of it.
        """
        work: Future[Result] = Future()
        if reason is None:
            work.set_result(result)
        else:
            work.set_exception(CommandFailed(reason))
        self._concluded.append(_UnderWay(name, command_id, "", work))

    def _settle_done(self) -> None:
        """What took longer and has come to its end."""
        while self._concluded:
            each = self._concluded.popleft()
            known = self._ledger.known(f"{each.name}/{each.id}")
            self._under_way[f"{each.name}/{each.id}"] = replace(each, digest=known.digest if known is not None else "")
        for key, each in list(self._under_way.items()):
            if each.work.done():
                del self._under_way[key]
                state = self._try(each.name, each.id, each.work.result)
                if isinstance(state, OrderState):
                    self._settle(each.name, each.id, each.digest, state)

    def _answer_unheard_of(self, name: str, command_id: str, error: CommandRefused) -> None:
        """Refused at the gate; but what was obeyed in its time is not refused for having become old."""
        known = self._ledger.known(f"{name}/{command_id}")
        if known is not None:
            self._tell(name, command_id, known.state)
            return
        self.refused += 1
        log.warning("command refused", extra={"command": name, "id": command_id, "reason": str(error)})
        self._tell(name, command_id, self._refusal(str(error)))

    def _try(
        self, name: str, command_id: str, call: Callable[[], Result | Future[Result]]
    ) -> OrderState | Future[Result]:
        now = utc(self._clock.now())
        try:
            result = call()
        except CommandRefused as error:
            self.refused += 1
            return self._refusal(str(error))
        except LookoutError as error:
            return OrderState(status="failed", time=now, reason=str(error))
        except Exception as error:  # one command that meets a fault of ours must not end all others
            log.exception("command failed", extra={"command": name, "id": command_id})
            return OrderState(status="failed", time=now, reason=f"{type(error).__name__}: {error}")
        if isinstance(result, Future):
            return result
        self.obeyed += 1
        return OrderState(status="successful", time=utc(self._clock.now()), result=result)

    def _settle(self, name: str, command_id: str, digest: str, state: OrderState) -> None:
        self._note(f"{name}/{command_id}", digest, state)
        if state.reason is not None:
            log.warning(f"command {state.status}", extra={"command": name, "id": command_id, "reason": state.reason})
        self._tell(name, command_id, state)

    def _note(self, key: str, digest: str, state: OrderState) -> None:
        try:
            self._ledger.note(key, digest, state)
        except DeliveryError as error:
            self.error = str(error)
            log.warning("command not remembered beyond this process", extra={"command": key, "reason": str(error)})

    def _tell(self, name: str, command_id: str, state: OrderState) -> None:
        self._put(name, command_id, state.to_bytes())

    def _end(self, name: str, command_id: str) -> None:
        """The platform has emptied the command: its state goes as well."""
        if self._ledger.forget(f"{name}/{command_id}"):
            self._put(name, command_id, b"")

    def _put(self, name: str, command_id: str, payload: bytes) -> None:
        try:
            topic = self._topics.command_state(name, command_id)
        except ValueError as error:  # a name that can not be answered; nothing was done
            log.warning("command can not be answered", extra={"reason": str(error)})
            return
        key = f"cmd/{name}/{command_id}"
        try:
            self._publish(Outgoing(key, 0, 3, topic, JSON_MEDIA_TYPE), payload)
        except DeliveryError as error:
            self.error = str(error)

    def _refusal(self, reason: str) -> OrderState:
        return OrderState(status="refused", time=utc(self._clock.now()), reason=reason)


def _unable(order: Order, _: str) -> None:
    name = next(name for name, kind in ORDERS.items() if type(order) is kind)
    raise CommandRefused(f"{name}: this agent can not do that")
