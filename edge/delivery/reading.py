"""A look into an outbox that an agent may have open: read only, changes nothing."""

from __future__ import annotations

from pathlib import Path

from calibration.errors import DeliveryError
from edge.delivery.database import connect_read_only, translated
from edge.delivery.entries import Entry, from_row
from edge.delivery.shelf import ALL


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
            return [from_row(row) for row in database.execute(ALL)]
        finally:
            database.close()


def read_journal(path: Path) -> list[bytes]:
    """The payloads of all events that an outbox has, sent or not, by their number: read only, changes nothing.

    Raises:
        DeliveryError: there is none, or it can not be read.
    """
    if not path.is_file():
        raise DeliveryError(f"{path}: no outbox here")
    with translated(path):
        database = connect_read_only(path)
        try:
            found = dict(database.execute("SELECT number, payload FROM journal").fetchall())
            found |= dict(database.execute("SELECT number, payload FROM entries WHERE kind = 'event'").fetchall())
        finally:
            database.close()
    return [bytes(payload) for _, payload in sorted(found.items())]
