"""`lookout check`."""

from __future__ import annotations

import json as json_format
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from calibration.errors import ConfigError
from edge.checkup import Look, Part, Result, check_broker, check_models, draw_zones, look_at_all
from edge.config import Site, load_site
from edge.evidence.picture import save_picture
from edge.model_store import ModelStore


def check(
    site: Annotated[Path, typer.Argument(metavar="SITE.yaml", help="The site file.", show_default=False)],
    draw: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Save a picture of each source with its zones drawn onto it.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, max=600, help="Seconds that a source or the broker may take.")
    ] = 10.0,
    folder: Annotated[
        Path | None,
        typer.Option("--models", metavar="DIR", help="A folder of model folders, before the installed ones."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Try a site before it runs: file, models, sources, broker.

    Reads the whole file and lists every fault in it; loads every model and verifies its digest; takes one
    picture of every source; connects to the broker. Exit code 1 if anything fails.

    Example: `lookout check site.yaml --draw zones/`
    """
    messages = Console(stderr=True)
    store = ModelStore.installed(folder)
    with messages.status("trying the site …"):
        results = list(_try(site, store, timeout, draw))
    if json:
        report = {"ok": all(r.ok for r in results), "results": [asdict(r) for r in results]}
        typer.echo(json_format.dumps(report, ensure_ascii=False, indent=2))
    else:
        _show(results)
    if not all(result.ok for result in results):
        raise typer.Exit(1)


def _try(path: Path, store: ModelStore, timeout_s: float, draw: Path | None) -> Iterator[Result]:
    """Everything, in the order of the way of a frame."""
    try:
        site = load_site(path, store=store)
    except ConfigError as error:
        for fault in error.faults:
            yield Result(Part.FILE, path.name, False, fault)
        return
    yield Result(Part.FILE, path.name, True, _summary(site))
    yield from check_models(site, store)
    looks = look_at_all(site.sources, timeout_s)
    for look in looks:
        yield look.result
    if draw is not None:
        _draw(looks, {source.name for source in site.sources}, draw)
    yield check_broker(site, timeout_s)


def _summary(site: Site) -> str:
    counts = (
        (len(site.sources), "source"),
        (sum(len(source.zones) for source in site.sources), "zone"),
        (sum(len(source.rules) for source in site.sources), "rule"),
    )
    return f"site {site.site.name}: {', '.join(_counted(*each) for each in counts)}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _draw(looks: Sequence[Look], names: Collection[str], folder: Path) -> None:
    for look in looks:
        if look.frame is not None and look.source.name in names:
            save_picture(draw_zones(look.frame, look.source), folder / f"{look.source.name}.jpg")


def _show(results: Sequence[Result]) -> None:
    console = Console()
    if not results[0].ok:  # nothing else could be tried: a list reads better than a table
        console.print(f"{results[0].name}: {_counted(len(results), 'fault')}", style="red", markup=False)
        for result in results:
            console.print(f"  {result.text}", markup=False, highlight=False, soft_wrap=True)
        return
    table = Table("Part", "Name", "", "Found", show_lines=any(not r.ok for r in results))
    for result in results:
        verdict = "[green]ok[/]" if result.ok else "[red]fails[/]"
        table.add_row(result.part, escape(result.name), verdict, escape(result.text))
    console.print(table)
    failed = sum(not result.ok for result in results)
    console.print("[green]ready to run[/]" if not failed else f"[red]{failed} of {len(results)} fail[/]")
