"""Entries that are left alone for a while, so that one bad message does not keep the others from leaving."""

from __future__ import annotations

from edge.delivery.entries import Entry

_FIRST_S = 5.0
_LONGEST_S = 3600.0
_PATIENCE = 3
"""Connections that may break under a piece of evidence before it is suspected."""


class Holds:
    """Which entries not to try now. They stay in the outbox; each wait is twice the one before, up to an hour."""

    def __init__(self) -> None:
        self._tries: dict[int, int] = {}
        self._until: dict[int, tuple[float, Entry]] = {}
        self._reasons: dict[int, str] = {}

    @property
    def reason(self) -> str | None:
        """Why the first of them does not leave; None when nothing is held or on trial."""
        return next(iter(self._reasons.values()), None)

    def hold(self, entry: Entry, now_s: float, reason: str) -> None:
        """The broker does not take it."""
        self._reasons[entry.id] = reason
        tries = self._tries.get(entry.id, 0) + 1
        self._tries[entry.id] = tries
        self._until[entry.id] = (now_s + min(_LONGEST_S, _FIRST_S * 2 ** min(tries - 1, 10)), entry)

    def lost(self, entry: Entry, now_s: float) -> None:
        """The connection broke while it was under way: by chance, or because the broker chokes on it."""
        if self._tries.get(entry.id, 0) + 1 < _PATIENCE:
            self._tries[entry.id] = self._tries.get(entry.id, 0) + 1
        else:
            self.hold(entry, now_s, f"the connection broke {_PATIENCE} times under {entry.topic}")

    def forget(self, entry: Entry) -> None:
        """It has been accepted."""
        self._tries.pop(entry.id, None)
        self._until.pop(entry.id, None)
        self._reasons.pop(entry.id, None)

    def now(self, now_s: float) -> list[Entry]:
        """The entries held at this time, monotonic seconds."""
        self._until = {key: held for key, held in self._until.items() if held[0] > now_s}
        return [entry for _, entry in self._until.values()]
