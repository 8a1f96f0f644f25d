"""`lookout patrol`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from calibration.errors import ConfigError
from edge.config.mission import Mission, load_mission
from edge.model_store import ModelStore

if TYPE_CHECKING:
    from pipelines.detect import Detector


def patrol(
    mission: Annotated[
        Path | None, typer.Argument(metavar="MISSION.yaml", help="What the patrol was for.", show_default=False)
    ] = None,
    footage: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A recording, in any order. Repeat.")
    ] = None,
    telemetry: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Its telemetry: .SRT, or .jsonl; the file beside it if left out. Repeat."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="For report.html and patrol.geojson.")] = Path("patrol"),
    models: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder of model folders, before the installed ones.")
    ] = None,
) -> None:
    """Look through what a drone has brought home: which hazards, where, and what was not looked at.

    Recordings that the drone has split are one flight: they are taken in the order of their names. The report is one
    HTML file with a map, pictures and positions with their accuracy, which needs no internet.

    Exit code 0 whatever it finds; 2 if the mission or a model can not be used, or no footage could be read.

    Example: `lookout patrol --footage DJI_0001.MP4 --footage DJI_0002.MP4 --out patrol`
    """
    from edge.patrol.geojson import geojson
    from edge.patrol.page import page
    from edge.patrol.survey import Survey, pair

    wanted = load_mission(mission) if mission is not None else Mission()
    if not footage:
        raise ConfigError(["--footage: which recordings? live patrols are not possible yet"])
    detector = _detector(wanted, ModelStore.installed(models))
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        survey = Survey(detector, wanted, lambda seconds: bar.update(task, description=f"{seconds:.0f} s"))
        for leg in pair(footage, telemetry or []):
            survey.fly(leg)
    findings = survey.findings
    for fault in findings.faults:
        console.print(f"lookout: {fault}", markup=False)
    if not findings.looks:
        raise ConfigError(["no footage could be read"])
    out.mkdir(parents=True, exist_ok=True)
    for name, text in (("report.html", page(findings, wanted)), ("patrol.geojson", geojson(findings, wanted))):
        (out / name).write_text(text, encoding="utf-8")
    for place in findings.places.believed:
        long, short, _ = place.point.ellipse
        typer.echo(
            f"{place.kind}  {place.latitude_deg:.6f}, {place.longitude_deg:.6f}  ±{long:.0f} × {short:.0f} m  "
            f"{place.count} sightings"
        )
    typer.echo(
        f"{len(findings.places.believed)} hazards, {findings.cover.area()[1] / 10_000:.2f} ha: {out / 'report.html'}"
    )


def _detector(mission: Mission, store: ModelStore) -> Detector:
    from pipelines.detect import Detector

    if mission.model is not None:
        model = store.load(mission.model)
        missing = [hazard for hazard in mission.hazards if hazard not in model.card.sees]
        if missing:
            raise ConfigError([f"model {mission.model}: does not see {', '.join(missing)}"])
        return Detector(model.card, model.weights)
    for state in store.list():
        if state.card is not None and state.fault is None and set(mission.hazards) <= set(state.card.sees):
            model = store.load(state.name)
            return Detector(model.card, model.weights)
    raise ConfigError([f"no installed model sees {' and '.join(mission.hazards)}"])
