"""`lookout quantise`."""

from __future__ import annotations

import json as json_format
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from edge.cli._scoring import figure, labelled, load_model, people, predicted, wide
from edge.model_store import LoadedModel


def quantise(
    model: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the model: card and float weights.")],
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder with data.yaml and images/, or the manifest of a data set.")
    ],
    split: Annotated[
        str, typer.Option(metavar="S", help="Split to take ranges from: what it was trained on.")
    ] = "train",
    pictures: Annotated[int, typer.Option(min=1, help="Pictures to take ranges from, chosen for spread.")] = 200,
    agreement: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Agreement with float until which blocks are put back into float."),
    ] = 0.9,
    score: Annotated[
        str | None, typer.Option(metavar="S", help="Split to score float and INT8 on, side by side.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Make the INT8 version of a model, and say how fast and how accurate it is beside the float one.

    Writes `model.int8.onnx` beside the float weights and the figures into `metrics.json`; the card stays as it is:
    `lookout release` takes the file that its gate allows. Speed is a ratio of looks in turn on one thread, so that
    other work of the machine slows both. Needs the extra `models`.

    Example: `lookout quantise --model runs/fs/candidate/fire-smoke --data datasets/fire-smoke --score tune`
    """
    from pipelines.retraining.releasing.quantise import WEIGHTS, Effort
    from pipelines.retraining.releasing.quantise import quantise as run
    from pipelines.retraining.training.candidate import write_metrics

    loaded = load_model(model)
    paths = [picture.path for picture in labelled(data, split).pictures]
    console = people()
    with console.status("preparing …") as status:
        made = run(
            loaded.card,
            loaded.weights,
            paths,
            Effort(pictures=pictures, agreement=agreement),
            lambda text: status.update(escape(text)),
        )
    record = made.record()
    new = model / f"{WEIGHTS}.new"
    new.write_bytes(made.weights)
    new.replace(model / WEIGHTS)
    if score is not None:
        record["accuracy"] = _scores(loaded, made.weights, data, score)
    write_metrics(model, "quantised", record)
    if json:
        typer.echo(json_format.dumps(record, ensure_ascii=False, indent=2))
    else:
        _show(loaded.card.name, record)


def _scores(model: LoadedModel, int8: bytes, data: Path, split: str) -> dict[str, Any]:
    """Both on the same pictures: mAP50, AP50 by class, false positives per empty picture."""
    from pipelines.retraining.scoring.evaluate_images import evaluate_images

    dataset = labelled(data, split)
    found: dict[str, Any] = {"data": dataset.name, "pictures": len(dataset.pictures)}
    for name, weights in (("float", model.weights), ("int8", int8)):
        scores = evaluate_images(predicted(replace(model, weights=weights), dataset)).record()
        found[name] = {
            **{key: scores[key] for key in ("map50", "map50_95", "fp_per_empty")},
            "ap50": {each: one["ap50"] for each, one in scores["classes"].items()},
        }
    return found


def _show(name: str, record: dict[str, Any]) -> None:
    console = wide()
    table = Table(name, "Float", "INT8")
    table.add_row("ms a look", f"{record['float_ms']:.1f}", f"{record['int8_ms']:.1f}")
    table.add_row("MB", f"{record['float_bytes'] / 1e6:.1f}", f"{record['int8_bytes'] / 1e6:.1f}")
    accuracy = record.get("accuracy")
    if accuracy is not None:
        rows = {"mAP50": "map50", "mAP50-95": "map50_95", "false per empty picture": "fp_per_empty"}
        for title, key in rows.items():
            table.add_row(title, figure(accuracy["float"][key]), figure(accuracy["int8"][key]))
        for each, value in accuracy["float"]["ap50"].items():
            table.add_row(f"AP50 {each}", figure(value), figure(accuracy["int8"]["ap50"][each]))
    console.print(table)
    console.print(
        f"{record['speedup']:.2f} times as fast; agreement with float {record['agreement']:.3f} "
        f"over {record['probes']} pictures; ranges by {record['method']} over {record['pictures']}; "
        f"left in float: {', '.join(record['left_in_float']) or 'nothing'}",
        markup=False,
    )
