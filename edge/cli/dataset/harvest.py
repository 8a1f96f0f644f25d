"""`lookout dataset harvest`."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from calibration.errors import DatasetError
from edge.cli.dataset._options import contents

if TYPE_CHECKING:
    from pipelines.retraining.harvests.harvest import Harvest
    from pipelines.retraining.harvests.harvested import Made


def harvest(  # noqa: PLR0913, PLR0917 - one parameter an option
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA_DIR", help="An agent's data folder, or that of `inspect --harvest`.", show_default=False
        ),
    ],
    name: Annotated[str, typer.Option(metavar="NAME", help="Of the data set.", show_default=False)],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Its folder; datasets/NAME when left out.")] = None,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Whose classes; needed where pictures are of several models.")
    ] = None,
    licence: Annotated[str, typer.Option(metavar="TEXT", help="Under which the pictures may be used.")] = "not stated",
    trust: Annotated[
        str,
        typer.Option(metavar="A,B,…", help="Kinds of hazard of which a verdict alone says what is in the picture."),
    ] = "fire,smoke",
    negative: Annotated[
        bool,
        typer.Option(
            "--all-negative", help="You know that none of it shows what the model looks for: no boxes at all."
        ),
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Then remove from DATA_DIR what was taken; the agent may be running.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of sentences.")] = False,
) -> None:
    """Make a data set of the frames that an agent kept.

    Verdicts label pictures: a false alarm becomes one without boxes, a true one gets the incident's boxes as a
    proposal. Every other picture waits in `to-label/` as a Label Studio task with the model's boxes as predictions;
    once labelled, bring the export in with `lookout dataset import --format label-studio --pictures DIR/to-label`.
    Pictures are copied and grouped by source and day. A second harvest adds to the first.
    Exit code 1 if a kept picture could not be used.

    Example: `lookout dataset harvest lookout-data --name yard-2026 --licence "own footage"`
    """
    from pipelines.hazards import HazardKind
    from pipelines.retraining.harvests.harvest import read_harvest
    from pipelines.retraining.harvests.harvested import Wanted, make_dataset
    from pipelines.retraining.harvests.harvested import remove as remove_from

    trusted = tuple(word.strip() for word in trust.split(",") if word.strip())
    if unknown := sorted(set(trusted) - set(HazardKind)):
        raise DatasetError(f"--trust {', '.join(unknown)}: no such hazard, allowed: {', '.join(HazardKind)}")
    folder = out or Path("datasets") / name
    found = read_harvest(data)
    made = make_dataset(found, Wanted(name, folder, model, licence, trusted, negative))
    removed = remove_from(made.taken) if remove else 0
    people = Console(stderr=True)
    for fault in (*found.faults, *found.notes):
        people.print(fault, style="yellow", markup=False, highlight=False, soft_wrap=True)
    record = _record(found, made, folder, removed)
    if json:
        typer.echo(json_format.dumps(record, ensure_ascii=False, indent=2))
    else:
        _show(record)
    if found.faults:
        raise typer.Exit(1)


def _record(found: Harvest, made: Made, folder: Path, removed: int) -> dict[str, Any]:
    from pipelines.retraining.harvests.harvested import kinds

    empty = {"pictures": 0, "negatives": 0, "groups": 0, "splits": {}, "boxes": {}}
    return {
        "folder": str(folder),
        "model": made.model,
        "kept": kinds(made.taken),
        "verdicts": len(found.verdicts),
        "added": made.added,
        "taken_back": made.taken_back,
        **(contents(made.dataset) if made.dataset is not None else empty),
        "to_label": made.to_label,
        "removed": removed,
        "faults": list(found.faults),
        "notes": list(found.notes),
    }


def _show(record: dict[str, Any]) -> None:
    kinds = ", ".join(f"{why} {count}" for why, count in record["kept"].items()) or "none"
    _say(f"Kept by the agent for {record['model']}: {kinds}. Verdicts: {record['verdicts']}.")
    if record["pictures"]:
        boxes = ", ".join(f"{name} {count}" for name, count in record["boxes"].items())
        _say(
            f"{record['folder']}: {record['pictures']} labelled pictures ({record['added']} of them new, "
            f"{record['negatives']} without a box) in {record['groups']} groups. Boxes: {boxes}."
        )
    else:
        _say("No picture is labelled: no verdict settles one.")
    if record["taken_back"]:
        _say(f"{record['taken_back']} are no longer in it: their verdicts do not say any more what they show.")
    if record["to_label"]:
        _say(f"{record['to_label']} wait for a person in {record['folder']}/to-label (Label Studio tasks).")
    if record["removed"]:
        _say(f"{record['removed']} removed from the agent's folder.")


def _say(text: str) -> None:
    typer.echo(text)
