"""`lookout dataset render`."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from edge.cli.dataset._footage import frames_of
from edge.cli.dataset._options import contents, folder_of


def render(
    name: Annotated[str, typer.Argument(metavar="PLAN", help="A folder with plan.yaml, or a name below datasets/.")],
    root: Annotated[
        list[Path],
        typer.Option(metavar="DIR", help="Where the plan's sources lie. Repeat: the first that has one is taken."),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the pictures go, with labels and manifest.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a line.")] = False,
) -> None:
    """Make the pictures of a plan from their sources, in YOLO's layout: ready to train on.

    A plan says of each picture which source it is cut from, how it is turned and painted, and what is to be seen in
    it; so the set can be made again wherever the sources are. Sources are known by their digest.

    Example: `lookout dataset render people-pose --root ../shared/data --out /tmp/people-pose`
    """
    from pipelines.retraining.proposals.derive import load_plan
    from pipelines.retraining.proposals.render import write_set

    people = Console(stderr=True)

    def progress(pictures: Sequence[Any]) -> Iterable[Any]:
        return track(pictures, "Making the pictures", console=people, transient=True)

    dataset = write_set(load_plan(folder_of(name)), root, out, frames_of, progress)
    record = {"folder": str(out), **contents(dataset)}
    if json:
        typer.echo(json_format.dumps(record, ensure_ascii=False, indent=2))
        return
    splits = ", ".join(f"{split} {count}" for split, count in record["splits"].items())
    boxes = ", ".join(f"{name} {count}" for name, count in record["boxes"].items())
    typer.echo(f"{out}: pictures: {record['pictures']} ({splits}); boxes: {boxes}")
