"""`lookout inspect`."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from calibration.errors import ConfigError, SourceError
from edge.agent.ids import Uuid7
from edge.evidence.film import Film
from edge.model_store import ModelStore
from edge.replay import (
    Gatherer,
    Record,
    Replay,
    Step,
    Summary,
    draw,
    event_record,
    plans_from_rules,
    plans_from_site,
    summary_record,
)
from edge.replay.plans import ReplayPlan, usual_rules
from edge.sources import Pace, open_source
from edge.sources.drill import Drill
from pipelines.events import Condition, Event
from pipelines.watch import Inspection

if TYPE_CHECKING:
    from edge.batch.job import Settings

_UNREADABLE = 2


def inspect(  # noqa: C901, PLR0913, PLR0917 - one parameter an option
    videos: Annotated[list[str], typer.Argument(metavar="VIDEO…", help="Recordings or folders of pictures.")],
    site: Annotated[Path | None, typer.Option(metavar="SITE.yaml", help="Zones and rules of a site.")] = None,
    source: Annotated[str | None, typer.Option(help="Which source of the site; needed if it has several.")] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--models", metavar="DIR", help="A folder of model folders, before the installed ones."),
    ] = None,
    rules: Annotated[
        str | None,
        typer.Option(
            metavar="a,b", help="Exactly these rules; fire,smoke and, given a pose model, person_down if left out."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON lines on standard output, and nothing else.")] = False,
    annotate: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write each clip there again, with what was seen drawn in.")
    ] = None,
    harvest: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep frames to learn from there, for `lookout dataset harvest DIR`."),
    ] = None,
    lang: Annotated[str, typer.Option(help="Language of hazards: en or zh.")] = "en",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Inspect all recordings below a folder into there; goes on where it stopped. With --engine: results.",
        ),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="Who goes through a folder: plain, or ray for many cores or machines.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Of --engine ray: how many at a time; all cores if left out."),
    ] = None,
    address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Of --engine ray: a cluster; this machine if left out.")
    ] = None,
) -> None:
    """Run the same pipeline over recorded footage, as fast as it goes.

    Exit code 0 whatever it finds, 2 if a clip can not be read; the others are still done.

    With --out or --engine an archive is gone through: every recording below a folder, `results.jsonl` and, with the
    extra `batch`, `results.parquet`. Stopped or killed, the same command goes on where it was.

    Example: `lookout inspect patrol.mp4 gate.mp4 --rules fire,smoke --json`
    """
    if lang not in {"en", "zh"}:
        raise ConfigError([f"--lang {lang}: allowed: en, zh"])
    if out is None and engine is not None:
        out = Path("results")
    if out is not None:
        from edge.cli._archive import How, inspect_archive

        if len(videos) != 1:
            raise ConfigError(["--out: takes one folder of recordings"])
        how = How(engine or "plain", workers, address)
        inspect_archive(Path(videos[0]), out, _settings(site, source, rules, folder), how)
        return
    plan = _plan(site, source, rules, ModelStore.installed(folder))
    if annotate is not None:
        annotate.mkdir(parents=True, exist_ok=True)
    gatherer = Gatherer(harvest, plan.watch) if harvest is not None else None
    unreadable = False
    for video in videos:
        try:
            replay = _replay(video, plan)
            for step in _shown(video, replay, plan, annotate, lang):
                if gatherer is not None:
                    gatherer.see(step)
                for event in step.events:
                    _tell(event_record(video, event)) if json else _say(video, event, lang)
        except SourceError as error:
            unreadable = True
            Console(stderr=True).print(f"[red]lookout: {error}", highlight=False, soft_wrap=True)
            continue
        _tell(_closing(video, replay.summary)) if json else _conclude(video, replay.summary)
    if gatherer is not None:
        Console(stderr=True).print(f"{gatherer.kept} frames kept in {harvest}", highlight=False, soft_wrap=True)
    if unreadable:
        raise typer.Exit(_UNREADABLE)


def _settings(site: Path | None, source: str | None, rules: str | None, models: Path | None) -> Settings:
    from edge.batch.job import Settings

    return Settings(
        str(site.absolute()) if site is not None else None,
        source,
        None if rules is None else tuple(name.strip() for name in rules.split(",") if name.strip()),
        str(models.absolute()) if models is not None else None,
    )


def _plan(site: Path | None, source: str | None, rules: str | None, store: ModelStore) -> ReplayPlan:
    names = None if rules is None else [name.strip() for name in rules.split(",") if name.strip()]
    if site is not None:
        return plans_from_site(site, source, names, store)
    return plans_from_rules(usual_rules(store) if names is None else names, store)


def _replay(video: str, plan: ReplayPlan) -> Replay:
    drill = plan.source.drill if plan.source is not None else None
    footage = open_source(Path(video).stem or video, video, pace=Pace.FAST, keep_s=0.0)
    return Replay(footage, plan.watch, Uuid7(), Drill(drill) if drill is not None else None)


def _shown(video: str, replay: Replay, plan: ReplayPlan, annotate: Path | None, lang: str) -> Iterator[Step]:
    """Each analysed frame, with a progress bar where somebody is watching, and drawn into a film if wanted."""
    active: dict[str, Event] = {}
    seen: Inspection | None = None
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with ExitStack() as stack:
        bar = stack.enter_context(Progress(*columns, console=console, transient=True, disable=not console.is_terminal))
        task = bar.add_task(Path(video).name, total=None)
        film: Film | None = None
        for step in replay.steps():
            bar.update(task, description=f"{Path(video).name} {step.frame.time_s:.0f} s")
            active |= {event.incident: event for event in step.events}
            active = {key: event for key, event in active.items() if event.condition is Condition.ACTIVE}
            seen = step.inspection or seen
            if annotate is not None:
                target = annotate / f"{Path(video).stem}.mp4"
                film = film or stack.enter_context(Film(target, plan.watch.analysis_fps))
                film.add(draw(step, seen, active.values(), plan.watch.zones.values(), lang))
            yield step


def _closing(clip: str, summary: Summary) -> Record:
    return {**summary_record(clip, summary), "wall_s": round(summary.wall_s, 3)}


def _tell(record: dict[str, object]) -> None:
    typer.echo(json_format.dumps(record, ensure_ascii=False))


def _say(clip: str, event: Event, lang: str) -> None:
    where = f" in {event.zone}" if event.zone else ""
    mark = " DRILL" if event.drill else ""
    typer.echo(
        f"{Path(clip).name}  {event.time_s:7.1f} s  {event.phase:<8}{event.kind.title(lang)}{where}"
        f"  score {event.score:.2f}, first seen {event.first_seen_s:.1f} s{mark}"
    )


def _conclude(clip: str, summary: Summary) -> None:
    pace = summary.media_s / summary.wall_s if summary.wall_s else 0.0
    incidents = f"{summary.incidents} incident{'s' * (summary.incidents != 1)}"
    typer.echo(
        f"{Path(clip).name}  {incidents} in {summary.media_s:.1f} s of footage; "
        f"{summary.frames} frames, {summary.inspected} inspected, {pace:.1f} times real time"
    )
