"""A word with systemd: ready, alive, stopping. Says nothing where nobody listens.

The protocol is that of sd_notify(3): a datagram of `NAME=value` lines to the socket that `NOTIFY_SOCKET` names.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

from edge.clock import AgentClock

log = logging.getLogger(__name__)


class Service:
    """Tells the service manager how the process is.

    Args:
        environment: where `NOTIFY_SOCKET` and `WATCHDOG_USEC` are looked for.
        clock: the agent's.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ, clock: AgentClock | None = None) -> None:
        self._clock = clock or AgentClock()
        self._path = environment.get("NOTIFY_SOCKET", "")
        wanted = environment.get("WATCHDOG_USEC", "")
        mine = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        # Twice as often as asked for, as systemd recommends.
        self._every_s = int(wanted) / 2e6 if wanted.isdigit() and mine else None
        self._alive_s = float("-inf")

    def ready(self, status: str) -> None:
        """Everything has been started."""
        self._say(f"READY=1\nSTATUS={status}")

    def alive(self) -> None:
        """Called often while all is well; passes it on as often as it is wanted."""
        now_s = self._clock.monotonic()
        if self._every_s is not None and now_s - self._alive_s >= self._every_s:
            self._alive_s = now_s
            self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """The process is about to end."""
        self._say("STOPPING=1")

    def _say(self, text: str) -> None:
        if not self._path:
            return
        address = "\0" + self._path[1:] if self._path.startswith("@") else self._path
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as speaker:
                speaker.settimeout(1.0)
                speaker.sendto(text.encode(), address)
        except OSError as error:
            log.warning("the service manager was not told", extra={"reason": str(error)})
