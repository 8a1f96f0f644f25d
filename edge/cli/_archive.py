"""`lookout inspect FOLDER --out DIR`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from calibration.errors import ConfigError
from edge.batch.archive import Results
from edge.batch.engines import plain, spread
from edge.batch.job import Settings, recordings

_FAULTY = 2


@dataclass(frozen=True, slots=True)
class How:
    """Who does the work.

    Attributes:
        engine: `plain` or `ray`.
        workers: how many at a time; None: a core each.
        address: of a cluster; None: this machine.
    """

    engine: str
    workers: int | None
    address: str | None


def inspect_archive(root: Path, out: Path, settings: Settings, how: How) -> None:
    """Go through every recording below a folder, and go on where an earlier run stopped.

    Raises:
        ConfigError, ModelError, SourceUnusable: nothing can be done; the text says why.
    """
    if how.engine not in {"plain", "ray"}:
        raise ConfigError([f"--engine {how.engine}: allowed: plain, ray"])
    clips = recordings(root)
    results = Results(out, settings.digest)
    left = results.missing(clips)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if len(left) < len(clips):
        console.print(f"{len(clips) - len(left)} of {len(clips)} recordings are done already")
    where = str(root.absolute())
    if how.engine == "plain" or not left:
        done = plain(settings, where, left)
    else:
        done = spread(settings, where, left, workers=how.workers, address=how.address)
    faults = 0
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(root.name, total=len(left))
        for clip, records in done:
            results.keep(clip, records)
            for record in records:
                if "reason" in record:
                    faults += 1
                    console.print(f"lookout: {clip}: {record['reason']}", markup=False)
            bar.advance(task)
    for path in results.gather(clips):
        if path is not None:
            typer.echo(str(path))
    if faults:
        raise typer.Exit(_FAULTY)
