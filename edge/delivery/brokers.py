"""Which of several brokers is spoken to: the first that answers, and the first of all again when it is back."""

from __future__ import annotations

import threading
import time

from calibration.errors import DeliveryError
from edge.config.broker import BrokerSettings
from edge.delivery.asking import visit

RETURN_S = 60.0
"""How often the first broker is looked for while another serves."""

STEADY_S = 5.0
"""A broker that has served for so long and is lost is tried once more: one cut line is no broken broker."""


class Brokers:
    """The brokers of a site in their order. One thread, but for the looking.

    Args:
        settings: the first, with its `fallbacks`.
        client_id: of the agent; the visits that look for the first broker add `-probe`.
    """

    def __init__(self, settings: BrokerSettings, client_id: str) -> None:
        self._all = (settings, *(settings.instead(each) for each in settings.fallbacks))
        self._client_id = client_id
        self._at = 0
        self._looked_s = 0.0
        self._accepted_s: float | None = None
        self._looking: threading.Thread | None = None
        self._back = threading.Event()

    @property
    def current(self) -> BrokerSettings:
        """The one whose turn it is."""
        return self._all[self._at]

    def serves(self) -> None:
        """The current one has accepted us."""
        self._accepted_s = self._looked_s = time.monotonic()
        self._back.clear()

    def lost(self) -> bool:
        """The connection to the current one is over, or never came about; whether another is to be tried at once.

        False: after a pause, this one once more if it had served well, else the first again.
        """
        if self._at != 0 and self._back.is_set():
            self._at, self._accepted_s = 0, None
            return True
        accepted_s, self._accepted_s = self._accepted_s, None
        if accepted_s is not None and time.monotonic() - accepted_s >= STEADY_S:
            return False
        self._at = (self._at + 1) % len(self._all)
        return self._at != 0

    def better(self) -> bool:
        """The first lets us in again while another serves; looks for it now and then, without waiting.

        The other is the current one until it is `lost`: its connection has yet to be ended.
        """
        if self._at == 0:
            return False
        if self._back.is_set():
            return True
        looking = self._looking is not None and self._looking.is_alive()
        if not looking and time.monotonic() - self._looked_s >= RETURN_S:
            self._looked_s = time.monotonic()
            self._looking = threading.Thread(target=self._look, name="first broker", daemon=True)
            self._looking.start()
        return False

    def _look(self) -> None:
        # A port that is open proves nothing: a broker that hangs, or refuses us, must not draw us away.
        try:
            visit(self._all[0], f"{self._client_id}-probe", lambda: True)
        except DeliveryError:
            return
        self._back.set()
