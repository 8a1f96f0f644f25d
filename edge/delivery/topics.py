"""The topics of one agent, as the contract's table gives them."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one agent.

    Args:
        site: name of the site, one topic level.
        agent: name of the agent, unique within the site, one topic level.
        prefix: what stands before them.

    Raises:
        ValueError: a name that can not be a level of a topic.
    """

    site: str
    agent: str
    prefix: str = "lookout/v1"

    def __post_init__(self) -> None:
        for what, name in (("site", self.site), ("agent", self.agent)):
            level(name, what)

    @property
    def base(self) -> str:
        """`{prefix}/{site}/{agent}`."""
        return f"{self.prefix}/{self.site}/{self.agent}"

    @property
    def status(self) -> str:
        """Birth, heartbeat and will; QoS 1, retained."""
        return f"{self.base}/status"

    @property
    def event(self) -> str:
        """Every event; QoS 1."""
        return f"{self.base}/event"

    @property
    def coverage(self) -> str:
        """Which views are watched; QoS 1, retained."""
        return f"{self.base}/coverage"

    def active(self, incident: str) -> str:
        """The last event of an incident that is active; QoS 1, retained, empty when it is no longer."""
        return f"{self.base}/active/{level(incident, 'incident')}"

    def evidence(self, incident: str, name: str) -> str:
        """A picture or clip, as bytes; QoS 1."""
        return f"{self.base}/evidence/{level(incident, 'incident')}/{level(name, 'evidence')}"

    @property
    def ack(self) -> str:
        """Acknowledgements from the platform; QoS 1."""
        return f"{self.base}/ack"

    def command(self, name: str, command_id: str) -> str:
        """A command from the platform; QoS 1, retained."""
        return f"{self.base}/cmd/{level(name, 'command')}/{level(command_id, 'command id')}"

    def command_state(self, name: str, command_id: str) -> str:
        """How far a command is; QoS 1, retained."""
        return f"{self.command(name, command_id)}/state"


_NOT_A_LEVEL = re.compile(r"[/+#\x00-\x1f\x7f]")


def level(name: str, what: str = "name") -> str:
    """The name, if it can be one level of a topic.

    Raises:
        ValueError: it is empty, too long, begins with `$`, or holds `/`, `+`, `#` or a control character.
    """
    if not name or len(name) > 100 or name.startswith("$") or _NOT_A_LEVEL.search(name):
        raise ValueError(
            f"{what} {name!r} can not be part of a topic: 1 to 100 characters, no leading $, none of / + # or control"
        )
    return name
