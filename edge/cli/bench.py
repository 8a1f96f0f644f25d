"""`lookout bench`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from edge.cli._scoring import people, wide

if TYPE_CHECKING:
    from edge.bench.record import Record
    from edge.bench.run import Film


def bench(  # noqa: PLR0913, PLR0917 - one parameter an option
    quick: Annotated[
        bool, typer.Option("--quick", help="Estimate from processor time, confirm once: under 8 minutes.")
    ] = False,
    clips: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Clips with their events: fires and smoke that were filmed, not drills."),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where made clips are kept; in the user's cache folder if left out."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write bench.json while it runs, then bench.md and bench.png.")
    ] = None,
    models: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder of model folders, before the installed ones.")
    ] = None,
    limit: Annotated[
        float | None, typer.Option(metavar="S", min=1, help="What has not begun after S seconds is left out.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    shorter: Annotated[
        float,
        typer.Option(
            "--shorter", hidden=True, min=0.02, max=1.0, help="A fraction of time and size; measures nothing."
        ),
    ] = 1.0,
) -> None:
    """Lookout beside three other loops: the same clips, model, rules and cores, paced as live cameras.

    A is Ultralytics' `predict` on every frame (extra `train`), B an OpenCV MOG2 gate, C a loop as Frigate's, D Lookout:
    the agent itself, with a broker and a subscriber. Reported are the cameras that fit with all quiet and with one in
    ten active, on main and sub-streams, what a camera costs, how long after its beginning a hazard is raised, how long
    a frame takes to a subscriber, and what single steps cost. What could not be measured is null, with the reason.

    The clips are made on first use, which takes a minute or two. Nothing else should run on the machine. The whole
    takes up to 40 minutes: it raises the cameras until a limit breaks, and lets twenty hazards happen at that number.

    Example: `lookout bench --quick --json`
    """
    from edge.bench.bench import QUICK, WHOLE
    from edge.bench.clips import MAIN, Library
    from edge.bench.record import FILE, Record
    from edge.bench.run import Bench
    from edge.share import share_folder

    def tell(line: str) -> None:
        people().print(line, markup=False)

    yard = share_folder() / "datasets" / "demo" / "yard.mp4"
    main = MAIN if shorter == 1 else replace(MAIN, size=(640, 360), bit_rate=1_000_000)
    library = Library(cache or _cache(), yard, tell, shorter=shorter, main=main)
    extent = QUICK if quick else WHOLE
    if shorter < 1:
        extent = extent.shorter(shorter)
    if limit is not None:
        extent = replace(extent, most_s=limit)
    record = Record(out / FILE if out is not None else None)
    Bench(extent, library, _films(clips), models, tell).run(record)
    if out is not None:
        _write(record, out)
    if json:
        typer.echo(record.text())
    else:
        _show(record)


def _films(path: Path | None) -> list[Film]:
    if path is None:
        return []
    from pipelines.retraining.scoring.clips import read_clips

    return [(clip.path, clip.events) for clip in read_clips(path)]


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lookout" / "bench"


def _write(record: Record, folder: Path) -> None:
    from calibration.errors import ModelError
    from edge.bench.markdown import page
    from edge.bench.plot import draw_cameras

    (folder / "bench.md").write_text(page(record.content), encoding="utf-8")
    try:
        draw_cameras(record.content, folder / "bench.png")
    except ModelError as error:
        people().print(f"no plot: {error}", markup=False)
    people().print(f"wrote {folder}", markup=False)


def _show(record: Record) -> None:
    from edge.bench.record import CONDITIONS, LOOPS

    console = wide()
    told = record.content
    table = Table("Loop", *(f"{what} {condition}" for condition in CONDITIONS for what in ("Cameras", "CPU")))
    for loop in LOOPS:
        cells = [(told["cameras"][c][loop], told["cpu_per_camera"][c][loop]) for c in CONDITIONS]
        table.add_row(loop, *(text for n, cpu in cells for text in (_number(n), _number(cpu))))
    console.print(table)
    hazards = Table("Time to alarm", "Hazard", "p50", "p95", "Happened", "Missed")
    for who, kinds in told["time_to_alarm_s"].items():
        for kind, one in (kinds or {}).items():
            hazards.add_row(who, kind, _number(one["p50"]), _number(one["p95"]), str(one["n"]), str(one["missed"]))
    console.print(hazards)
    single = Table("Figure", "Value", "Spread")
    for name in ("prefilter_us.B", "prefilter_us.C", "prefilter_us.D", "detect_over_raw", "detect_over_raw_fp32",
                 "predict_ratio", "predict_ratio_int8", "packing_ratio", "overload_p99_ms", "latency_ms.p50",
                 "latency_ms.p99", "prefilter.recall", "prefilter.passed_share", "rss_mb", "start_s",
                 "restart_s"):  # fmt: skip
        spread = told["spread"].get(name)
        single.add_row(name, _number(record.get(name)), f"{spread[0]:g}–{spread[1]:g}" if spread else "")
    console.print(single)
    for name, reason in told["reasons"].items():
        console.print(f"{name}: {reason}", markup=False)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
