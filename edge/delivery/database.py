"""The outbox's SQLite file: its layout, how it is opened, and its errors in Lookout's own words."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calibration.errors import DeliveryError, OutboxDamaged
from edge.disk import flush

LAYOUT = 3
"""Version of the tables below, kept in `user_version`."""

_LAYOUT_1 = """
-- Every event ever handed over, so that numbers are never reused and none enters twice.
CREATE TABLE events (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  incident TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  UNIQUE (incident, sequence)
);
-- What waits. A row leaves when the broker has acknowledged it.
CREATE TABLE entries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  number INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('event', 'state', 'evidence')),
  incident TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  severity INTEGER NOT NULL,
  topic TEXT NOT NULL,
  payload BLOB,
  path TEXT,
  media_type TEXT NOT NULL,
  stored_s REAL NOT NULL
);
CREATE INDEX entries_of_incident ON entries (incident, sequence, id);
CREATE INDEX entries_evidence ON entries (severity DESC, id) WHERE kind = 'evidence';
-- Rank of each incident that has messages waiting: derived from entries, so that choosing the next is no search.
CREATE TABLE ranks (incident TEXT PRIMARY KEY, worst INTEGER NOT NULL, oldest INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX ranks_in_order ON ranks (worst DESC, oldest);
-- The incidents whose retained topic shows them active.
CREATE TABLE active (incident TEXT PRIMARY KEY, sequence INTEGER NOT NULL, payload BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE sessions (session INTEGER NOT NULL);
"""

_LAYOUT_2 = """
-- Digest of each event's payload: the next event names it.
ALTER TABLE events ADD COLUMN digest TEXT;
CREATE INDEX entries_events ON entries (number) WHERE kind = 'event';
-- Events that the broker has acknowledged, kept for questions. Where the platform has to confirm them, one that it has
-- not confirmed has a time at which it is sent again.
CREATE TABLE journal (
  number INTEGER PRIMARY KEY,
  incident TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  severity INTEGER NOT NULL,
  topic TEXT NOT NULL,
  payload BLOB NOT NULL,
  media_type TEXT NOT NULL,
  stored_s REAL NOT NULL,
  left_s REAL NOT NULL,
  tries INTEGER NOT NULL,
  due_s REAL,
  result INTEGER
);
CREATE INDEX journal_due ON journal (due_s) WHERE due_s IS NOT NULL;
CREATE INDEX journal_left ON journal (left_s);
CREATE INDEX journal_of_incident ON journal (incident, sequence);
"""

_LAYOUT_3 = """
-- Of a part of a file: where it begins, and how long it is.
ALTER TABLE entries ADD COLUMN first INTEGER;
ALTER TABLE entries ADD COLUMN length INTEGER;
"""

_LAYOUTS = (_LAYOUT_1, _LAYOUT_2, _LAYOUT_3)
"""What each version adds to the one before."""

RANKS = "INSERT INTO ranks SELECT incident, max(severity), min(id) FROM entries WHERE kind <> 'evidence'"
"""Fills `ranks` from `entries`; a condition may follow, then `GROUP BY incident`."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the database, and make it where there is none; what is written is on disk when its transaction ends.

    Raises:
        OutboxDamaged: it can not be read as a database.
        DeliveryError: it can not be opened, or a newer version of Lookout wrote it.
    """
    fresh = not path.exists()
    with translated(path):
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        try:
            _prepare(database, path)
        except BaseException:
            database.close()
            raise
    if fresh:
        flush(path.parent)  # a new file survives a power cut only once its folder has been written
    return database


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open a database that somebody else may be writing; call it inside `translated`."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    # Pages of 4 kB: a megabyte of journal before it is brought into the database, where SQLite's own habit is four.
    database.execute("PRAGMA wal_autocheckpoint = 250")
    found = database.execute("PRAGMA user_version").fetchone()[0]
    if found > LAYOUT:
        raise DeliveryError(f"{path}: written by a newer Lookout (layout {found}, this one knows {LAYOUT})")
    faults = [row[0] for row in database.execute("PRAGMA quick_check(1)")]
    if faults != ["ok"]:
        raise OutboxDamaged(f"{path}: the outbox is damaged ({faults[0]})")
    lay_out(database, found)


def lay_out(database: sqlite3.Connection, found: int = 0) -> None:
    """Make what a database of layout `found` lacks; 0 is an empty one."""
    if found < LAYOUT:
        database.executescript(f"BEGIN; {''.join(_LAYOUTS[found:])} PRAGMA user_version = {LAYOUT}; COMMIT;")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors become `OutboxDamaged` where the file is broken, `DeliveryError` otherwise."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise OutboxDamaged(f"{path}: the outbox is damaged ({error})") from error
        raise DeliveryError(f"{path}: the outbox can not be used ({error})") from error


def take_lock(path: Path) -> int:
    """Hold the lock file beside the database; the kernel lets go of it however the process ends.

    Returns:
        A file descriptor; closing it gives the lock back.

    Raises:
        DeliveryError: the folder can not be written, or another agent holds the lock.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise DeliveryError(f"{path}: the outbox can not be opened ({error})") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise DeliveryError(f"{path}: the outbox is in use, another agent runs with it") from error
    return descriptor
