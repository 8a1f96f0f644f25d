"""What the commands that score models have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edge.model_store import LoadedModel, ModelStore

if TYPE_CHECKING:
    from pipelines.retraining.data.dataset import Dataset
    from pipelines.retraining.scoring.evaluate_clips import ClipScores
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


def played(
    model: LoadedModel,
    clips: Path,
    others: ModelStore,
    rules: list[str] | None = None,
    left_out: Callable[[str], None] = lambda _: None,
) -> ClipScores:
    """The whole pipeline over clips with a model under test, with a progress bar where somebody is watching.

    Before it starts, `left_out` is told of each rule that can not run, with the reason.
    """
    from edge.replay.trial import plan_trial, replay_together
    from edge.sources import Pace, open_source
    from pipelines.detect import Detector
    from pipelines.retraining.scoring.clips import read_clips
    from pipelines.retraining.scoring.evaluate_clips import Played, score_clips

    footage = read_clips(clips)
    kinds = {kind for clip in footage for kind in clip.events}
    trial = plan_trial(Detector(model.card, model.weights), others, rules, kinds)
    for reason in trial.left_out:
        left_out(reason)
    runs = []
    with progress(model.card.name, len(footage)) as advance:
        for clip in footage:
            source = open_source(clip.name, str(clip.path), pace=Pace.FAST, keep_s=0.0)
            (events,), length_s = replay_together(source, [trial.plan])
            runs.append(Played(clip, tuple(events), length_s))
            advance()
    return score_clips(runs, trial.judged)


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
