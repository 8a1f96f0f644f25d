"""What the platform still has to get, on disk before anything is sent.

An event, its pictures and the change of its retained state enter together, in one transaction that is on disk
when the call returns, and each leaves only when the broker has acknowledged it. Order of sending:

1. messages (events and states) before pictures: a kilobyte never waits for a megabyte;
2. of one incident, in the order of its events, one at a time, so that nothing ever goes backwards;
3. between incidents, the one with the most severe waiting message first, then the oldest;
4. a picture only after the event that names it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from calibration.errors import DeliveryError, OutboxDamaged
from edge.delivery import salvage
from edge.delivery.database import RANKS, connect, connect_read_only, take_lock, translated
from edge.delivery.entries import COLUMNS, Entry, Kind, Outgoing, from_row

FILE_NAME = "outbox.sqlite"
"""What it is called in the data folder of the agent."""

REMEMBERED = 20_000
"""Events whose incident and sequence are remembered after they have left, so that none enters twice."""


class Outbox:
    """The database of what waits. Every method may be called from any thread.

    Args:
        path: the SQLite file; made, with its folder, when missing. A lock file beside it keeps a second agent out.
        now: the wall clock, UTC seconds since the epoch.

    Attributes:
        path: the SQLite file.
        notes: what had to be repaired when it was opened, for the log and the status; usually empty.

    Raises:
        DeliveryError: it can not be opened, is of a newer version of Lookout, or another agent has it open.
    """

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time) -> None:
        self.path = path
        self.notes: tuple[str, ...] = ()
        self._now = now
        self._mutex = threading.RLock()
        self._arrived: Callable[[], None] = _nothing
        self._guard = take_lock(path)
        try:
            self._database = self._open()
        except BaseException:
            os.close(self._guard)
            raise

    def put_event(self, outgoing: Outgoing, compose: Callable[[int], bytes]) -> int:
        """Store an event and what follows it; on disk when this returns.

        Handing over the same incident and sequence again changes nothing, also after it has been sent.

        Args:
            outgoing: the event and what follows it.
            compose: makes the payload, given the agent-wide number.

        Returns:
            The agent-wide number.

        Raises:
            DeliveryError: it could not be stored (a full disk, say) and should be handed over again.
            OutboxDamaged: the database broke under way; a new `Outbox` on the same path sets it aside.
        """
        identity = (outgoing.incident, outgoing.sequence)
        with self._transaction() as database:
            known = database.execute(
                "SELECT number FROM events WHERE incident = ? AND sequence = ?", identity
            ).fetchone()
            if known is not None:
                return int(known[0])
            number = database.execute("INSERT INTO events (incident, sequence) VALUES (?, ?)", identity).lastrowid
            assert number is not None
            payload = compose(number)
            self._add(number, outgoing, Kind.EVENT, outgoing.topic, payload)
            self._put_state(number, outgoing, payload)
            for topic, file in outgoing.evidence:
                self._add(number, outgoing, Kind.EVIDENCE, topic, file.path, file.media_type)
            self._rank([outgoing.incident])
            database.execute("DELETE FROM events WHERE number <= ?", (number - REMEMBERED,))
        self._arrived()
        return number

    def next_entries(self, room: int, sent: Collection[Entry] = (), held: Collection[Entry] = ()) -> list[Entry]:
        """What to send now, in order.

        Args:
            room: how many at most.
            sent: under way without an acknowledgement.
            held: not to be tried for the time being.
        """
        busy = sorted({entry.incident for entry in (*sent, *held) if entry.kind is not Kind.EVIDENCE})
        with self._reading() as database:
            rows = database.execute(_NEXT_MESSAGES.format(busy=_marks(busy)), (*busy, room)).fetchall()
            # A picture is a megabyte on a line that the next message needs: one at a time, and only when none is left.
            if room > 0 and not rows and not sent:
                kept = [entry.id for entry in held]
                rows += database.execute(_NEXT_EVIDENCE.format(held=_marks(kept)), kept).fetchall()
        return [from_row(row) for row in rows]

    def done(self, entries: Collection[Entry]) -> None:
        """The broker has acknowledged them: they leave."""
        with self._transaction() as database:
            database.executemany("DELETE FROM entries WHERE id = ?", [(entry.id,) for entry in entries])
            self._rank({entry.incident for entry in entries if entry.kind is not Kind.EVIDENCE})

    def waiting(self) -> list[Entry]:
        """Everything that waits, oldest first."""
        with self._reading() as database:
            return [from_row(row) for row in database.execute(_ALL)]

    def count(self) -> int:
        """How many messages wait."""
        with self._reading() as database:
            return int(database.execute("SELECT count(*) FROM entries").fetchone()[0])

    def files(self) -> frozenset[Path]:
        """Evidence that must stay on disk because it has not been sent yet."""
        with self._reading() as database:
            return frozenset(Path(row[0]) for row in database.execute("SELECT path FROM entries WHERE path NOT NULL"))

    def active(self) -> dict[str, bytes]:
        """Incidents whose retained topic shows them active, each with the payload of its last event.

        After a restart these are what the platform still believes.
        """
        with self._reading() as database:
            return dict(database.execute("SELECT incident, payload FROM active ORDER BY incident").fetchall())

    def last_sequence(self, incident: str) -> int:
        """The highest sequence ever stored for an incident, sent or not; 0 for one that nobody knows.

        The payload in `active` may be older: after damage, say.
        """
        with self._reading() as database:
            return int(database.execute(_LAST_SEQUENCE, {"incident": incident}).fetchone()[0])

    def next_session(self) -> int:
        """A number for a new connection, higher than any before, even if the database had to be begun anew."""
        with self._transaction() as database:
            last = database.execute("SELECT coalesce(max(session), 0) FROM sessions").fetchone()[0]
            session = max(int(last) + 1, int(self._now()))
            database.execute("DELETE FROM sessions")
            database.execute("INSERT INTO sessions VALUES (?)", (session,))
        return session

    def on_arrival(self, call: Callable[[], None] | None) -> None:
        """Have `call` called after each event stored, in the thread that stored it; one listener, None ends it."""
        self._arrived = call or _nothing

    def close(self) -> None:
        """Close the file; the outbox can not be used any more."""
        with self._mutex:
            self._database.close()
            if self._guard >= 0:
                os.close(self._guard)
                self._guard = -1

    def __enter__(self) -> Outbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put_state(self, number: int, outgoing: Outgoing, payload: bytes) -> None:
        state, database = outgoing.state, self._database
        later = "SELECT 1 FROM events WHERE incident = ? AND sequence > ?"
        if state is None or database.execute(later, (outgoing.incident, outgoing.sequence)).fetchone():
            return  # an event handed over late must not bring an old state back
        database.execute("DELETE FROM active WHERE incident = ?", (outgoing.incident,))
        if not state.ended:
            database.execute("INSERT INTO active VALUES (?, ?, ?)", (outgoing.incident, outgoing.sequence, payload))
        self._add(number, outgoing, Kind.STATE, state.topic, b"" if state.ended else payload)

    def _add(
        self, number: int, outgoing: Outgoing, kind: Kind, topic: str, content: bytes | Path, media_type: str = ""
    ) -> None:
        payload, path = (None, str(content)) if isinstance(content, Path) else (content, None)
        self._database.execute(
            "INSERT INTO entries"
            " (number, kind, incident, sequence, severity, topic, payload, path, media_type, stored_s)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number, kind, outgoing.incident, outgoing.sequence, outgoing.severity,
                topic, payload, path, media_type or outgoing.media_type, self._now(),
            ),
        )  # fmt: skip

    def _rank(self, incidents: Collection[str]) -> None:
        for incident in incidents:
            self._database.execute("DELETE FROM ranks WHERE incident = ?", (incident,))
            self._database.execute(RANKS + " AND incident = ? GROUP BY incident", (incident,))

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

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._mutex, translated(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._mutex, translated(self.path):
            yield self._database


def read_waiting(path: Path) -> list[Entry]:
    """What waits in an outbox that an agent may have open: read only, changes nothing.

    Raises:
        DeliveryError: there is none, or it can not be read.
    """
    if not path.is_file():
        raise DeliveryError(f"{path}: no outbox here")
    with translated(path):
        database = connect_read_only(path)
        try:
            return [from_row(row) for row in database.execute(_ALL)]
        finally:
            database.close()


def _nothing() -> None:
    pass


def _marks(values: Collection[object]) -> str:
    return ",".join("?" * len(values))


_ALL = f"SELECT {COLUMNS} FROM entries ORDER BY id"  # noqa: S608 - constants only

_NEXT_MESSAGES = f"""
SELECT {COLUMNS} FROM entries JOIN (
  SELECT worst, oldest, (
    SELECT id FROM entries WHERE entries.incident = ranks.incident AND kind <> 'evidence' ORDER BY sequence, id LIMIT 1
  ) AS first
  FROM ranks WHERE incident NOT IN ({{busy}}) ORDER BY worst DESC, oldest LIMIT ?
) ON id = first
ORDER BY worst DESC, oldest
"""  # noqa: S608 - constants only

_LAST_SEQUENCE = """
SELECT coalesce(max(sequence), 0) FROM (
  SELECT sequence FROM events WHERE incident = :incident
  UNION ALL SELECT sequence FROM entries WHERE incident = :incident
  UNION ALL SELECT sequence FROM active WHERE incident = :incident
)
"""

_NEXT_EVIDENCE = f"""
SELECT {COLUMNS} FROM entries AS evidence
WHERE kind = 'evidence' AND id NOT IN ({{held}}) AND NOT EXISTS (
  SELECT 1 FROM entries AS message
  WHERE message.incident = evidence.incident AND message.kind <> 'evidence' AND message.sequence <= evidence.sequence
)
ORDER BY severity DESC, id LIMIT 1
"""  # noqa: S608 - constants only
