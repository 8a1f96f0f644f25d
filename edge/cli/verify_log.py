"""`lookout verify-log`."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from edge.config import load_site
from edge.delivery.chain import check_chain, read_lines
from edge.delivery.outbox import FILE_NAME
from edge.delivery.reading import read_journal


def verify_log(
    where: Annotated[
        Path,
        typer.Argument(
            metavar="SITE.yaml|PATH",
            help="A site file, the agent's data folder, its outbox file, or a file of events, one JSON object a line.",
            show_default=False,
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Check that no event of an agent was changed, left out or put in: each names the digest of the one before it.

    Events of the agent's own journal, or those that a platform has kept, byte for byte as they came. Ends with 1 where
    something is wrong. What was removed from the end can not be told from what never came: compare the highest number
    with that of the agent's heartbeat.

    Example: `lookout verify-log site.yaml`
    """
    if where.suffix in (".yaml", ".yml"):
        where = load_site(where).agent.data
    path = where / FILE_NAME if where.is_dir() else where
    payloads = read_lines(path) if path.suffix in (".jsonl", ".json", ".txt") else read_journal(path)
    checked = check_chain(payloads)
    if json:
        typer.echo(json_format.dumps(checked.record(), indent=2))
    else:
        typer.echo(f"{path}: events: {checked.events}, numbers {checked.first} to {checked.last}")
        for line in checked.told():
            typer.echo(line)
    if checked.faults:
        raise typer.Exit(1)
