"""`lookout status`."""

from __future__ import annotations

import json as json_format
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from calibration.errors import ConfigError
from edge.agent.folder import read_json, works_in
from edge.agent.status import FILE
from edge.config import load_site

_SILENT_TIMES, _LATE_S, _USUAL_S = 3.0, 10.0, 30.0
"""Who has said nothing for so many times its own interval, and some seconds, is not believed to run."""


def status(
    where: Annotated[
        Path,
        typer.Argument(metavar="SITE.yaml|DIR", help="A site file, or the agent's data folder.", show_default=False),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print the whole status as JSON.")] = False,
) -> None:
    """How an agent is: which views are watched, what is active, what waits, what is wrong.

    Exit code 1 if the agent does not run or a view can not be seen.

    Example: `lookout status site.yaml`
    """
    folder = load_site(where).agent.data if where.suffix in (".yaml", ".yml") else where
    found = read_json(folder / FILE)
    if not isinstance(found, dict):
        raise ConfigError([f"{folder / FILE}: no status here; has the agent run?"])
    silent = _silent(found, folder)
    if silent:
        found["running"] = False
    if json:
        typer.echo(json_format.dumps(found, ensure_ascii=False, indent=2))
    else:
        _show(found, silent)
    unseen = any(source.get("unseen") or source.get("state") != "online" for source in found.get("sources", ()))
    if not found.get("running") or unseen:
        raise typer.Exit(1)


def _silent(found: dict[str, Any], folder: Path) -> str:
    """Why an agent is not believed that says of itself that it runs; empty if it is, or says that it does not."""
    if not found.get("running"):
        return ""
    if works_in(folder) is False:
        return "it has ended without a word"
    try:
        age_s = time.time() - datetime.fromisoformat(found["time"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return "nobody knows since when"
    most_s = _SILENT_TIMES * float(found.get("every_s", _USUAL_S)) + _LATE_S
    return f"it has said nothing for {age_s:.0f} s" if age_s > most_s else ""


def _show(found: dict[str, Any], silent: str) -> None:
    broker, running = found.get("broker", {}), bool(found.get("running"))
    link = "connected" if broker.get("connected") else f"not connected: {broker.get('error', 'unknown')}"
    said = "running" if running else f"not running: {silent}" if silent else "not running"
    typer.echo(f"{said}, Lookout {found.get('version')}, as of {found.get('time')}")
    typer.echo(f"broker {link if running else 'not connected'}, waiting: {found.get('outbox_waiting', 0)}")
    table = Table()
    for name in ("source", "state", "watched", "this hour", "newest picture", "looked at every", "active", "tier"):
        table.add_column(name)
    figures = found.get("details", {}).get("sources", {})
    for source in found.get("sources", ()):
        table.add_row(*_row(source, figures.get(source["name"], {}), running=running))
    Console().print(table)
    for fault in found.get("faults", ()):
        typer.echo(f"fault: {fault}")
    for switch in found.get("details", {}).get("switched", ()):
        typer.echo("switched: " + ", ".join(f"{key} {value}" for key, value in switch.items()))


def _row(source: dict[str, Any], own: dict[str, Any], *, running: bool) -> tuple[str, ...]:
    """One view; of an agent that does not run nothing is told that may have changed since."""
    share, interval_s = own.get("watched_share"), own.get("inspection_interval_s")
    age_s = source.get("last_frame_age_s")
    watched = "yes" if source["state"] == "online" else "no"
    return (
        source["name"],
        source["state"] if running else "stopped",
        "no" if not running else ", ".join(source["unseen"]) if source.get("unseen") else watched,
        "–" if share is None or not running else f"{share:.1%}",
        "–" if age_s is None or not running else f"{age_s:.1f} s",
        "–" if interval_s is None or not running else f"{interval_s:.1f} s",
        str(own.get("active_hazards", 0)),
        str(own.get("tier", "–")) if running else "–",
    )
