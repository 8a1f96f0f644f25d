"""`lookout drill`."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table

from calibration.errors import ConfigError, EvidenceError
from edge.agent.opening import open_as_set
from edge.config import load_site
from edge.config.drill import AnyDrillItem, DrillSettings
from edge.evidence.clip import write_clip
from edge.evidence.picture import SUFFIXES, save_picture
from edge.evidence.ring import PacketRing
from edge.model_store import ModelStore
from edge.sources import Pace, Source, open_source
from edge.sources.drill import Drill
from pipelines.detect import Detector
from pipelines.frame import Frame

_MOST_S = 600
_RING_S = _MOST_S + 10.0
_RING_BYTES = 512 * 2**20
_SCORED_EVERY_S = 0.5


class Kind(StrEnum):
    """What can be drawn."""

    FIRE = "fire"
    SMOKE = "smoke"
    OBSTACLE = "obstacle"


def drill(  # noqa: PLR0913, PLR0917 - one argument for each option of the command
    where: Annotated[
        str,
        typer.Argument(
            metavar="SITE.yaml|SOURCE",
            help="A site with drills, or a camera, a recording or a picture.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write: .mp4 a clip, .jpg or .png its last picture.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Which source of the site; its first with a drill.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="What to draw onto a source; nothing if left out.")] = None,
    at: Annotated[
        tuple[float, float], typer.Option(metavar="X Y", help="Where its foot stands, in 0–1 of the picture.")
    ] = (0.5, 0.8),
    size: Annotated[float | None, typer.Option(help="Its height as a share of the picture's height.")] = None,
    seconds: Annotated[float, typer.Option(min=0.1, max=_MOST_S, help="How much of the source to use.")] = 20.0,
    scores: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Print how sure this model is of each class.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--models", metavar="DIR", help="A folder of model folders, before the installed ones."),
    ] = None,
) -> None:
    """Render a test fire, smoke or obstacle onto real footage, to look at it before it goes into a site.

    What you see is what the running agent would see. With `--scores` and no `--kind` a source is scored as it
    is: put real clips beside your drills, since a drill's scores say nothing about the quality of detection.

    Example: `lookout drill gate.mp4 --kind smoke --at 0.3 0.9 --size 0.6 --out preview.mp4 --scores fire-smoke`
    """
    if out is None and scores is None:
        raise ConfigError(["--out FILE or --scores MODEL: one of them at least"])
    settings: DrillSettings | None
    if Path(where).suffix in {".yaml", ".yml"}:
        footage, settings = _from_site(Path(where), source, folder)
    else:
        footage, settings = _open(where), _one(kind, at, size)
    rendering = Drill(settings) if settings is not None else None
    frames = _render(footage, rendering, seconds)
    last = _score(frames, scores, folder) if scores is not None else _last(frames)
    if out is not None:
        _write(out, footage, rendering, last)
        Console(stderr=True).print(f"wrote {out}", highlight=False)


def _from_site(path: Path, name: str | None, models: Path | None) -> tuple[Source, DrillSettings]:
    site = load_site(path, store=ModelStore.installed(models))
    drilled = [each for each in site.sources if each.drill is not None]
    chosen = next((each for each in drilled if name in (None, each.name)), None)
    if chosen is None or chosen.drill is None:
        allowed = ", ".join(each.name for each in drilled) or "none: no source of it has a `drill`"
        raise ConfigError([f"--source {name or ''}: has no drill, allowed: {allowed}"], str(path))
    ring = PacketRing(chosen.name, _RING_S, _RING_BYTES)
    return open_as_set(chosen, pace=Pace.FAST, ring=ring), chosen.drill


def _open(url: str) -> Source:
    still = Path(url).suffix.lower() in SUFFIXES  # one picture is shown again and again
    ring = PacketRing("drill", _RING_S, _RING_BYTES)
    return open_source("drill", url, pace=Pace.FAST, loop=still, fps=10 if still else 1, ring=ring)


def _one(kind: Kind | None, at: tuple[float, float], size: float | None) -> DrillSettings | None:
    if kind is None:
        return None
    item: dict[str, Any] = {"kind": kind.value, "at": at} | ({} if size is None else {"size": size})
    try:
        return DrillSettings(items=(TypeAdapter[AnyDrillItem](AnyDrillItem).validate_python(item),))
    except ValidationError as error:
        faults = [f"--{fault['loc'][1]}: {fault['msg']}, found {fault['input']}" for fault in error.errors()]
        raise ConfigError(faults) from error


def _render(footage: Source, rendering: Drill | None, seconds: float) -> Iterator[Frame]:
    frames = footage.frames()
    first = next(frames, None)
    if first is None:
        return
    yield first if rendering is None else rendering.render(first)
    for frame in takewhile(lambda frame: frame.time_s < first.time_s + seconds, frames):
        yield frame if rendering is None else rendering.render(frame)
    footage.close()


def _last(frames: Iterator[Frame]) -> tuple[Frame, Frame] | None:
    first = last = next(frames, None)
    for last in frames:  # noqa: B007 - the last one is what is wanted
        pass
    return None if first is None or last is None else (first, last)


def _score(frames: Iterator[Frame], model: str, folder: Path | None) -> tuple[Frame, Frame] | None:
    loaded = ModelStore.installed(folder).load(model)
    detector, classes = Detector(loaded.card, loaded.weights), loaded.card.classes
    first: Frame | None = None
    last: Frame | None = None
    rows: list[list[float]] = []
    for frame in frames:
        first, last = first or frame, frame
        if frame.time_s >= first.time_s + len(rows) * _SCORED_EVERY_S:
            seen = detector.detect(frame)
            rows.append([float(seen.confidence[seen.class_id == i].max(initial=0)) for i in range(len(classes))])
    table = Table("Class", "Pictures", "Median", "90 %", "Highest")
    for each, column in zip(classes, np.array(rows).reshape(-1, len(classes)).T, strict=True):
        figures = (np.median(column), np.quantile(column, 0.9), column.max()) if column.size else ()
        table.add_row(each.name, str(column.size), *(f"{figure:.2f}" for figure in figures))
    Console().print(table)
    return None if first is None or last is None else (first, last)


def _write(out: Path, footage: Source, rendering: Drill | None, ends: tuple[Frame, Frame] | None) -> None:
    if ends is None:
        raise EvidenceError(f"{out}: the source gave no picture")
    first, last = ends
    if out.suffix.lower() == ".mp4":
        window = footage.ring.window(first.time_s, last.time_s)
        if window is None:
            raise EvidenceError(f"{out}: nothing of the source is kept")
        write_clip(out, window, rendering.render if rendering is not None else None)
    elif out.suffix.lower() in SUFFIXES:
        save_picture(last.bgr(), out)
    else:
        raise EvidenceError(f"{out}: can not be written, allowed: .mp4, {', '.join(SUFFIXES)}")
