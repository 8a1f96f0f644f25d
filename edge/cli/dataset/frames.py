"""`lookout dataset frames`."""

from __future__ import annotations

import hashlib
import json as json_format
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from calibration.errors import DatasetError, SourceError
from edge.evidence.picture import save_picture
from edge.sources import Pace, open_source

if TYPE_CHECKING:
    from pipelines.frame import Frame
    from pipelines.retraining.data.dataset import Dataset, Picture
    from pipelines.retraining.data.footage import Taken

_UNREADABLE = 2


def frames(
    videos: Annotated[list[Path], typer.Argument(metavar="VIDEO…", help="Recordings.", show_default=False)],
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Pictures and manifest; clips that are new are added.", show_default=False),
    ],
    per_minute: Annotated[
        float, typer.Option(min=0.1, max=300, help="At most so many frames a minute of footage.")
    ] = 12.0,
    classes: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,…", help="What is going to be labelled: for the labelling set-up that export writes."
        ),
    ] = None,
    licence: Annotated[str, typer.Option(metavar="TEXT", help="Under which the footage may be used.")] = "not stated",
    source: Annotated[str, typer.Option(metavar="TEXT", help="Where it is from.")] = "footage",
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Take pictures to label out of footage: at scene changes and where the prefilter sees something happen.

    Each is DIR/CLIP_TIME.jpg with the seconds from the clip's start; near-identical ones are left out, and each
    clip is a group that no split cuts through. The manifest has no boxes yet: export it to a labelling tool, label,
    and import what comes back. Exit code 2 if a clip can not be read; the others are still done.

    Example: `lookout dataset frames monday.mp4 tuesday.mp4 --out yard --classes fire,smoke --licence "own footage"`
    """
    from pipelines.retraining.data.dataset import Dataset, save_dataset

    names = _names(videos)
    before = _before(out)
    wanted = tuple(word.strip() for word in classes.split(",") if word.strip()) if classes else before.classes
    kept = _without(before, set(names.values()))
    told: dict[str, Counter[str]] = {}
    broken = False
    for video, clip in names.items():
        told[clip] = Counter()
        try:
            for taken in _taken(video, clip, per_minute):
                kept.append(_saved(taken, clip, out))
                told[clip][taken.reason] += 1
        except SourceError as error:
            broken = True
            Console(stderr=True).print(f"lookout: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
    if kept:
        save_dataset(Dataset(out.resolve().name, wanted, (), licence, source, tuple(kept)), out, out)
    _tell(told, out, json=json)
    if broken:
        raise typer.Exit(_UNREADABLE)


def _names(videos: list[Path]) -> dict[Path, str]:
    """A name for each clip: the file's, with its folder's before it where two files have the same."""
    often = Counter(video.stem for video in videos)
    names = {
        video: video.stem if often[video.stem] == 1 else f"{video.resolve().parent.name}-{video.stem}"
        for video in videos
    }
    twice = [name for name, count in Counter(names.values()).items() if count > 1]
    if twice:
        raise DatasetError(f"VIDEO: two clips would both be called {', '.join(twice)}; rename one, or give it once")
    return names


def _before(out: Path) -> Dataset:
    """What the folder holds already; an empty data set for a new one."""
    from pipelines.retraining.data.dataset import CARD, Dataset, load_dataset

    if not (out / CARD).is_file():
        return Dataset(out.name, (), (), "", "", ())
    before = load_dataset(out)
    if any(len(picture.labels) for picture in before.pictures):
        raise DatasetError(f"{out}: holds a data set with labels; frames go to a folder of their own")
    return before


def _without(before: Dataset, clips: set[str]) -> list[Picture]:
    """The pictures of other clips; those of these clips are deleted, since they are taken anew."""
    for picture in before.pictures:
        if picture.group in clips:
            picture.path.unlink()
    return [picture for picture in before.pictures if picture.group not in clips]


def _taken(video: Path, clip: str, per_minute: float) -> Iterator[Taken]:
    from pipelines.retraining.data.footage import worth_labelling

    yield from worth_labelling(_played(video, clip), per_minute)


def _played(video: Path, clip: str) -> Iterator[Frame]:
    """Every frame, with how far it is shown where somebody is watching."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(video.name, total=None)
        for frame in open_source(clip, str(video), pace=Pace.FAST, keep_s=0.0).frames():
            bar.update(task, description=f"{video.name} {frame.time_s:.0f} s")
            yield frame


def _saved(taken: Taken, clip: str, out: Path) -> Picture:
    from pipelines.retraining.data.dataset import Labels, Picture

    frame = taken.frame
    path = out / f"{clip}_{frame.time_s:07.2f}s.jpg"
    save_picture(frame.bgr(), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Picture(path, digest, frame.width, frame.height, clip, None, Labels.none())


def _tell(told: dict[str, Counter[str]], out: Path, *, json: bool) -> None:
    if json:
        clips = {clip: dict(counts) for clip, counts in told.items()}
        typer.echo(json_format.dumps({"folder": str(out), "clips": clips}, ensure_ascii=False, indent=2))
        return
    from pipelines.retraining.data.footage import Reason

    table = Table("Clip", *Reason, "Pictures")
    for clip, counts in told.items():
        table.add_row(clip, *(str(counts[reason]) for reason in Reason), str(counts.total()))
    console = Console()
    console.print(table)
    console.print(f"Written to {out}.", markup=False, highlight=False, soft_wrap=True)
