"""`lookout dataset check`."""

from __future__ import annotations

import json as json_format
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge.cli.dataset._leaks import leak_record, opened, parts_among, show_leaks
from edge.cli.dataset._options import folder_of

if TYPE_CHECKING:
    from pipelines.retraining.data.dataset import Dataset
    from pipelines.retraining.data.statistics import Range, SplitFigures


def check(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME_OR_DIR", help="A data set below datasets/, or its folder.", show_default=False),
    ],
    sheets: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write contact sheets there as PNG: samples, extremes, repeats, leaks."),
    ] = None,
    parts: Annotated[
        bool,
        typer.Option(
            "--parts", help="Look for parts of pictures, too, as in mosaics: minutes for a thousand pictures."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Count what is in a data set, and prove that nothing leaks from one split into another.

    Every picture is opened. A leak is a file, a group (clip, camera, day) or near-duplicates, mirrored ones too, in
    two splits: a model trained on one would be praised for remembering the other. `--parts` looks for parts of
    pictures too, as mosaics have them. Exit code 1 if there is a leak; `lookout dataset split NAME --withhold` takes
    the leaking pictures out of use.

    Example: `lookout dataset check yard --sheets /tmp/yard`
    """
    from pipelines.retraining.data.dataset import load_dataset
    from pipelines.retraining.data.duplicates import near_pairs
    from pipelines.retraining.data.groups import alike
    from pipelines.retraining.data.leakage import leaks_among, used_in
    from pipelines.retraining.data.sheets import write_sheets
    from pipelines.retraining.data.statistics import statistics

    dataset = load_dataset(folder_of(name))
    people = Console(stderr=True)
    hashes = opened(dataset.pictures, people)
    pairs = near_pairs(hashes)
    groups = alike(len(hashes), pairs)
    found = parts_among(dataset.pictures, [used_in(picture) for picture in dataset.pictures], people) if parts else None
    leaks = leaks_among(dataset.pictures, pairs, found)
    figures = statistics(dataset, groups)
    notes = _notes(dataset, figures)
    written = write_sheets(dataset, hashes, groups, leaks, sheets) if sheets is not None else ()
    if json:
        record = {
            "name": dataset.name,
            "pictures": len(dataset.pictures),
            "near_duplicate_pairs": len(pairs),
            "splits": {split: asdict(of_split) for split, of_split in figures.items()},
            "leaks": [leak_record(leak) for leak in leaks],
            "notes": notes,
            "sheets": [str(path) for path in written],
        }
        typer.echo(json_format.dumps(record, ensure_ascii=False, indent=2))
    else:
        console = Console()
        _show(figures, console)
        for note in notes:
            console.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)
        if written:
            text = f"{len(written)} contact sheets in {sheets}"
            console.print(text, markup=False, highlight=False, soft_wrap=True)
        if leaks:
            show_leaks(leaks, console)
        elif len(dataset.splits) > 1:
            console.print("[green]No leak between splits.")
    if leaks:
        raise typer.Exit(1)


def _notes(dataset: Dataset, figures: Mapping[str, SplitFigures]) -> list[str]:
    """What is no fault, and worth knowing before a night of training."""
    from pipelines.retraining.data.leakage import WITHHELD

    notes = []
    if not dataset.splits:
        notes.append("nothing is split yet: lookout dataset split")
    for split, of_split in figures.items():
        if split == WITHHELD:
            continue
        missing = [name for name, of_class in of_split.classes.items() if not of_class.boxes]
        if missing:
            notes.append(f"{split}: no box of {', '.join(missing)}")
        if not of_split.empty:
            notes.append(f"{split}: no picture without a box; false alarms are neither unlearnt nor measured")
        if of_split.alike < of_split.pictures / 2:
            notes.append(
                f"{split}: {of_split.pictures} pictures, of which {of_split.alike} differ; "
                f"{of_split.most_alike} are alike in the largest group"
            )
    return notes


def _show(figures: Mapping[str, SplitFigures], console: Console) -> None:
    from pipelines.retraining.data.statistics import LARGE_PX, SMALL_PX

    for split, of_split in figures.items():
        console.print(
            f"{split}: {of_split.pictures} pictures, {of_split.empty} without a box, {of_split.groups} groups; "
            f"{of_split.alike} differ, at most {of_split.most_alike} are alike; "
            f"{_middle(of_split.width, '.0f')} × {_middle(of_split.height, '.0f')} px",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
        table = Table("Class", "Boxes", "Pictures", "Small", "Medium", "Large", "Side", "Width : height")
        for name, of_class in of_split.classes.items():
            counts = of_class.boxes, of_class.pictures, of_class.small, of_class.medium, of_class.large
            table.add_row(
                escape(name), *map(str, counts), _middle(of_class.side, ".0%"), _middle(of_class.aspect, ".2f")
            )
        console.print(table)
    text = (
        f"Small: under {SMALL_PX}² px, large: from {LARGE_PX}² px on. Side: of a square of the box's size, in shares "
        "of the picture's. Sizes and shapes are medians; --json has the 5th and 95th percentiles."
    )
    console.print(text, highlight=False)


def _middle(values: Range | None, form: str) -> str:
    return "–" if values is None else format(values[1], form)
