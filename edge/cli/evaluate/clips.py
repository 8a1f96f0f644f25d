"""`lookout evaluate clips`."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from edge.cli._scoring import load_model, people, played, wide

if TYPE_CHECKING:
    from pipelines.retraining.scoring.evaluate_clips import ClipScores, Tally


def clips(
    model: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the model under test: card and weights.")],
    clips: Annotated[
        Path, typer.Option(metavar="FILE", help="Clips with their events by eye: `name: {fire: [[2.5, 30]]}` each.")
    ],
    folder: Annotated[
        Path | None,
        typer.Option("--models", metavar="DIR", help="A folder of model folders for the rest, before the installed."),
    ] = None,
    rules: Annotated[
        str | None,
        typer.Option(metavar="a,b", help="Exactly these rules; fire,smoke and what the clips name if left out."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Keep the figures in the model's metrics.json.")] = False,
) -> None:
    """Score the whole pipeline on clips: events found and missed, delay from the onset, false alarms an hour.

    The model under test serves what it can, the others the rest; only rules that it serves are judged.
    A hazard that a clip does not name must not be reported there. The interval of false alarms is exact (Poisson),
    each end with 95 %: after T quiet hours without any, its upper end is 3/T.

    Example: `lookout evaluate clips --model models/fire-smoke --clips ../shared/data/clips/clips.yaml`
    """
    from edge.model_store import ModelStore

    tested = load_model(model)
    names = None if rules is None else [name.strip() for name in rules.split(",") if name.strip()]
    left_out: list[str] = []

    def tell(reason: str) -> None:
        people().print(f"left out: {reason}", markup=False)
        left_out.append(reason)

    scores = played(tested, clips, ModelStore.installed(folder), names, tell)
    record: dict[str, Any] = scores.record() | {"left_out": left_out, "sha256": tested.card.sha256}
    if write:
        from pipelines.retraining.training.candidate import write_metrics

        write_metrics(model, "clips", record)
    if json:
        typer.echo(json_format.dumps(record, ensure_ascii=False, indent=2))
    else:
        _show(scores, tested.card.name)


def _show(scores: ClipScores, model: str) -> None:
    console = wide()
    console.print(f"{model} on {len(scores.clips)} clips, {sum(scores.clips.values()):.0f} s")
    table = Table("Hazard", "Events", "Found", "Missed", "Repeated", "Delay", "Longest", "False", "Quiet footage")
    for name, tally in scores.hazards.items():
        table.add_row(name, *_cells(tally))
    if len(scores.hazards) > 1:
        table.add_row("all", *_cells(scores.total))
    console.print(table)
    for outcome in scores.outcomes:
        when = "missed" if outcome.alarm_s is None else f"alarm at {outcome.alarm_s:.1f} s"
        console.print(f"{outcome.clip}  {outcome.hazard} {outcome.start_s:g}–{outcome.end_s:g} s: {when}")
    for alarm in scores.false_alarms:
        console.print(f"{alarm.clip}  false {alarm.hazard} at {alarm.alarm_s:.1f} s, score {alarm.score:.2f}")
    console.print(_bound(scores.total))


def _cells(tally: Tally) -> list[str]:
    counts = (tally.events, tally.found, tally.missed, tally.repeated)
    delays = ("–" if delay is None else f"{delay:.1f} s" for delay in (tally.delay_s, tally.longest_delay_s))
    return [*map(str, counts), *delays, str(tally.false), f"{tally.quiet_hours * 3600:.0f} s"]


def _bound(tally: Tally) -> str:
    if tally.false_per_day_at_most is None:
        return "False alarms: no quiet footage, nothing can be said."
    low, high = tally.false_per_hour_interval
    return (
        f"False alarms: {tally.false} in {tally.quiet_hours:.3f} quiet hours: {low:.1f} to {high:.1f} an hour, "
        f"each end with 95 %; at most {tally.false_per_day_at_most:,.0f} a camera and day. "
        "More quiet footage says more."
    )
