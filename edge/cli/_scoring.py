"""What the commands that score models have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edge.model_store import LoadedModel, ModelStore

if TYPE_CHECKING:
    from pipelines.retraining.data.dataset import Dataset
    from pipelines.retraining.scoring.predictions import Predictions


def people() -> Console:
    """Where people are told things: never among the results."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def wide() -> Console:
    """For tables of results: as wide as the terminal, wide enough where there is none."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=120)


def load_model(folder: Path) -> LoadedModel:
    """The model in a folder, its digest verified.

    Raises:
        ModelError: there is none, or it can not be used.
    """
    return ModelStore([]).load(folder)


def labelled(folder: Path, split: str) -> Dataset:
    """One split of a folder in YOLO layout or of a manifest; faults of its labels are told.

    Raises:
        DatasetError: there is no such data set or split, or it has no pictures.
    """
    from pipelines.retraining.data.formats.faults import by_kind
    from pipelines.retraining.data.loading import load_split

    dataset, faults = load_split(folder, split)
    for what, outcome, count, first in by_kind(faults):
        people().print(f"{folder}: {what}, {outcome}: {count}; the first: {first.place}: {first.found}", markup=False)
    return dataset


def predicted(model: LoadedModel, dataset: Dataset, threads: int = 1) -> Predictions:
    """What a model says of a data set, with a progress bar where somebody is watching; left out classes are told."""
    from pipelines.retraining.scoring.predictions import predict

    with progress(model.card.name, len(dataset.pictures)) as advance:
        predictions = predict(model.card, model.weights, dataset, threads=threads, advance=advance)
    for who, names in (("data", predictions.only_card), ("card", predictions.only_data)):
        if names:
            people().print(f"{model.card.name}: left out, not in the {who}: {', '.join(names)}", markup=False)
    return predictions


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Any]:
    """A bar on standard error, gone at the end; hands out what moves it on by one."""
    console = people()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)


def figure(value: float | None) -> str:
    """Three decimals, or a dash where there is nothing to say."""
    return "–" if value is None else f"{value:.3f}"


def span(bounds: tuple[float, float] | None) -> str:
    """An interval in words."""
    return "" if bounds is None else f"{bounds[0]:.3f}–{bounds[1]:.3f}"
