"""`lookout status`."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from calibration.errors import ConfigError
from edge.agent.folder import read_json
from edge.agent.status import FILE
from edge.config import load_site


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
    if json:
        typer.echo(json_format.dumps(found, ensure_ascii=False, indent=2))
    else:
        _show(found)
    unseen = any(source.get("unseen") or source.get("state") != "online" for source in found.get("sources", ()))
    if not found.get("running") or unseen:
        raise typer.Exit(1)


def _show(found: dict[str, Any]) -> None:
    broker = found.get("broker", {})
    running = "running" if found.get("running") else "not running"
    link = "connected" if broker.get("connected") else f"not connected: {broker.get('error', 'unknown')}"
    typer.echo(f"{running}, Lookout {found.get('version')}, as of {found.get('time')}")
    typer.echo(f"broker {link}, waiting: {found.get('outbox_waiting', 0)}")
    table = Table()
    for name in ("source", "state", "watched", "this hour", "newest picture", "looked at every", "active", "tier"):
        table.add_column(name)
    figures = found.get("details", {}).get("sources", {})
    for source in found.get("sources", ()):
        own = figures.get(source["name"], {})
        share = own.get("watched_share")
        table.add_row(
            source["name"],
            source["state"],
            ", ".join(source["unseen"]) if source.get("unseen") else "yes",
            "–" if share is None else f"{share:.1%}",
            "–" if source.get("last_frame_age_s") is None else f"{source['last_frame_age_s']:.1f} s",
            "–" if own.get("inspection_interval_s") is None else f"{own['inspection_interval_s']:.1f} s",
            str(own.get("active_hazards", 0)),
            str(own.get("tier", "–")),
        )
    Console().print(table)
    for fault in found.get("faults", ()):
        typer.echo(f"fault: {fault}")
    for switch in found.get("details", {}).get("switched", ()):
        typer.echo("switched: " + ", ".join(f"{key} {value}" for key, value in switch.items()))
