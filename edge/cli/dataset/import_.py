"""`lookout dataset import`."""

from __future__ import annotations

import json as json_format
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from calibration.errors import DatasetError
from edge.cli.dataset._options import Format, contents

if TYPE_CHECKING:
    from pipelines.retraining.data.dataset import Dataset
    from pipelines.retraining.data.formats.intake import Imported

FAULTS = "faults.jsonl"
_NAME = re.compile(r"\w[\w.-]*")


def import_(  # noqa: PLR0913, PLR0917 - one parameter an option
    src: Annotated[
        Path,
        typer.Argument(metavar="SRC", help="What the tool exported: a file or an unpacked folder.", show_default=False),
    ],
    form: Annotated[Format, typer.Option("--format", help="Of SRC.", show_default=False)],
    name: Annotated[str, typer.Option(metavar="NAME", help="Of the data set.", show_default=False)],
    pictures: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the pictures lie, if not beside SRC as the tool exports them."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the manifest goes; datasets/NAME when left out.")
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="OLD=NEW", help="Rename a class of SRC; `OLD=` drops it, and says how many boxes. Repeat."
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,…", help="The classes, in this order; a box of another is a fault. Those of SRC if left out."
        ),
    ] = None,
    licence: Annotated[str, typer.Option(metavar="TEXT", help="Under which the pictures may be used.")] = "not stated",
    source: Annotated[str | None, typer.Option(metavar="TEXT", help="Where they are from; SRC if left out.")] = None,
    group: Annotated[
        str,
        typer.Option(
            metavar="RULE",
            help="What was taken together, so that no split cuts through it: `clip` (name without its frame number), "
            "`folder`, `name` (each picture alone), or a regular expression on the path whose first group it is.",
        ),
    ] = "clip",
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Bring in what a labelling tool exported: writes a manifest that points at the pictures.

    The pictures stay where they are. Each is opened and each box checked; what is wrong is counted in a table
    and listed, with picture, place, what was found and what is allowed, in `faults.jsonl` beside the manifest.
    Importing again over the same name keeps the splits of the pictures that are still there.
    Exit code 1 if nothing in SRC can be used.

    Example: `lookout dataset import export/ --format cvat --name yard --licence "own footage" --map helmet=hard_hat`
    """
    from pipelines.retraining.data.dataset import save_dataset
    from pipelines.retraining.data.formats.grouping import grouping
    from pipelines.retraining.data.formats.intake import Intake
    from pipelines.retraining.data.formats.table import read

    if not _NAME.fullmatch(name):
        raise DatasetError(f"--name: found {name!r}, allowed are letters, digits and . _ - as of a folder")
    intake = Intake(
        name=name,
        mapping=_mapping(mapping or []),
        classes=tuple(word.strip() for word in classes.split(",") if word.strip()) if classes else (),
        licence=licence,
        source=source or src.name,
        group=grouping(group),
    )
    people = Console(stderr=True)
    imported = read(form.value, src, pictures, intake, _bar(people))
    folder = out or Path("datasets") / name
    if imported.dataset.pictures:
        save_dataset(_with_splits_of_before(imported.dataset, folder, people), folder, imported.root)
    _list_faults(imported, folder)
    if json:
        typer.echo(json_format.dumps(_record(imported, folder), ensure_ascii=False, indent=2))
    else:
        _show(imported, folder)
    if not imported.dataset.pictures:
        raise typer.Exit(1)


def _mapping(pairs: list[str]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        old, equals, new = pair.partition("=")
        if not old.strip() or not equals:
            raise DatasetError(f"--map: found {pair!r}, allowed is OLD=NEW, or OLD= to drop a class")
        mapping[old.strip()] = new.strip()
    return mapping


def _bar(people: Console) -> Any:
    def progress(sheets: Sequence[Any]) -> Iterable[Any]:
        return track(sheets, "Opening the pictures", console=people, transient=True, disable=not people.is_terminal)

    return progress


def _with_splits_of_before(new: Dataset, folder: Path, people: Console) -> Dataset:
    """What was split before stays in its split; what is gone since is said."""
    from pipelines.retraining.data.dataset import CARD, load_dataset
    from pipelines.retraining.harvests.renewal import renewed

    if not (folder / CARD).is_file():
        return new
    renewal = renewed(load_dataset(folder, gone=True), new)
    if renewal.kept:
        people.print(f"{renewal.kept} pictures keep the split they had")
    if renewal.gone:
        people.print(f"{renewal.gone} pictures of the data set before are no longer in it", style="yellow")
    return renewal.dataset


def _list_faults(imported: Imported, folder: Path) -> None:
    path = folder / FAULTS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{fault.line()}\n" for fault in imported.faults), encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"{path}: can not be written: {error.strerror}") from error


def _record(imported: Imported, folder: Path) -> dict[str, Any]:
    from pipelines.retraining.data.formats.faults import by_kind

    return {
        "name": imported.dataset.name,
        "folder": str(folder),
        **contents(imported.dataset),
        "dropped": dict(imported.dropped),
        "emptied": imported.emptied,
        "faults": [
            {"what": what, "outcome": outcome, "count": count, "first": f"{first.place}: {first.found}"}
            for what, outcome, count, first in by_kind(imported.faults)
        ],
    }


def _show(imported: Imported, folder: Path) -> None:
    record = _record(imported, folder)
    console = Console()
    if record["faults"]:
        table = Table("Fault", "Count", "What became of it")
        table.add_column("The first", overflow="fold")
        for fault in record["faults"]:
            table.add_row(*(escape(str(fault[key])) for key in ("what", "count", "outcome", "first")))
        console.print(table)
        _say(console, f"All {len(imported.faults)} are listed in {folder / FAULTS}.")
    for name, count in imported.dropped.items():
        _say(console, f"Class {name} dropped: {count} boxes.")
    if imported.emptied:
        _say(console, f"{imported.emptied} pictures have no box left by that: they are negatives now.")
    if not record["pictures"]:
        _say(console, "Nothing can be used; no manifest was written.")
        return
    _say(console, f"{record['pictures']} pictures ({record['negatives']} without a box) in {record['groups']} groups.")
    _say(console, f"Splits: {', '.join(f'{split} {count}' for split, count in record['splits'].items())}.")
    _say(console, f"Boxes: {', '.join(f'{name} {count}' for name, count in record['boxes'].items())}.")
    if record["negatives"] == record["pictures"]:
        _say(console, "There is no box at all: are the pictures labelled?")
    _hint(console, record["pictures"], record["groups"])
    if imported.dataset.licence == "not stated":
        _say(console, "The licence is not stated; say it with --licence before a model is trained on these.")
    _say(console, f"Written to {folder}.")


def _hint(console: Console, pictures: int, groups: int) -> None:
    """What a person should know before a split is made."""
    if groups == 1 and pictures > 1:
        _say(console, "All pictures are one group, which no split can cut: say with --group what was taken together.")
    elif groups == pictures > 1:
        _say(console, "Each picture is a group of its own: if some were taken together, say so with --group.")


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
