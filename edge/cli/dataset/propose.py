"""`lookout dataset propose`."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track

from calibration.errors import DatasetError
from edge.cli.dataset._footage import footage_of
from edge.cli.dataset._options import folder_of

if TYPE_CHECKING:
    from pipelines.retraining.data.dataset import Dataset
    from pipelines.retraining.proposals.distil import Seen, Tally
    from pipelines.retraining.proposals.looking import Eye, Footage


def propose(  # noqa: PLR0913, PLR0917 - one parameter an option
    teacher: Annotated[Path, typer.Option(metavar="WEIGHTS.pt", help="An Ultralytics detection or pose checkpoint.")],
    data: Annotated[
        list[str],
        typer.Option(metavar="SET", help="A YOLO folder with data.yaml, or a data set's folder or name. Repeat."),
    ],
    name: Annotated[str, typer.Option(metavar="NAME", help="Of the plan that is made.")],
    classes: Annotated[str, typer.Option(metavar="A,B,…", help="The classes wanted, by the teacher's names.")],
    root: Annotated[
        list[Path], typer.Option(metavar="DIR", help="Sources are named from here, on any machine. Repeat.")
    ],
    threshold: Annotated[float, typer.Option(help="Confidence from which a proposal is a label.")] = 0.5,
    low: Annotated[float, typer.Option(help="Confidence under which it is nothing; between the two, doubtful.")] = 0.25,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="OLD=NEW", help="Take the teacher's OLD for class NEW. Repeat.")
    ] = None,
    hand: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OLD=A|B",
            help="What a class labelled by hand is here: `Person=person`; one of several, as the teacher says: "
            "`vehicle=car|truck`; none of them: `machinery=`. Repeat.",
        ),
    ] = None,
    witness: Annotated[
        Path | None, typer.Option(metavar="WEIGHTS.pt", help="A second teacher: what it alone sees is doubtful.")
    ] = None,
    footage: Annotated[
        list[str] | None, typer.Option(metavar="VIDEO:FIRST-LAST:STEP", help="Frames of a video too. Repeat.")
    ] = None,
    least: Annotated[int, typer.Option(help="A class with fewer boxes to train on is dropped.")] = 30,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="datasets/NAME when left out.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Have a teacher propose labels for pictures: writes a plan, which `lookout dataset render` makes pictures of.

    The teacher looks at each picture as it is and mirrored; what both looks agree on is believed. What is doubtful
    is neither label nor background: its place is painted grey, and a picture that would be mostly grey is left out.
    Labels made by hand win. Splits named val or test stay apart as val, and what is near them is left out.
    Needs ultralytics (`pip install 'lookout-agent[train]'`). Look the result over before it is trained on.

    Example: `lookout dataset propose --teacher big.pt --data yard --classes person,car --root .. --name people`
    """
    from pipelines.retraining.proposals.derive import Plan, save_plan
    from pipelines.retraining.proposals.distil import distil
    from pipelines.retraining.proposals.looking import Eye, kept_together
    from pipelines.retraining.proposals.propose import Limits
    from pipelines.retraining.proposals.teacher import Teacher

    people = Console(stderr=True)
    if not 0 < low <= threshold < 1:
        raise DatasetError(f"--low {low} --threshold {threshold}: expected 0 < low <= threshold < 1")
    wanted = tuple(word.strip() for word in classes.split(",") if word.strip())
    films = [footage_of(text) for text in footage or []]
    sets, near = kept_together([_dataset(word) for word in data])
    renamed = _pairs("--map", mapping or [])
    first = Teacher(teacher)
    eye = Eye(
        teacher=first,
        wanted={one: one for one in wanted if one not in renamed.values() or one in first.classes} | renamed,
        classes=wanted,
        hand={old: tuple(new.split("|")) if new else () for old, new in _pairs("--hand", hand or []).items()},
        witness=Teacher(witness) if witness is not None else None,
    )
    _check(eye)
    seen = list(_looked(sets, films, root, eye, people))
    pictures, kept, tally = distil(seen, wanted, Limits(threshold, low), least)
    plan = Plan(
        name=name,
        classes=kept,
        keypoints=eye.teacher.keypoints,
        licence="; ".join(dict.fromkeys(one.licence for one in sets)),
        source="; ".join([*(one.source for one in sets), *(film.path.name for film in films)]),
        teacher=f"{teacher.name} at 640 px and mirrored; sure from {threshold}, doubtful from {low}",
        pictures=pictures,
    )
    folder = out or Path("datasets") / name
    save_plan(plan, folder)
    if json:
        typer.echo(json_format.dumps({"folder": str(folder), "near_val": near, **asdict(tally)}, indent=2))
    else:
        _show(folder, tally, near)


def _dataset(word: str) -> Dataset:
    from pipelines.retraining.data.dataset import load_dataset
    from pipelines.retraining.data.formats import yolo

    folder = folder_of(word)
    return yolo.read(folder).dataset if (folder / yolo.CONFIG).is_file() else load_dataset(folder)


def _pairs(option: str, words: list[str]) -> dict[str, str]:
    pairs = {}
    for word in words:
        old, equals, new = word.partition("=")
        if not old.strip() or not equals:
            raise DatasetError(f"{option}: found {word!r}, expected OLD=NEW")
        pairs[old.strip()] = new.strip()
    return pairs


def _check(eye: Eye) -> None:
    """Every name used is one that is there."""
    known = eye.teacher.classes
    faults = [f"--classes, --map: the teacher has no class {name!r}" for name in eye.wanted if name not in known]
    into = [*eye.wanted.values(), *(name for names in eye.hand.values() for name in names)]
    mine = ", ".join(eye.classes)
    faults += [f"--map, --hand: {name!r} is none of --classes {mine}" for name in into if name not in eye.classes]
    if faults:
        raise DatasetError("\n".join(dict.fromkeys(faults)))


def _looked(
    sets: Iterable[Dataset], films: Iterable[Footage], roots: list[Path], eye: Eye, people: Console
) -> Iterator[Seen]:
    from pipelines.retraining.proposals.looking import see, see_footage

    for one in sets:
        total = len(one.pictures)
        yield from track(see(one, roots, eye), f"Looking at {one.name}", total, console=people, transient=True)
    for film in films:
        yield from see_footage(film, roots, eye)


def _show(folder: Path, tally: Tally, near: int) -> None:
    boxes = ", ".join(f"{name} {count}" for name, count in tally.boxes.items())
    typer.echo(f"{folder}: pictures: {tally.pictures}; boxes: {boxes}")
    typer.echo(f"Doubtful places painted grey: {tally.places}, in pictures: {tally.painted}.")
    typer.echo(f"Left out, mostly or only grey: {tally.left_out}.")
    typer.echo(f"Near a picture kept for the last score, left out: {near}.")
    for name, count in tally.scarce.items():
        typer.echo(f"Class {name} dropped; boxes to train on: {count}.")
