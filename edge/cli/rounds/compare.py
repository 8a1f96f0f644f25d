"""`lookout rounds compare`."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calibration.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.config.mission import DeliverySettings
    from edge.patrol.rounds import Stop

_DELIVERS_S = 60.0


def compare(
    folder: Annotated[Path, typer.Argument(metavar="ROUND", help="The pictures of this round.", show_default=False)],
    before: Annotated[Path, typer.Option(metavar="ROUND", help="The pictures of an earlier round.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="For report.html and round.jsonl.")] = Path("round"),
    lang: Annotated[str, typer.Option(help="Language of the report: en or zh.")] = "zh",
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A model that looks for fire and smoke in the pictures as well. Repeat."),
    ] = None,
    mission: Annotated[
        Path | None,
        typer.Option(metavar="MISSION.yaml", help="With `deliver`: changes and waypoints not seen go to its broker."),
    ] = None,
    models: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder of model folders, before the installed ones.")
    ] = None,
) -> None:
    """Hold a robot's round against an earlier one: what is new or gone at each waypoint, and which was skipped.

    A round is a folder with `WAYPOINT.jpg`, or a folder of pictures for each waypoint; of several pictures a change has
    to be in all. The robot may stop almost half a metre and some degrees beside where it stopped before.

    With a mission each change is an event of the kind `changed_scene` with pictures of before and now: one that is
    there again in the next round is the same incident, one that is gone clears. A waypoint that was skipped or not
    recognised is a fault of coverage. What the broker does not take within a minute waits for the next round.

    Exit code 0 if every waypoint is as it was, 1 if something has changed, burns or was not looked at.

    Example: `lookout rounds compare 2026-11-25 --before 2026-11-24 --out report`
    """
    from edge.config.mission import load_mission
    from edge.patrol.rounds import Finding, json_lines, page, walk, waypoints
    from edge.patrol.stills import watch_for

    if lang not in {"en", "zh"}:
        raise ConfigError([f"--lang {lang}: allowed: en, zh"])
    deliver = load_mission(mission).deliver if mission is not None else None
    if mission is not None and deliver is None:
        raise ConfigError(["it says nothing of where events go; `deliver` does"], str(mission))
    taken = waypoints(folder)
    stops = walk(waypoints(before), taken)
    for name in model or []:
        stops = watch_for(stops, taken, name, models)
    out.mkdir(parents=True, exist_ok=True)
    report = page(stops, folder.name, "en" if lang == "en" else "zh")
    for name, text in (("report.html", report), ("round.jsonl", json_lines(stops))):
        (out / name).write_text(text, encoding="utf-8")
    for stop in stops:
        typer.echo(f"{stop.waypoint}  {stop.finding}{_told(stop)}")
    typer.echo(str(out / "report.html"))
    if deliver is not None:
        _deliver(stops, deliver, lang)
    if any(stop.finding is not Finding.SAME or stop.seen for stop in stops):
        raise typer.Exit(1)


def _told(stop: Stop) -> str:
    parts = [f", {glimpse.kind} {glimpse.score:.2f}" for glimpse in stop.seen]
    if stop.reason:
        parts.insert(0, f": {stop.reason}")
    elif stop.changes:
        parts.insert(0, f", {len(stop.changes)} part{'s' * (len(stop.changes) != 1)} of the view")
    return "".join(parts)


def _deliver(stops: Sequence[Stop], settings: DeliverySettings, lang: str) -> None:
    from edge.patrol.round_events import RoundEvents

    stop = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    with RoundEvents(settings, lang) as events:
        told = events.tell(stops)
        left = events.deliver(stop, _DELIVERS_S)
    waits = f", {left} messages wait in {settings.data} for the next round" if left else ""
    typer.echo(f"{told} events to {settings.broker.address}{waits}")
