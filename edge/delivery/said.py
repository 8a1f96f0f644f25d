"""What broker and agent say to each other over a link."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says in the agent's place when the connection breaks."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The broker's answer to a message.

    Attributes:
        message: its number within the link.
        refusal: why it was not accepted; None when it was.
        unheard: nobody is subscribed to its topic (MQTT 5, reason code 16).
    """

    message: int
    refusal: str | None
    unheard: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message from the platform.

    Attributes:
        topic: where.
        payload: what.
    """

    topic: str
    payload: bytes
