"""`lookout report`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from edge.agent.folder import read_json
from edge.commands.ledger import FILE as COMMANDS
from edge.config import load_site
from edge.coverage.hours import FILE as COVERAGE
from edge.delivery.outbox import FILE_NAME
from edge.delivery.reading import read_journal
from edge.report.gather import gather, read_hours
from edge.report.pages import Pages


def report(
    site: Annotated[Path, typer.Argument(metavar="SITE.yaml", help="The site file.", show_default=False)],
    hours: Annotated[float, typer.Option(min=0.1, max=24 * 30, help="How long the shift was, until now.")] = 12.0,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The agent's data folder, instead of the site's `agent.data`.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write FILE.md and FILE.html instead of printing Markdown.")
    ] = None,
) -> None:
    """What a shift came to: incidents and their delays, what people did about them, coverage, drops.

    Reads the agent's journal; changes nothing, and may be asked while the agent runs.

    Example: `lookout report site.yaml --hours 12 --out shift`
    """
    loaded = load_site(site)
    folder = data or loaded.agent.data
    now_s = time.time()
    counted, commands = folder / COVERAGE, folder / COMMANDS
    status = read_json(folder / "status.json")
    shift = gather(
        read_journal(folder / FILE_NAME),
        read_hours(counted.read_text(encoding="utf-8") if counted.is_file() else ""),
        status if isinstance(status, dict) else {},
        now_s - hours * 3600,
        now_s,
        commands.read_text(encoding="utf-8", errors="replace") if commands.is_file() else "",
    )
    zone = datetime.now(UTC).astimezone().tzinfo or UTC
    pages = Pages(shift, loaded.site.title or loaded.site.name, loaded.agent.lang, zone)
    if out is None:
        typer.echo(pages.markdown())
        return
    for path, text in ((out.with_suffix(".md"), pages.markdown()), (out.with_suffix(".html"), pages.html())):
        path.write_text(text, encoding="utf-8")
        typer.echo(str(path))
