"""`lookout train`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from edge.cli._scoring import people

if TYPE_CHECKING:
    from pipelines.retraining.training.recipe import Recipe
    from pipelines.retraining.training.train import Trained


Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Where the training lives; runs/NAME if left out.")]
Hours = Annotated[
    float | None, typer.Option(min=0.01, help="Time budget, over all interruptions; epochs are shortened to it.")
]
Threads = Annotated[int, typer.Option(min=1, help="Computing threads; more than one only on a free machine.")]
Mixed = Annotated[
    bool, typer.Option("--mixed/--full", help="Compute in bfloat16 where the processor can, or all in float32.")
]


def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.yaml", help="What to train, from what.")],
    out: Out = None,
    hours: Hours = None,
    threads: Threads = 1,
    mixed: Mixed = True,
) -> None:
    """Train a model as a recipe says; called again after a kill, go on with the epoch that was interrupted.

    At the end the folder `candidate/NAME` holds the model with its card and curves, ready to be measured.
    Needs the extra `train`.

    Example: `lookout train models/fire-smoke/recipe.yaml --hours 2`
    """
    from pipelines.retraining.training.recipe import load_recipe

    candidate, _ = train_candidate(load_recipe(recipe), out, hours, threads, mixed)
    typer.echo(str(candidate))


def train_candidate(
    recipe: Recipe, out: Path | None, hours: float | None, threads: int, mixed: bool
) -> tuple[Path, Trained]:
    """Train with a progress bar, or with a line an epoch where nobody watches; the candidate's folder comes first."""
    from pipelines.retraining.training.candidate import make_candidate
    from pipelines.retraining.training.train import train as run

    folder = out or Path("runs") / recipe.name
    with _progress(recipe.name, len(recipe.stages)) as tell:
        trained = run(recipe, folder, hours=hours, threads=threads, mixed=mixed, tell=tell)
    return make_candidate(recipe, trained, folder / "candidate" / recipe.name).parent, trained


@contextmanager
def _progress(name: str, stages: int) -> Iterator[Callable[[Any], None]]:
    console = people()
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"{name}: preparing", total=None)

        def tell(step: Any) -> None:
            losses = " ".join(f"{part.removesuffix('_loss')} {value:.2f}" for part, value in step.loss.items())
            words = f"stage {step.stage + 1}/{stages}, epoch {step.epoch + 1}/{step.epochs}, {losses}"
            seen, total = step.epoch * step.batches + step.batch + 1, step.epochs * step.batches
            bar.update(task, description=words, completed=seen, total=total)
            if not console.is_terminal and step.batch + 1 == step.batches:
                console.print(f"{name}: {words}", markup=False)

        yield tell
