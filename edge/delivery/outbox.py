"""What the platform still has to get, on disk before anything is sent.

An event, its pictures and the change of its retained state enter together, in one transaction that is on disk
when the call returns, and each leaves only when the broker has acknowledged it; an event goes into the journal then,
and where the platform has to confirm it, is sent again until it has. Order of sending:

1. messages (events and states) before pictures: a kilobyte never waits for a megabyte;
2. of one incident, in the order of its events, one at a time, so that nothing ever goes backwards;
3. between incidents, the one with the most severe waiting message first, then the oldest;
4. a picture only after the event that names it.

A disk that takes nothing (full, read-only) does not silence the agent: events are then kept in memory, sent from there,
and stored as soon as the disk takes them.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from calibration.errors import DeliveryError, OutboxDamaged
from edge.delivery import salvage
from edge.delivery.database import connect, take_lock, translated
from edge.delivery.entries import Entry, Kind, Outgoing
from edge.delivery.shelf import Compose, Shelf, Slot

__all__ = ["FILE_NAME", "Numbers", "Outbox", "Slot"]

_V = TypeVar("_V")

FILE_NAME = "outbox.db"
"""What it is called in the data folder of the agent."""

_STORE_EVERY_S = 1.0
_RECALL_EVERY_S = 1.0
_DONE_AT_ONCE = 50
_AT_ONCE = 500
"""Events that are taken out of the journal in one go: an alarm that comes meanwhile waits no longer than that."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Where the agent-wide numbers stand.

    Attributes:
        highest: of all events; 0 before the first.
        lowest_waiting: of those that have not arrived for good; None when all have.
        unconfirmed: events that the broker has and the platform has not confirmed.
    """

    highest: int
    lowest_waiting: int | None
    unconfirmed: int

    def told(self, *, confirmed: bool) -> dict[str, int | None]:
        """As the heartbeat has it; `confirmed` where the platform has to confirm."""
        unconfirmed = self.unconfirmed if confirmed else None
        return {
            "highest_number": self.highest, "lowest_waiting": self.lowest_waiting, "unconfirmed": unconfirmed,
        }  # fmt: skip


class Outbox:
    """The database of what waits. Every method may be called from any thread.

    Args:
        path: the SQLite file; made, with its folder, when missing. A lock file beside it keeps a second agent out.
        now: the wall clock, UTC seconds since the epoch.
        confirm_s: seconds after which an event that the platform has not confirmed is sent again, twice as many at
            each further time, up to an hour; None: the broker's acknowledgement is enough.

    Attributes:
        path: the SQLite file.
        notes: what had to be repaired when it was opened, for the log and the status; usually empty.
        disk_error: why the disk takes nothing; None when all is well.

    Raises:
        DeliveryError: it can not be opened, is of a newer version of Lookout, or another agent has it open.
    """

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time, confirm_s: float | None = None) -> None:
        self.path = path
        self.notes: tuple[str, ...] = ()
        self.disk_error: str | None = None
        self._now = now
        self._confirm_s = confirm_s
        self._mutex = threading.RLock()
        self._arrived: Callable[[], None] = _nothing
        self._stored_s = self._recalled_s = float("-inf")
        self._spare: Shelf | None = None
        self._guard = take_lock(path)
        try:
            self._disk = Shelf(self._open(), path, now, confirm_s)
        except BaseException:
            os.close(self._guard)
            raise

    def put_event(self, outgoing: Outgoing, compose: Compose) -> int:
        """Store an event and what follows it; on disk when this returns, unless the disk takes nothing.

        Handing over the same incident and sequence again changes nothing, also after it has been sent.

        Args:
            outgoing: the event and what follows it.
            compose: makes the payload, given the event's place in the chain of all events.

        Returns:
            The agent-wide number.

        Raises:
            OutboxDamaged: the database broke under way; a new `Outbox` on the same path sets it aside.
        """

        def put(shelf: Shelf) -> int:
            known = [found for each in self._shelves() if (found := each.known(outgoing.incident, outgoing.sequence))]
            return known[0] if known else shelf.put(outgoing, compose, self._last())

        number = self._put(put)
        self._arrived()
        return number

    def put_alone(self, outgoing: Outgoing, payload: bytes | None = None) -> None:
        """Store a retained message on `outgoing.topic` and pieces of evidence that belong to no event.

        Messages of one `outgoing.incident`, which may be any name, leave in their order.

        Raises:
            OutboxDamaged: the database broke under way.
        """
        self._put(lambda shelf: shelf.put_alone(outgoing, payload))
        self._arrived()

    def next_entries(self, room: int, sent: Collection[Entry] = (), held: Collection[Entry] = ()) -> list[Entry]:
        """What to send now, in order.

        Args:
            room: how many at most.
            sent: under way without an acknowledgement.
            held: not to be tried for the time being.
        """
        busy = {entry.incident for entry in (*sent, *held) if entry.kind is not Kind.EVIDENCE}
        with self._mutex, self._disk.reading():
            found = self._disk.messages(room, busy)
            if self._spare is not None:  # what is on disk of the same incident is older
                found += self._spare.messages(room, busy | self._disk.incidents())
                found.sort(key=lambda ranked: (-ranked[0], ranked[1].id))
            # A picture is a megabyte on a line that the next message needs: one at a time, and only when none is left.
            if room > 0 and not found and not sent:
                kept = {entry.id for entry in held}
                return next((rows for shelf in self._shelves() if (rows := shelf.evidence(kept))), [])
        return [entry for _, entry in found[:room]]

    def next_upload(self, held: Collection[Entry]) -> Entry | None:
        """The next piece of evidence that is to be put to an address."""
        kept = {entry.id for entry in held}
        with self._mutex, self._disk.reading():
            rows = (found for shelf in self._shelves() for found in shelf.evidence(kept, uploads=True))
            return next(rows, None)

    def done(self, entries: Collection[Entry]) -> None:
        """The broker has acknowledged them: they leave.

        Raises:
            DeliveryError: the disk takes nothing; to be called again.
        """
        every = list(entries)
        with self._mutex:
            for shelf in reversed(self._shelves()):
                # Some at a time: a transaction needs room for what it changes, and on a full disk there is little.
                for first in range(0, len(every), _DONE_AT_ONCE):
                    with shelf.transaction():
                        shelf.done(every[first : first + _DONE_AT_ONCE])

    def cut(self, entry: Entry, part_bytes: int) -> None:
        """Have a piece of evidence, or a part of one, leave in smaller parts: the broker takes no more at once.

        Raises:
            OSError: the file can not be read.
            DeliveryError: the disk takes nothing.
        """
        assert entry.path is not None
        length = entry.path.stat().st_size if entry.length is None else entry.length
        with self._mutex:
            for shelf in self._shelves():
                with shelf.transaction():
                    shelf.cut(entry, entry.first or 0, length, part_bytes)

    def answered(self, incident: str, sequence: int, result: int) -> bool:
        """The platform has taken an event over (0) or refused it (else); False: no such event is known.

        Raises:
            DeliveryError: the disk takes nothing; the event is sent again, and the platform answers again.
        """
        known = False
        with self._mutex:
            for shelf in self._shelves():
                with shelf.transaction():
                    known |= shelf.answer(incident, sequence, result)
        return known

    def recall(self) -> int:
        """Have what the platform should have confirmed by now sent again; looks once a second, how many events."""
        if self._confirm_s is None or time.monotonic() - self._recalled_s < _RECALL_EVERY_S:
            return 0
        self._recalled_s = time.monotonic()
        with self._mutex, self._disk.transaction():
            return self._disk.recall(_AT_ONCE)

    def resend(self, since: int, until: int) -> int:
        """Have the events with these numbers sent again, as far as the journal has them, after all that waits.

        Returns:
            How many.

        Raises:
            DeliveryError: the disk takes nothing.
        """
        again, going_on = 0, int(since)
        while True:
            with self._mutex, self._disk.transaction():
                some, following = self._disk.resend(going_on, until, _AT_ONCE)
            again += some
            self._arrived()
            if following is None:
                return again
            going_on = following

    def store_spare(self) -> None:
        """Bring to disk what is kept in memory, if there is any; tries once a second."""
        if self._spare is not None:
            with self._mutex:
                self._carry_over()

    @property
    def unstored(self) -> int:
        """What is kept in memory alone, since the disk takes nothing: messages that wait, and events that have left."""
        with self._mutex:
            return 0 if self._spare is None else self._spare.count() + self._spare.left()

    def numbers(self) -> Numbers:
        """Where the agent-wide numbers stand."""
        with self._mutex, self._disk.reading():
            lowest = [low for shelf in self._shelves() if (low := shelf.lowest_waiting()) is not None]
            last = self._last()
            unconfirmed = sum(shelf.unconfirmed() for shelf in self._shelves())
            return Numbers(last[0] if last else 0, min(lowest, default=None), unconfirmed)

    def waiting(self) -> list[Entry]:
        """Everything that waits, oldest first."""
        with self._mutex, self._disk.reading():
            return [entry for shelf in self._shelves() for entry in shelf.waiting()]

    def count(self) -> int:
        """How many messages wait."""
        with self._mutex, self._disk.reading():
            return sum(shelf.count() for shelf in self._shelves())

    def files(self) -> frozenset[Path]:
        """Evidence that must stay on disk because it has not been sent yet."""
        return frozenset(entry.path for entry in self.waiting() if entry.path is not None)

    def active(self) -> dict[str, bytes]:
        """Incidents whose retained topic shows them active, each with the payload of its last event.

        After a restart these are what the platform still believes.
        """
        with self._mutex, self._disk.reading():
            found = self._disk.active()
            if self._spare is not None:
                newer = self._spare.active()
                found = {key: payload for key, payload in found.items() if not self._spare.last_sequence(key)} | newer
            return dict(sorted(found.items()))

    def last_sequence(self, incident: str) -> int:
        """The highest sequence ever stored for an incident, sent or not; 0 for one that nobody knows.

        The payload in `active` may be older: after damage, say.
        """
        with self._mutex, self._disk.reading():
            return max(shelf.last_sequence(incident) for shelf in self._shelves())

    def next_session(self) -> int:
        """A number for a new connection, higher than any before, even if the database had to be begun anew."""
        with self._mutex, self._disk.transaction() as database:
            last = database.execute("SELECT coalesce(max(session), 0) FROM sessions").fetchone()[0]
            session = max(int(last) + 1, int(self._now()))
            database.execute("DELETE FROM sessions")
            database.execute("INSERT INTO sessions VALUES (?)", (session,))
        return session

    def on_arrival(self, call: Callable[[], None] | None) -> None:
        """Have `call` called after each event stored, in the thread that stored it; one listener, None ends it."""
        self._arrived = call or _nothing

    def close(self) -> Shelf | None:
        """Close the file; the outbox can not be used any more.

        Returns:
            What is kept in memory and the disk does not take, if there is any.
        """
        with self._mutex:
            self._stored_s = float("-inf")
            if self._guard >= 0:
                self._carry_over()
                self._disk.database.close()
                os.close(self._guard)
                self._guard = -1
            return self._spare

    def adopt(self, left: Shelf) -> None:
        """Take over what another outbox could not store; call it before anything else.

        Raises:
            DeliveryError: this disk does not take it either.
        """
        with self._mutex, self._disk.transaction() as database:
            salvage.copy(left.database, database)
            self._disk.rank(left.incidents())

    def __enter__(self) -> Outbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _shelves(self) -> tuple[Shelf, ...]:
        return (self._disk,) if self._spare is None else (self._disk, self._spare)

    def _last(self) -> tuple[int, str | None] | None:
        newest = [last for shelf in self._shelves() if (last := shelf.last()) is not None]
        return max(newest, default=None, key=lambda last: last[0])

    def _put(self, put: Callable[[Shelf], _V]) -> _V:
        """On disk, or in memory where the disk takes nothing."""
        with self._mutex:
            self._carry_over()
            if self._spare is None:
                try:
                    with self._disk.transaction():
                        return put(self._disk)
                except OutboxDamaged:
                    raise
                except DeliveryError as error:
                    self.disk_error = str(error)
                    self._spare = self._make_spare()
            with self._spare.transaction():
                return put(self._spare)

    def _make_spare(self) -> Shelf:
        spare = Shelf.in_memory(self.path, self._now, self._confirm_s)
        # What is counted in memory goes on above what is on disk. Should the process end before the disk takes it,
        # the disk goes on from its own highest number: the Unix time keeps the two apart.
        last = self._last()
        with self._disk.reading() as database:
            highest = dict(database.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
        for table, floor in (
            ("events", max(last[0] if last else 0, int(self._now()))),
            ("entries", int(highest.get("entries", 0))),
        ):
            spare.database.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, floor))
        return spare

    def _carry_over(self) -> None:
        """What was kept in memory goes to disk, if that takes it again; tried once a second."""
        spare = self._spare
        if spare is None or time.monotonic() - self._stored_s < _STORE_EVERY_S:
            return
        self._stored_s = time.monotonic()
        try:
            with self._disk.transaction() as database:
                salvage.copy(spare.database, database)
                self._disk.rank(spare.incidents())
        except DeliveryError as error:  # also a damaged one: what is in memory goes on from there
            self.disk_error = str(error)
            return
        self._spare, self.disk_error = None, None
        spare.database.close()

    def _open(self) -> sqlite3.Connection:
        try:
            return connect(self.path)
        except OutboxDamaged as damage:
            aside = salvage.set_aside(self.path, self._now())
            database = connect(self.path)
            with translated(self.path):
                carried = salvage.carry_over(aside, database, self._now())
            self.notes = (f"{damage}; kept as {aside.name}, {carried} waiting messages carried over into a new one",)
            return database


def _nothing() -> None:
    pass
