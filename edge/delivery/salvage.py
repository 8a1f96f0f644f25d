"""A damaged outbox: set aside, never deleted, and emptied of what can still be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from edge.delivery.database import RANKS, connect_read_only
from edge.delivery.entries import COLUMNS

JOURNAL = "number, incident, sequence, severity, topic, payload, media_type, stored_s, left_s, tries, due_s, result"

_TABLES = {
    "events": "number, incident, sequence, digest",
    "entries": COLUMNS,
    "active": "incident, sequence, payload",
    "sessions": "session",
    "journal": JOURNAL,
}


def set_aside(path: Path, now_s: float) -> Path:
    """Rename the database and its journals to `NAME.damaged-UTC.sqlite`.

    Returns:
        The new path of the database.
    """
    stamp = datetime.fromtimestamp(now_s, UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.stem}.damaged-{stamp}{path.suffix}")
    count = 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"{path.stem}.damaged-{stamp}-{count}{path.suffix}")
    for tail in ("-wal", "-shm", ""):
        journal = path.with_name(path.name + tail)
        if journal.exists():
            journal.rename(aside.with_name(aside.name + tail))
    return aside


def carry_over(aside: Path, database: sqlite3.Connection, now_s: float) -> int:
    """Copy every row that can be read into the new database.

    Numbers of events go on after the highest found and at least from the Unix time, so that no number which
    may be lost with the damage is ever given twice.

    Returns:
        How many waiting entries were carried over.
    """
    damaged = connect_read_only(aside)
    carried = 0
    try:
        database.execute("BEGIN IMMEDIATE")
        for table, columns in _TABLES.items():
            present = _present(damaged, table, columns)
            if not present:
                continue
            marks = ",".join("?" * (present.count(",") + 1))
            insert = f"INSERT OR IGNORE INTO {table} ({present}) VALUES ({marks})"  # noqa: S608
            for row in _rows(damaged, table, present):
                stored = database.execute(insert, row).rowcount
                carried += stored if table == "entries" else 0
        database.execute(RANKS + " GROUP BY incident")
        _raise_numbers(database, int(now_s))
        database.execute("COMMIT")
    finally:
        damaged.close()
    return carried


def copy(spare: sqlite3.Connection, database: sqlite3.Connection) -> None:
    """Copy what was kept in memory while the disk took nothing; inside a transaction of the caller's.

    States go on from what memory says of each incident: it is the newer.
    """
    told = "SELECT DISTINCT incident FROM events UNION SELECT DISTINCT incident FROM active"
    for row in spare.execute(told).fetchall():
        database.execute("DELETE FROM active WHERE incident = ?", row)
    for table, columns in _TABLES.items():
        if table != "sessions":
            marks = ",".join("?" * (columns.count(",") + 1))
            rows = spare.execute(f"SELECT {columns} FROM {table}")  # noqa: S608
            database.executemany(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})", rows)  # noqa: S608


def _present(damaged: sqlite3.Connection, table: str, columns: str) -> str:
    """Those of the columns that the damaged database has: an older Lookout may have made it."""
    try:
        there = {row[1] for row in damaged.execute(f"PRAGMA table_info({table})")}
    except sqlite3.DatabaseError:
        return ""
    return ", ".join(column for column in columns.split(", ") if column in there)


def _raise_numbers(database: sqlite3.Connection, floor: int) -> None:
    highest = database.execute("SELECT coalesce(max(number), 0) FROM events").fetchone()[0]
    database.execute("DELETE FROM sqlite_sequence WHERE name = 'events'")
    database.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)", (max(int(highest), floor),))


def _rows(damaged: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[object, ...]]:
    """Rows of a table up to the damage, then from the other end back to it."""
    key = columns.split(",", maxsplit=1)[0]
    seen: set[object] = set()
    for order in ("ASC", "DESC"):
        try:
            for row in damaged.execute(f"SELECT {columns} FROM {table} ORDER BY {key} {order}"):  # noqa: S608
                if row[0] in seen:
                    return
                seen.add(row[0])
                yield row
        except sqlite3.DatabaseError:
            continue  # the other end may still be readable
        return
