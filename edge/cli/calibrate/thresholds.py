"""`lookout calibrate thresholds`."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from calibration.errors import ConfigError
from edge.cli._scoring import figure, labelled, load_model, people, predicted, progress, wide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.model_store import LoadedModel
    from pipelines.events import Event
    from pipelines.retraining.scoring.average_precision import Precision
    from pipelines.retraining.scoring.calibrate import Calibration, Goal
    from pipelines.retraining.scoring.clips import Clip
    from pipelines.retraining.scoring.predictions import Predictions
    from pipelines.watch import WatchPlan


def thresholds(  # noqa: PLR0913, PLR0917 - one parameter an option
    model: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the model: card and weights.")],
    clips: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Clips with their events by eye, much of it quiet footage; without it the best F1 on the pictures "
            "decides.",
        ),
    ] = None,
    alarms_per_day: Annotated[
        float, typer.Option(min=0.001, metavar="X", help="False alarms a camera and day that are bearable.")
    ] = 1.0,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Labelled pictures: a folder with data.yaml, or a manifest.")
    ] = None,
    split: Annotated[str, typer.Option(metavar="S", help="Which split of them.")] = "val",
    most_empty: Annotated[
        float, typer.Option(min=0, max=1, metavar="SHARE", help="Share of empty pictures that may show a class.")
    ] = 0.05,
    rules: Annotated[
        str | None,
        typer.Option(metavar="a,b", help="Exactly these rules; fire,smoke and what the clips name if left out."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Put thresholds into the card, figures into metrics.json, and draw plots.")
    ] = False,
) -> None:
    """Choose each class's threshold by false alarms of the whole pipeline, and say how far the footage vouches for it.

    Allowed are the thresholds from which on the pipeline raises no more than the bearable false alarms on the quiet
    footage, and the class shows in no more than the stated share of empty pictures. Of these, the one is taken that
    finds the most events, then the one with the best F1 on the pictures, then the highest. The network runs once for
    all thresholds. After T quiet hours without a false alarm no better than 3/T an hour is proved, and that is printed.

    Example: `lookout calibrate thresholds --model models/fire-smoke --clips clips.yaml --alarms-per-day 1 --write`
    """
    from pipelines.retraining.scoring.calibrate import Goal

    if clips is None and data is None:
        raise ConfigError(["--clips FILE or --data DIR: one of them at least"])
    tested = load_model(model)
    dataset = labelled(data, split) if data is not None else None
    names = None if rules is None else [name.strip() for name in rules.split(",") if name.strip()]
    seen_on = clips.name if clips is not None else "no clips"
    goal = Goal(alarms_per_day, most_empty, seen_on, dataset.name if dataset is not None else None)
    pictures = None
    if dataset is not None:
        from pipelines.retraining.scoring.average_precision import average_precision

        predictions = predicted(tested, dataset)
        pictures = (predictions, average_precision(predictions))
    found = _calibrated(tested, clips, names, goal, pictures)
    if write:
        _write(tested, found, pictures)
    if json:
        typer.echo(json_format.dumps(found.record(), ensure_ascii=False, indent=2))
    else:
        _show(found)


def _calibrated(
    tested: LoadedModel,
    clips: Path | None,
    names: list[str] | None,
    goal: Goal,
    pictures: tuple[Predictions, Precision] | None,
) -> Calibration:
    from edge.model_store import ModelStore
    from edge.replay.trial import plan_trial, replay_together
    from edge.sources import Pace, open_source
    from pipelines.retraining.scoring.calibrate import calibrate as choose
    from pipelines.retraining.scoring.calibrate import sweep
    from pipelines.retraining.scoring.clips import read_clips
    from pipelines.retraining.scoring.recalling import RecallingDetector

    if clips is None:
        return choose(tested.card, (), {}, goal, pictures)
    footage, detector = read_clips(clips), RecallingDetector(tested.card, tested.weights)
    kinds = {kind for clip in footage for kind in clip.events}
    trial = plan_trial(detector, ModelStore.installed(), names, kinds)
    for reason in trial.left_out:
        people().print(f"left out: {reason}", markup=False)
    with progress(tested.card.name, len(footage)) as advance:

        def play(clip: Clip, plans: Sequence[WatchPlan]) -> tuple[list[list[Event]], float]:
            played = replay_together(open_source(clip.name, str(clip.path), pace=Pace.FAST, keep_s=0.0), plans)
            advance()
            return played

        swept = sweep(detector, trial.alone, footage, play, trial.judged)
    return choose(tested.card, trial.plan.lanes[0].rules, swept, goal, pictures)


def _write(tested: LoadedModel, found: Calibration, pictures: tuple[Predictions, Precision] | None) -> None:
    from pipelines.retraining.scoring.calibrate import write_thresholds
    from pipelines.retraining.scoring.plots import draw_precision_recall, draw_reliability
    from pipelines.retraining.training.candidate import write_metrics

    write_thresholds(tested.folder, tested.card, found)
    write_metrics(tested.folder, "calibration", found.record())
    if pictures is None:
        people().print("no plots: they need labelled pictures, see --data", markup=False)
        return
    predictions, scored = pictures
    at = {each.name: found.thresholds.get(each.name, each.threshold) for each in tested.card.classes}
    curves = {name: (scored.matches[k], at[name]) for k, name in enumerate(predictions.classes)}
    draw_reliability(found.reliability, tested.folder / "plots" / "reliability.png")
    draw_precision_recall(curves, tested.folder / "plots" / "precision-recall.png")


def _show(found: Calibration) -> None:
    console = wide()
    table = Table(
        "Class", "Before", "Threshold", "False", "A day, at most", "Found", "Delay", "Empty", "Precision", "Recall"
    )
    for name, one in found.classes.items():
        most = one.false_per_day[1] if one.false_per_day is not None else None
        table.add_row(
            name, f"{one.before:.2f}", "–" if one.threshold is None else f"{one.threshold:.2f}",
            "–" if one.false_alarms is None else str(one.false_alarms), "–" if most is None else f"{most:,.0f}",
            "–" if one.found is None else f"{one.found} of {one.events}",
            "–" if one.delay_s is None else f"{one.delay_s:.1f} s",
            figure(one.empty_share), figure(one.precision), figure(one.recall),
        )  # fmt: skip
    console.print(table)
    for name, one in found.classes.items():
        console.print(f"{name}: {one.source}", markup=False)
    if found.quiet_hours:
        console.print(
            f"Asked for: {found.alarms_per_day:g} false alarms a camera and day. To prove that with 95 % takes "
            f"{found.hours_needed:,.1f} quiet hours without any; there were {found.quiet_hours:.3f}."
        )
    for name, line in found.reliability.items():
        console.print(f"{name}: confidence is off by {line.error:.2f} on average over {int(line.count.sum())} boxes")
