"""One database of what waits: the outbox keeps one on disk, and one in memory for as long as the disk takes nothing."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from edge.delivery.contract import Previous
from edge.delivery.database import RANKS, lay_out, translated
from edge.delivery.entries import COLUMNS, PART_MEDIA_TYPE, Entry, Kind, Outgoing, from_row, is_address, part_topic

REMEMBERED = 20_000
"""Events whose incident and sequence are remembered after they have left, so that none enters twice."""

RESENT = 0
"""Rank of what is sent again because somebody asked: below every alarm."""

KEPT_S = 30 * 86_400.0
"""How long the journal keeps an event."""

_LONGEST_WAIT_S = 3600.0
_PRUNE_EVERY_S = 3600.0


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of an event in the chain of all events of the agent.

    Attributes:
        number: agent-wide number of the event.
        previous: number of the event before it; None for the first.
        previous_sha256: digest of that event's payload, hex; None where it is not known.
    """

    number: int
    previous: int | None = None
    previous_sha256: str | None = None

    def named(self) -> Previous | None:
        """The event before, as an event names it."""
        if self.previous is None or self.previous_sha256 is None:
            return None
        return Previous(number=self.previous, sha256=self.previous_sha256)


Compose = Callable[[Slot], bytes]
"""Makes the payload of an event, given its place in the chain."""


class Shelf:
    """The statements; who calls them holds the lock and opens the transactions.

    Args:
        database: laid out.
        path: the file's name for messages.
        now: the wall clock, UTC seconds since the epoch.
        confirm_s: seconds after which an event that the platform has not confirmed is sent again; None: the broker's
            acknowledgement is enough.
    """

    def __init__(
        self, database: sqlite3.Connection, path: Path, now: Callable[[], float], confirm_s: float | None
    ) -> None:
        self.database = database
        self._path = path
        self._now = now
        self._confirm_s = confirm_s
        self._pruned_s: float | None = None

    @classmethod
    def in_memory(cls, path: Path, now: Callable[[], float], confirm_s: float | None) -> Shelf:
        """An empty one that ends with the process."""
        database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        lay_out(database)
        return cls(database, path, now, confirm_s)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything inside becomes so, or nothing; SQLite's errors are translated."""
        with translated(self._path):
            self.database.execute("BEGIN IMMEDIATE")
            try:
                yield self.database
                self.database.execute("COMMIT")
            except BaseException:
                if self.database.in_transaction:
                    self.database.execute("ROLLBACK")
                self._reclaim()
                raise

    def _reclaim(self) -> None:
        """The journal of writes may hold what room there is: bring it into the database, and give it back."""
        with suppress(sqlite3.Error):
            self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """SQLite's errors are translated."""
        with translated(self._path):
            yield self.database

    def known(self, incident: str, sequence: int) -> int | None:
        """The number of an event that was handed over before."""
        found = self.database.execute(
            "SELECT number FROM events WHERE incident = ? AND sequence = ?", (incident, sequence)
        ).fetchone()
        return None if found is None else int(found[0])

    def last(self) -> tuple[int, str | None] | None:
        """Number and digest of the newest event."""
        found = self.database.execute("SELECT number, digest FROM events ORDER BY number DESC LIMIT 1").fetchone()
        return None if found is None else (int(found[0]), found[1])

    def put(self, outgoing: Outgoing, compose: Compose, previous: tuple[int, str | None] | None) -> int:
        """Add an event and what follows it.

        Args:
            outgoing: the event and what follows it.
            compose: makes the payload.
            previous: number and digest of the event before it.

        Returns:
            Its number.
        """
        database = self.database
        number = database.execute(
            "INSERT INTO events (incident, sequence) VALUES (?, ?)", (outgoing.incident, outgoing.sequence)
        ).lastrowid
        assert number is not None
        before, digest = previous or (None, None)
        payload = compose(Slot(number, before, digest))
        database.execute("UPDATE events SET digest = ? WHERE number = ?", (hashlib.sha256(payload).hexdigest(), number))
        self._add(number, outgoing, Kind.EVENT, outgoing.topic, payload)
        self._put_state(number, outgoing, payload)
        self._add_evidence(number, outgoing)
        self.rank([outgoing.incident])
        database.execute("DELETE FROM events WHERE number <= ?", (number - REMEMBERED,))
        return number

    def put_alone(self, outgoing: Outgoing, payload: bytes | None) -> None:
        """Add a retained message, or evidence, that belongs to no event."""
        if payload is not None:
            self._add(0, outgoing, Kind.STATE, outgoing.topic, payload)
        self._add_evidence(0, outgoing)
        self.rank([outgoing.incident])

    def messages(self, room: int, busy: Collection[str]) -> list[tuple[int, Entry]]:
        """The first message of each incident that has one and is not busy, with its rank; most severe, then oldest."""
        kept = sorted(busy)
        rows = self.database.execute(_NEXT_MESSAGES.format(busy=_marks(kept)), (*kept, room)).fetchall()
        return [(int(row[0]), from_row(row[1:])) for row in rows]

    def evidence(self, held: Collection[int], *, uploads: bool = False) -> list[Entry]:
        """The next piece of evidence whose event has left, if there is one: for a topic, or for an address."""
        kept = sorted(held)
        rows = self.database.execute(_NEXT_EVIDENCE.format(held=_marks(kept)), (*kept, uploads)).fetchall()
        return [from_row(row) for row in rows]

    def cut(self, entry: Entry, first: int, length: int, part_bytes: int) -> None:
        """In the place of a piece of evidence that the broker finds too large, parts of it."""
        if not self.database.execute("SELECT 1 FROM entries WHERE id = ?", (entry.id,)).fetchone():
            return
        for begin in range(first, first + length, part_bytes):
            self.database.execute(
                f"INSERT INTO entries ({_ALL_BUT_ID}) SELECT number, kind, incident, sequence, severity, ?, payload,"  # noqa: S608
                " path, ?, stored_s, ?, ? FROM entries WHERE id = ?",
                (
                    part_topic(entry.topic, begin),
                    PART_MEDIA_TYPE,
                    begin,
                    min(part_bytes, first + length - begin),
                    entry.id,
                ),
            )
        self.database.execute("DELETE FROM entries WHERE id = ?", (entry.id,))

    def incidents(self) -> set[str]:
        """Those that have messages waiting."""
        return {str(row[0]) for row in self.database.execute("SELECT incident FROM ranks")}

    def done(self, entries: Collection[Entry]) -> None:
        """The broker has acknowledged them: they leave, events into the journal."""
        now_s = self._now()
        for entry in entries:
            # One that the platform has answered before the broker did has left already, and must not come back.
            left = self.database.execute("DELETE FROM entries WHERE id = ?", (entry.id,)).rowcount
            if left and entry.kind is Kind.EVENT:
                self._into_journal(entry, now_s)
        self.rank({entry.incident for entry in entries if entry.kind is not Kind.EVIDENCE})
        if self._pruned_s is None or not 0 <= now_s - self._pruned_s < _PRUNE_EVERY_S:
            self._pruned_s = now_s
            self.database.execute("DELETE FROM journal WHERE left_s < ? AND due_s IS NULL", (now_s - KEPT_S,))

    def answer(self, incident: str, sequence: int, result: int) -> bool:
        """The platform has taken an event over, or refused it; False: no such event."""
        rows = self.database.execute(
            f"SELECT {COLUMNS} FROM entries WHERE incident = ? AND sequence = ? AND kind = 'event'",  # noqa: S608
            (incident, sequence),
        ).fetchall()
        self.done([from_row(row) for row in rows])
        changed = self.database.execute(
            "UPDATE journal SET result = ?, due_s = NULL WHERE incident = ? AND sequence = ?",
            (result, incident, sequence),
        )
        return changed.rowcount > 0

    def recall(self, most: int) -> int:
        """Have what the platform should have confirmed by now sent again, `most` at a time; how many events."""
        now_s = self._now()
        # A clock that was set back must not keep anything waiting for longer than the longest wait.
        due = "due_s IS NOT NULL AND (due_s <= ? OR due_s > ?)"
        return self._again(due, (now_s, now_s + 2 * _LONGEST_WAIT_S), most)[0]

    def resend(self, since: int, until: int, most: int) -> tuple[int, int | None]:
        """Have events of the journal with these numbers sent again, `most` at a time, after all that waits.

        Returns:
            How many, and the number to go on from; None when there are no more.
        """
        return self._again("number BETWEEN ? AND ?", (since, until), most, RESENT)

    def unconfirmed(self) -> int:
        """Events that the platform has not confirmed."""
        return int(self.database.execute("SELECT count(*) FROM journal WHERE due_s IS NOT NULL").fetchone()[0])

    def lowest_waiting(self) -> int | None:
        """The lowest number of an event that has not arrived for good."""
        lowest = "SELECT min(number) FROM entries WHERE kind = 'event'"
        due = "SELECT min(number) FROM journal WHERE due_s IS NOT NULL"
        found = [row[0] for row in self.database.execute(f"{lowest} UNION ALL {due}") if row[0] is not None]
        return min(found, default=None)

    def count(self) -> int:
        """Messages that wait."""
        return int(self.database.execute("SELECT count(*) FROM entries").fetchone()[0])

    def left(self) -> int:
        """Events in the journal."""
        return int(self.database.execute("SELECT count(*) FROM journal").fetchone()[0])

    def waiting(self) -> list[Entry]:
        """Everything that waits, oldest first."""
        return [from_row(row) for row in self.database.execute(ALL)]

    def active(self) -> dict[str, bytes]:
        """See `Outbox.active`."""
        return dict(self.database.execute("SELECT incident, payload FROM active ORDER BY incident").fetchall())

    def last_sequence(self, incident: str) -> int:
        """See `Outbox.last_sequence`."""
        return int(self.database.execute(_LAST_SEQUENCE, {"incident": incident}).fetchone()[0])

    def rank(self, incidents: Collection[str]) -> None:
        """Work out anew in which order the messages of these incidents leave."""
        for incident in incidents:
            self.database.execute("DELETE FROM ranks WHERE incident = ?", (incident,))
            self.database.execute(RANKS + " AND incident = ? GROUP BY incident", (incident,))

    def _again(
        self, which: str, values: tuple[float, ...], most: int, severity: int | None = None
    ) -> tuple[int, int | None]:
        waiting = "number IN (SELECT number FROM entries WHERE kind = 'event')"
        rows = self.database.execute(
            f"SELECT number, incident FROM journal WHERE {which} AND NOT {waiting} ORDER BY number LIMIT ?",  # noqa: S608
            (*values, most),
        ).fetchall()
        self.database.executemany(_COPY_BACK, [{"number": number, "severity": severity} for number, _ in rows])
        self.database.executemany("UPDATE journal SET due_s = NULL WHERE number = ?", [row[:1] for row in rows])
        self.rank({str(incident) for _, incident in rows})
        return len(rows), int(rows[-1][0]) + 1 if len(rows) == most else None

    def _into_journal(self, entry: Entry, now_s: float) -> None:
        again = "tries = tries + 1, left_s = excluded.left_s"
        self.database.execute(
            "INSERT INTO journal (number, incident, sequence, severity, topic, payload, media_type, stored_s, left_s,"  # noqa: S608
            f" tries, due_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, NULL) ON CONFLICT (number) DO UPDATE SET {again}",
            (
                entry.number, entry.incident, entry.sequence, entry.severity, entry.topic, entry.payload,
                entry.media_type, entry.stored_s, now_s,
            ),
        )  # fmt: skip
        if self._confirm_s is not None:
            self.database.execute(
                "UPDATE journal SET due_s = ? + min(?, ? * (1 << min(tries - 1, 10)))"
                " WHERE number = ? AND result IS NULL",
                (now_s, _LONGEST_WAIT_S, self._confirm_s, entry.number),
            )

    def _put_state(self, number: int, outgoing: Outgoing, payload: bytes) -> None:
        state, database = outgoing.state, self.database
        later = "SELECT 1 FROM events WHERE incident = ? AND sequence > ?"
        if state is None or database.execute(later, (outgoing.incident, outgoing.sequence)).fetchone():
            return  # an event handed over late must not bring an old state back
        database.execute("DELETE FROM active WHERE incident = ?", (outgoing.incident,))
        if not state.ended:
            database.execute("INSERT INTO active VALUES (?, ?, ?)", (outgoing.incident, outgoing.sequence, payload))
        self._add(number, outgoing, Kind.STATE, state.topic, b"" if state.ended else payload)

    def _add_evidence(self, number: int, outgoing: Outgoing) -> None:
        """Each file, or its parts: they leave one by one, and what has left is not sent again after a break."""
        for topic, file in outgoing.evidence:
            size = outgoing.part_bytes
            if size is None or file.size <= size or is_address(topic):
                self._add(number, outgoing, Kind.EVIDENCE, topic, file.path, file.media_type)
                continue
            for first in range(0, file.size, size):
                self._add(
                    number, outgoing, Kind.EVIDENCE, part_topic(topic, first), file.path, PART_MEDIA_TYPE,
                    (first, min(size, file.size - first)),
                )  # fmt: skip

    def _add(
        self,
        number: int,
        outgoing: Outgoing,
        kind: Kind,
        topic: str,
        content: bytes | Path,
        media_type: str = "",
        part: tuple[int | None, int | None] = (None, None),
    ) -> None:
        payload, path = (None, str(content)) if isinstance(content, Path) else (content, None)
        self.database.execute(
            f"INSERT INTO entries ({_ALL_BUT_ID}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (
                number, kind, outgoing.incident, outgoing.sequence, outgoing.severity,
                topic, payload, path, media_type or outgoing.media_type, self._now(), *part,
            ),
        )  # fmt: skip


def _marks(values: Collection[object]) -> str:
    return ",".join("?" * len(values))


_ALL_BUT_ID = COLUMNS.removeprefix("id, ")

ALL = f"SELECT {COLUMNS} FROM entries ORDER BY id"  # noqa: S608 - constants only

_NEXT_MESSAGES = f"""
SELECT worst, {COLUMNS} FROM entries JOIN (
  SELECT worst, oldest, (
    SELECT id FROM entries WHERE entries.incident = ranks.incident AND kind <> 'evidence' ORDER BY sequence, id LIMIT 1
  ) AS head
  FROM ranks WHERE incident NOT IN ({{busy}}) ORDER BY worst DESC, oldest LIMIT ?
) ON id = head
ORDER BY worst DESC, oldest
"""  # noqa: S608 - constants only

_LAST_SEQUENCE = """
SELECT coalesce(max(sequence), 0) FROM (
  SELECT sequence FROM events WHERE incident = :incident
  UNION ALL SELECT sequence FROM entries WHERE incident = :incident
  UNION ALL SELECT sequence FROM active WHERE incident = :incident
  UNION ALL SELECT sequence FROM journal WHERE incident = :incident
)
"""

_COPY_BACK = """
INSERT INTO entries (number, kind, incident, sequence, severity, topic, payload, media_type, stored_s)
SELECT number, 'event', incident, sequence, coalesce(:severity, severity), topic, payload, media_type, stored_s
FROM journal WHERE number = :number
"""

_NEXT_EVIDENCE = f"""
SELECT {COLUMNS} FROM entries AS evidence
WHERE kind = 'evidence' AND id NOT IN ({{held}}) AND (topic LIKE 'http%://%') = ? AND NOT EXISTS (
  SELECT 1 FROM entries AS message
  WHERE message.incident = evidence.incident AND message.kind <> 'evidence' AND message.sequence <= evidence.sequence
)
ORDER BY severity DESC, id LIMIT 1
"""  # noqa: S608 - constants only
