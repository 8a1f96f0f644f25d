"""`lookout retrain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calibration.errors import ConfigError
from edge.cli._scoring import people
from edge.cli.train import Hours, Mixed, Out, Threads, train_candidate

if TYPE_CHECKING:
    from pipelines.retraining.training.recipe import Proof


def retrain(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.yaml", help="What to train and what to prove it on.")],
    out: Out = None,
    hours: Hours = None,
    threads: Threads = 1,
    mixed: Mixed = True,
) -> None:
    """Go the whole way from data to a candidate for release: leaks, training, thresholds, INT8, figures.

    The recipe's `proof` says what the candidate is measured on. Called again after a kill, it goes on where the
    training was. `lookout release` then holds the candidate against the model that is released now.
    Needs the extra `train`.

    Example: `lookout retrain datasets/tiny/recipe.yaml`
    """
    from pipelines.retraining.training.recipe import load_recipe

    read = load_recipe(recipe)
    if read.proof is None:
        raise ConfigError(["proof: is missing; it says what the candidate is measured on"], str(recipe))
    candidate, trained = train_candidate(read, out, hours, threads, mixed)
    _measure(candidate, read.proof, trained.staged.data.parent)
    typer.echo(f"candidate: {candidate}")


def _measure(candidate: Path, proof: Proof, staged: Path) -> None:
    """Thresholds on what was held out, then INT8, then the figures of what would be released."""
    from edge.cli.calibrate.thresholds import thresholds
    from edge.cli.evaluate.clips import clips
    from edge.cli.evaluate.images import images
    from edge.cli.quantise import quantise

    say, rules = people().print, ",".join(proof.rules) or None
    say("thresholds, on what was held out of training")
    thresholds(candidate, proof.clips, proof.alarms_per_day, data=staged, split="hold", rules=rules, write=True)
    say("INT8, ranges from training pictures")
    quantise(candidate, staged, score="hold")
    say(f"figures, on {proof.data.name}/{proof.split}")
    images(candidate, proof.data, proof.split, write=True)
    if proof.clips is not None:
        clips(candidate, proof.clips, rules=rules, write=True)
