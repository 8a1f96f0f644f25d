"""A whole training: data in place, stage after stage, interrupted and resumed at will."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from calibration.errors import ConfigError
from pipelines.retraining.training import recipe as recipes
from pipelines.retraining.training.mean_weights import write_mean
from pipelines.retraining.training.recipe import Recipe
from pipelines.retraining.training.staging import Staged, stage_data
from pipelines.retraining.training.trainer import Effort, Step, train_stage

STATE = "state.json"


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to.

    Attributes:
        weights: the checkpoint of the epoch that did best on the pictures held out.
        staged: what it was trained on.
        results: Ultralytics' `results.csv` of each stage, in order.
        hours: spent training, over all interruptions.
    """

    weights: Path
    staged: Staged
    results: tuple[Path, ...]
    hours: float


def train(
    recipe: Recipe,
    folder: Path,
    *,
    hours: float | None = None,
    threads: int = 1,
    mixed: bool = True,
    tell: Callable[[Step], None] = lambda _: None,
) -> Trained:
    """Train as the recipe says, or go on where this folder's training was interrupted.

    After each epoch everything is on disk: what a kill costs is the epoch it fell into.

    Args:
        recipe: what to train, from what.
        folder: where the training lives.
        hours: budget over all interruptions; the epochs of the remaining stages are shortened to it.
        threads: for computing.
        mixed: see `Effort`.
        tell: called after each batch.

    Raises:
        ConfigError: the folder holds a training by another recipe.
        DatasetError: the data can not be used.
        ModelError: ultralytics is missing, or the base weights do not fit.
    """
    folder = folder.resolve()  # Ultralytics takes a relative one to be in a folder of its own
    state = _State.open(folder, recipe)
    # What an interrupted training was fed with, it goes on with, whatever has become of the data sets.
    staged = Staged.read(folder / "data") or stage_data(recipe, folder / "data")
    weights = folder / state.done[-1] if state.done else _base(recipe, folder)
    for number, _ in enumerate(recipe.stages):
        if number < len(state.done):
            continue
        stage = folder / f"stage-{number}"
        began = time.monotonic()
        deadline = None if hours is None else began + _fair_part(recipe, number, hours - state.hours) * 3600
        spent = state.hours

        def tick(step: Step, began: float = began, spent: float = spent) -> None:
            state.note(spent + (time.monotonic() - began) / 3600)
            tell(step)

        weights = train_stage(recipe, number, str(weights), staged.data, stage, Effort(threads, deadline, mixed), tick)
        state.finish(weights.relative_to(folder))
    results = tuple(folder / f"stage-{number}" / "results.csv" for number, _ in enumerate(recipe.stages))
    return Trained(weights, staged, results, state.hours)


def _base(recipe: Recipe, folder: Path) -> Path:
    """What the first stage starts from."""
    if not recipe.averaged_with:
        return Path(recipe.base)
    return write_mean([recipe.base, *recipe.averaged_with], folder / "mean.pt")


def _fair_part(recipe: Recipe, number: int, hours: float) -> float:
    """This stage's part of the hours left, by the pixels it has to see."""
    work = [stage.epochs * stage.size**2 for stage in recipe.stages[number:]]
    return max(hours, 0.0) * work[0] / sum(work)


class _State:
    """How far the training has come, on disk."""

    def __init__(self, path: Path, digest: str, done: list[str], hours: float) -> None:
        self._path = path
        self._digest = digest
        self.done = done
        self.hours = hours
        self._written = time.monotonic()

    @classmethod
    def open(cls, folder: Path, recipe: Recipe) -> _State:
        path, digest = folder / STATE, recipes.digest(recipe)
        if not path.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            state = cls(path, digest, [], 0.0)
            state._save()
            return state
        saved = json.loads(path.read_text(encoding="utf-8"))
        if saved["recipe"] != digest:
            raise ConfigError(
                [f"holds a training by another recipe ({saved['recipe'][:12]}, this one is {digest[:12]}); "
                 "name another folder, or remove it"], str(folder)
            )  # fmt: skip
        return cls(path, digest, saved["done"], saved["hours"])

    def note(self, hours: float) -> None:
        """Time spent, written every so often."""
        self.hours = hours
        if time.monotonic() - self._written > 20:
            self._save()

    def finish(self, weights: Path) -> None:
        """A stage is over."""
        self.done.append(weights.as_posix())
        self._save()

    def _save(self) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(
            json.dumps({"recipe": self._digest, "done": self.done, "hours": round(self.hours, 4)}), encoding="utf-8"
        )
        new.replace(self._path)
        self._written = time.monotonic()
