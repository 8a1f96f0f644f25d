"""Which of several brokers is spoken to: the first that answers, and the first of all again when it is back."""

from __future__ import annotations

import socket
import threading
import time

from edge.config.broker import BrokerSettings

RETURN_S = 60.0
"""How often the first broker is looked for while another serves."""

_PROBE_S = 2.0


class Brokers:
    """The brokers of a site in their order. One thread, but for the looking.

    Args:
        settings: the first, with its `fallbacks`.
    """

    def __init__(self, settings: BrokerSettings) -> None:
        self._all = (settings, *(settings.instead(each) for each in settings.fallbacks))
        self._at = 0
        self._looked_s = 0.0
        self._back = threading.Event()

    @property
    def current(self) -> BrokerSettings:
        """The one whose turn it is."""
        return self._all[self._at]

    @property
    def first(self) -> bool:
        """The site's first broker serves, or is tried."""
        return self._at == 0

    def next(self) -> bool:
        """This one did not serve: on to the next; False when all have been tried and the first begins anew."""
        self._at = (self._at + 1) % len(self._all)
        return self._at != 0

    def serves(self) -> None:
        """The current one has accepted us."""
        self._looked_s = time.monotonic()
        self._back.clear()

    def better(self) -> bool:
        """The first answers again while another serves; looks for it now and then, without waiting."""
        if self.first:
            return False
        if self._back.is_set():
            self._at = 0
            return True
        if time.monotonic() - self._looked_s >= RETURN_S:
            self._looked_s = time.monotonic()
            threading.Thread(target=self._look, name="first broker", daemon=True).start()
        return False

    def _look(self) -> None:
        first = self._all[0]
        try:
            with socket.create_connection((first.host, first.effective_port), timeout=_PROBE_S):
                self._back.set()
        except OSError:
            pass
