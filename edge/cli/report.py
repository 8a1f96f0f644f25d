"""`lookout report`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from edge.agent.folder import read_json
from edge.commands.ledger import FILE as COMMANDS
from edge.config import SourceSettings, load_site
from edge.coverage.hours import FILE as COVERAGE
from edge.coverage.hours import WRITE_S, Hours
from edge.delivery.outbox import FILE_NAME
from edge.delivery.reading import read_journal
from edge.report.gather import gather
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
    since_s = now_s - hours * 3600
    commands = folder / COMMANDS
    status = read_json(folder / "status.json")
    shift = gather(
        read_journal(folder / FILE_NAME),
        _hours(folder / COVERAGE, loaded.sources, now_s).between(since_s, now_s),
        status if isinstance(status, dict) else {},
        since_s,
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


def _hours(path: Path, sources: Sequence[SourceSettings], now_s: float) -> Hours:
    """What was watched; where no agent counts any more, nobody watches."""
    hours = Hours(path)
    if hours.until_s is not None and now_s - hours.until_s > 2 * WRITE_S:
        when = {source.name: source.hours for source in sources}
        hours.missed(now_s, when, lambda name, wall_s: (its := when[name]) is None or its.include(wall_s))
    return hours
