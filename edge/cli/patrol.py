"""`lookout patrol`."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from calibration.errors import ConfigError
from edge.config.mission import LiveSettings, Mission, load_mission
from edge.model_store import ModelStore

if TYPE_CHECKING:
    from edge.patrol.findings import Findings
    from pipelines.detect import Detector


def patrol(
    mission: Annotated[
        Path | None, typer.Argument(metavar="MISSION.yaml", help="What the patrol was for.", show_default=False)
    ] = None,
    footage: Annotated[list[Path] | None, typer.Option(metavar="FILE…", help="Recordings, in any order.")] = None,
    telemetry: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE…", help="Their telemetry; the file beside each if left out."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="For report.html and patrol.geojson.")] = Path("patrol"),
    models: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder of model folders, before the installed ones.")
    ] = None,
) -> None:
    """Look through what a drone has brought home: which hazards, where, and what was not looked at.

    Recordings that the drone has split are one flight: they are taken in the order of their names. The report is one
    HTML file with a map, pictures and positions with their accuracy, which needs no internet.

    Without `--footage` the patrol is watched while it is under way, as the mission's `live` says: hazards go to the
    broker as they are seen, what can not be sent is kept until it can, and Ctrl-C ends it with the report.

    Exit code 0 whatever it finds; 2 if the mission or a model can not be used, or no footage could be read.

    Example: `lookout patrol --footage *.MP4 --telemetry *.SRT --out patrol`
    """
    from edge.agent.bearings import terrain_of
    from edge.patrol.survey import Survey, pair

    wanted = load_mission(mission) if mission is not None else Mission()
    store = ModelStore.installed(models)
    if not footage:
        if wanted.live is None:
            raise ConfigError(["--footage: which recordings? To watch a patrol under way, its mission says `live`"])
        _fly(wanted, wanted.live, store, out)
    terrain = terrain_of(wanted.terrain)
    detector = _detector(wanted, store)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        survey = Survey(detector, wanted, lambda seconds: bar.update(task, description=f"{seconds:.0f} s"), terrain)
        for leg in pair(footage, telemetry or []):
            survey.fly(leg)
    findings = survey.findings
    for fault in findings.faults:
        console.print(f"lookout: {fault}", markup=False)
    if not findings.looks:
        raise ConfigError(["no footage could be read"])
    _report(findings, wanted, out)


def _report(findings: Findings, mission: Mission, out: Path) -> None:
    from edge.patrol.report import write_report

    page = write_report(findings, mission, out)
    for place in findings.places.believed:
        long, short, _ = place.point.ellipse
        typer.echo(
            f"{place.kind}  {place.latitude_deg:.6f}, {place.longitude_deg:.6f}  ±{long:.0f} × {short:.0f} m  "
            f"{place.count} sightings"
        )
    for stretch in findings.without_place:
        best = stretch.best
        toward = "" if best.bearing_deg is None else f", toward {best.bearing_deg:.0f}°"
        typer.echo(f"{stretch.kind}  without a position: {best.reason}{toward}  {stretch.count} sightings")
    hazards = len(findings.places.believed) + len(findings.without_place)
    typer.echo(f"{hazards} hazards, {findings.cover.area()[1] / 10_000:.2f} ha: {page}")


def _fly(mission: Mission, live: LiveSettings, store: ModelStore, out: Path) -> NoReturn:
    """Watch until Ctrl-C, or until a recording has ended and all that it gave is delivered."""
    from edge.agent.agent import Agent
    from edge.agent.supervisor import Ending
    from edge.cli.run import end_on_signals, leave, start_afresh
    from edge.footprint import keep_small
    from edge.patrol.live import SOURCE, LiveLog, site_of
    from edge.patrol.report import Logbook

    keep_small()
    stop, watching = threading.Event(), threading.Event()
    end_on_signals(stop, watching)
    site = site_of(mission, live, _name_of_model(mission, store))
    with Agent(site, site.agent.data, store=store) as agent:
        track = agent.readers[SOURCE].track
        if track is None:
            raise ConfigError(["live: the telemetry can not be opened"])
        seen = LiveLog(mission, track, track.terrain)
        agent.observer = seen.take
        watching.set()
        with Logbook(seen.so_far, mission, out):
            ending = agent.run(stop, until_end=True)
    seen.settle()
    seen.findings.faults += [f"telemetry: {count} messages left out: {why}" for why, count in track.left_out.items()]
    seen.findings.faults += [track.error] if track.error is not None else []
    if ending is Ending.RESTART:
        _report(seen.findings, mission, out / "before-restart")
        start_afresh()
    _report(seen.findings, mission, out)
    leave(0)


def _name_of_model(mission: Mission, store: ModelStore) -> str:
    """The one that the mission names, or the first that sees all it looks for."""
    if mission.model is not None:
        missing = [hazard for hazard in mission.hazards if hazard not in store.load(mission.model).card.sees]
        if missing:
            raise ConfigError([f"model {mission.model}: does not see {', '.join(missing)}"])
        return mission.model
    for state in store.list():
        if state.card is not None and state.fault is None and set(mission.hazards) <= set(state.card.sees):
            return state.name
    raise ConfigError([f"no installed model sees {' and '.join(mission.hazards)}"])


def _detector(mission: Mission, store: ModelStore) -> Detector:
    from pipelines.detect import Detector

    model = store.load(_name_of_model(mission, store))
    return Detector(model.card, model.weights)
