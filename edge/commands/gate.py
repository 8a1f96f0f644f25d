"""Is this a command that has to be obeyed? Every way to be none has its own answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from calibration.errors import CommandRefused, ModelError
from edge.delivery.contract import rfc3339, utc
from edge.delivery.orders import LIFE_S, ORDERS, Order, SignedOrder
from pipelines.detect.signature import verify

_AHEAD_S = 300.0  # a platform's clock may be so far ahead of ours
_LARGEST = 128 * 1024


@dataclass(frozen=True, slots=True)
class Command:
    """A command that was let in.

    Attributes:
        name: which.
        id: the platform's own.
        order: what it says.
        digest: of the payload, hex: the same id with another content is another command.
    """

    name: str
    id: str
    order: Order
    digest: str

    @property
    def key(self) -> str:
        """`name/id`."""
        return f"{self.name}/{self.id}"


class Gate:
    """Lets commands in.

    Args:
        accept: the names of those that are obeyed here.
        keys: who may command, by key id; None: whoever may publish on the topic.
        now: the wall clock, UTC seconds since the epoch.
    """

    def __init__(
        self, accept: Collection[str], keys: Mapping[str, Ed25519PublicKey] | None, now: Callable[[], float]
    ) -> None:
        self._accept = accept
        self._keys = keys
        self._now = now

    def admit(self, topic: str, name: str, command_id: str, payload: bytes) -> Command:
        """The command in a message.

        Args:
            topic: where it came from, whole; a signature covers it.
            name: of the command, from the topic.
            command_id: of the command, from the topic.
            payload: what came.

        Raises:
            CommandRefused: malformed, unknown, not accepted here, not signed by who may command, or stale.
        """
        if name not in ORDERS:
            raise CommandRefused(f"command {name!r} is unknown, allowed: {', '.join(ORDERS)}")
        if name not in self._accept:
            raise CommandRefused(f"command {name!r} is not accepted by this site, accepted: {_listed(self._accept)}")
        if len(payload) > _LARGEST:
            raise CommandRefused(f"the payload has {len(payload):,} bytes, allowed: {_LARGEST:,}")
        text = payload if self._keys is None else self._signed(topic, payload, self._keys)
        try:
            order = ORDERS[name].model_validate_json(text)
        except ValidationError as error:
            raise CommandRefused(f"{name}: {_faults(error)}") from None
        self._refuse_stale(name, order)
        return Command(name, command_id, order, hashlib.sha256(payload).hexdigest())

    def _signed(self, topic: str, payload: bytes, keys: Mapping[str, Ed25519PublicKey]) -> bytes:
        try:
            envelope = SignedOrder.model_validate_json(payload)
        except ValidationError as error:
            raise CommandRefused(f"not signed, and this site obeys signed commands only: {_faults(error)}") from None
        command = envelope.command.encode()
        try:
            verify(topic.encode() + b"\n" + command, envelope.signature.encode(), keys, "signature")
        except ModelError as error:
            raise CommandRefused(str(error)) from error
        return command

    def _refuse_stale(self, name: str, order: Order) -> None:
        now_s, given_s = self._now(), order.time.timestamp()
        if given_s > now_s + _AHEAD_S:
            raise CommandRefused(f"given at {rfc3339(order.time)}, which is yet to come: here it is {_time(now_s)}")
        if now_s - given_s > LIFE_S[name]:
            raise CommandRefused(
                f"stale: given at {rfc3339(order.time)}, a {name} counts for {LIFE_S[name] / 60:g} min"
            )
        if order.expires is not None and order.expires.timestamp() < now_s:
            raise CommandRefused(f"stale: it was to expire at {rfc3339(order.expires)}, here it is {_time(now_s)}")
        until = getattr(order, "until", None)
        if name in ("mute", "rules") and until is not None and until.timestamp() <= now_s:
            raise CommandRefused(f"until: {rfc3339(until)} has passed, here it is {_time(now_s)}")


def _time(seconds: float) -> str:
    return rfc3339(utc(seconds))


def _listed(names: Collection[str]) -> str:
    return ", ".join(names) or "none"


def _faults(error: ValidationError) -> str:
    """Every fault, with its place and without what was found there, which may be a secret of somebody else's."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(": ".join([*(".".join(map(str, each["loc"])) or "payload",), each["msg"]]) for each in found[:5])
