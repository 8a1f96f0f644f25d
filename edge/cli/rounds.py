"""`lookout rounds`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calibration.errors import ConfigError


def rounds(
    folder: Annotated[Path, typer.Argument(metavar="ROUND", help="The pictures of this round.", show_default=False)],
    before: Annotated[Path, typer.Option(metavar="ROUND", help="The pictures of an earlier round.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="For report.html and round.jsonl.")] = Path("round"),
    lang: Annotated[str, typer.Option(help="Language of the report: en or zh.")] = "zh",
) -> None:
    """Hold a robot's round against an earlier one: what is new or gone at each waypoint, and which was skipped.

    A round is a folder with `WAYPOINT.jpg`, or a folder of pictures for each waypoint; of several pictures a change has
    to be in all. The robot may stop half a metre and some degrees beside where it stopped before.

    Exit code 0 if every waypoint is as it was, 1 if something has changed or was not looked at.

    Example: `lookout rounds 2026-11-25 --before 2026-11-24 --out report`
    """
    from edge.patrol.rounds import Finding, json_lines, page, walk, waypoints

    if lang not in {"en", "zh"}:
        raise ConfigError([f"--lang {lang}: allowed: en, zh"])
    stops = walk(waypoints(before), waypoints(folder))
    out.mkdir(parents=True, exist_ok=True)
    report = page(stops, folder.name, "en" if lang == "en" else "zh")
    for name, text in (("report.html", report), ("round.jsonl", json_lines(stops))):
        (out / name).write_text(text, encoding="utf-8")
    for stop in stops:
        told = (
            f": {stop.reason}"
            if stop.reason
            else f", {len(stop.changes)} part{'s' * (len(stop.changes) != 1)} of the view"
            if stop.changes
            else ""
        )
        typer.echo(f"{stop.waypoint}  {stop.finding}{told}")
    typer.echo(str(out / "report.html"))
    if any(stop.finding is not Finding.SAME for stop in stops):
        raise typer.Exit(1)
