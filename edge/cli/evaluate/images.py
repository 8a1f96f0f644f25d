"""`lookout evaluate images`."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from edge.cli._scoring import figure, labelled, load_model, predicted, span, wide

if TYPE_CHECKING:
    from pipelines.retraining.scoring.compare import Comparison
    from pipelines.retraining.scoring.evaluate_images import ImageScores


def images(
    model: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the model: card and weights.")],
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder with data.yaml and images/, or the manifest of a data set.")
    ],
    split: Annotated[str, typer.Option(metavar="S", help="Any folder under images/, or a split of the manifest.")],
    against: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Another model: compare gains and false positives at equal recall."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Keep the figures in the model's metrics.json.")] = False,
    threads: Annotated[int, typer.Option(min=1, help="Computing threads.")] = 1,
) -> None:
    """Score a model on labelled pictures, with the agent's own detector.

    Average precision is pycocotools' over boxes from a confidence of 0.001 on, at most 300 of a class in a picture,
    doubles suppressed as the card says. Precision, recall and false positives hold at the card's thresholds.
    Intervals are 95 %, by bootstrap over groups: pictures of one clip stand and fall together.

    Example: `lookout evaluate images --model models/fire-smoke --data ../shared/data/fire-smoke --split val --json`
    """
    from pipelines.retraining.scoring.average_precision import average_precision
    from pipelines.retraining.scoring.compare import compare
    from pipelines.retraining.scoring.evaluate_images import evaluate_images

    tested, other = load_model(model), load_model(against) if against is not None else None
    dataset = labelled(data, split)
    predictions = predicted(tested, dataset, threads)
    precision = average_precision(predictions)
    scores = evaluate_images(predictions, precision)
    record: dict[str, Any] = scores.record() | {"data": dataset.name, "sha256": tested.card.sha256}
    comparison = None
    if other is not None:
        theirs = predicted(other, dataset, threads)
        comparison = compare((predictions, precision), (theirs, average_precision(theirs)))
        record["against"] = comparison.record()
    if write:
        from pipelines.retraining.training.candidate import write_metrics

        write_metrics(model, "images", record)
    if json:
        typer.echo(json_format.dumps(record, ensure_ascii=False, indent=2))
        return
    _show(scores, tested.card.name, dataset.name)
    if comparison is not None:
        _show_comparison(comparison)


def _show(scores: ImageScores, model: str, data: str) -> None:
    console = wide()
    table = Table("Class", "AP50", "95 %", "AP50-95", "Threshold", "Precision", "Recall", "Recognised", "False/empty")
    for name, one in scores.classes.items():
        table.add_row(
            name, figure(one.ap50), span(one.interval), figure(one.ap50_95), figure(one.threshold),
            figure(one.precision), figure(one.recall), figure(one.recognised), figure(one.fp_per_empty),
        )  # fmt: skip
    table.add_row(
        "all", figure(scores.map50), span(scores.interval), figure(scores.map50_95), "", "", "", "",
        figure(scores.fp_per_empty),
    )  # fmt: skip
    console.print(f"{model} on {data}: {scores.pictures} pictures, {scores.empty} empty, {scores.groups} groups")
    console.print(table)
    console.print("AP50 by size: " + ", ".join(f"{name} {figure(value)}" for name, value in scores.sizes.items()))
    if scores.keypoints is not None:
        console.print(
            f"Poses: OKS AP50 {figure(scores.keypoints['oks50'])}, 50-95 {figure(scores.keypoints['oks50_95'])}"
        )


def _show_comparison(comparison: Comparison) -> None:
    console = wide()
    console.print(f"Against {comparison.model}: mAP50 {_signed(comparison.map50)} ({span(comparison.interval)})")
    table = Table("Class", "Equal recall of", "Recall", "False/empty", "the other", "False/picture", "the other")
    for name, one in comparison.classes.items():
        for what, rows in (("boxes", one.boxes), ("pictures", one.pictures)):
            for row in rows:
                table.add_row(
                    name, what, f"{row.recall:.1f}", *map(figure, row.fp_per_empty), *map(figure, row.fp_per_picture)
                )
    console.print(table)


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}"
