"""A damaged outbox: set aside, never deleted, and emptied of what can still be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from edge.delivery.database import RANKS, connect_read_only
from edge.delivery.entries import COLUMNS

_TABLES = {
    "events": "number, incident, sequence",
    "entries": COLUMNS,
    "active": "incident, sequence, payload",
    "sessions": "session",
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
            marks = ",".join("?" * (columns.count(",") + 1))
            insert = f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608
            for row in _rows(damaged, table, columns):
                stored = database.execute(insert, row).rowcount
                carried += stored if table == "entries" else 0
        database.execute(RANKS + " GROUP BY incident")
        _raise_numbers(database, int(now_s))
        database.execute("COMMIT")
    finally:
        damaged.close()
    return carried


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
