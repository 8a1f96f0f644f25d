"""`lookout outbox`."""

from __future__ import annotations

import json as json_format
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.config import load_site
from edge.delivery.entries import Entry
from edge.delivery.outbox import FILE_NAME
from edge.delivery.reading import read_waiting


def outbox(
    where: Annotated[
        Path,
        typer.Argument(
            metavar="SITE.yaml|PATH",
            help="A site file, the agent's data folder, or the outbox file.",
            show_default=False,
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show what waits for the broker. Changes nothing, and may be asked while the agent runs.

    Example: `lookout outbox site.yaml`
    """
    path = _file(where)
    entries = read_waiting(path)
    now_s = time.time()
    if json:
        report = {"outbox": str(path), "waiting": len(entries), "entries": [_plain(entry) for entry in entries]}
        typer.echo(json_format.dumps(report, ensure_ascii=False, indent=2))
    elif entries:
        typer.echo(f"{path}: {len(entries)} waiting")
        Console().print(_table(entries, now_s))
    else:
        typer.echo(f"{path}: nothing waits")


def _file(where: Path) -> Path:
    if where.suffix in (".yaml", ".yml"):
        return load_site(where).agent.data / FILE_NAME
    return where / FILE_NAME if where.is_dir() else where


def _table(entries: list[Entry], now_s: float) -> Table:
    table = Table()
    for name, side in (
        ("no.", "right"),
        ("since", "right"),
        ("severity", "right"),
        ("event", "left"),
        ("what", "left"),
    ):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    table.add_column("bytes", justify="right")
    for entry in entries:
        what = entry.topic.rsplit("/")[-1] if entry.path else entry.kind.value
        event = f"{_short(entry.incident)}/{entry.sequence}"
        size = _size(entry)
        bytes_waiting = "missing" if size is None else f"{size:,}"
        table.add_row(str(entry.number), _age(now_s - entry.stored_s), str(entry.severity), event, what, bytes_waiting)
    return table


def _plain(entry: Entry) -> dict[str, object]:
    return {
        "number": entry.number,
        "kind": entry.kind.value,
        "incident": entry.incident,
        "sequence": entry.sequence,
        "severity": entry.severity,
        "topic": entry.topic,
        "bytes": _size(entry),
        "path": str(entry.path) if entry.path else None,
        "stored_s": entry.stored_s,
    }


def _size(entry: Entry) -> int | None:
    if entry.path is None:
        return len(entry.payload or b"")
    return entry.path.stat().st_size if entry.path.is_file() else None


def _short(incident: str) -> str:
    """The end of an id: incidents of one day begin alike."""
    return incident if len(incident) <= 12 else f"…{incident[-11:]}"


def _age(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{max(seconds, 0):.0f} s"
