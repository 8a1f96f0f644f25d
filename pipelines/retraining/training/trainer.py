"""One stage of training by Ultralytics: faster on a CPU, resumable, inside a time budget, and quiet."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration.errors import ModelError
from pipelines.retraining.training.kept import base_of, keep
from pipelines.retraining.training.recipe import Augmentation, Recipe, Stage

_LAST, _BEST = "last.pt", "best.pt"


@dataclass(frozen=True, slots=True)
class Step:
    """How far a stage has come.

    Attributes:
        stage: which, from 0.
        epoch: which, from 0.
        epochs: how many in this stage, once shortened to the budget.
        batch: which, from 0.
        batches: how many in an epoch.
        loss: the epoch's mean so far, by name.
    """

    stage: int
    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: dict[str, float]


@dataclass(frozen=True, slots=True)
class Effort:
    """What a training may use.

    Attributes:
        threads: of the computing library. Two beside another busy process are slower than one.
        deadline: when the stage has to be over, on `time.monotonic`'s clock; never if None.
        mixed: compute in bfloat16 where the processor can.
    """

    threads: int = 1
    deadline: float | None = None
    mixed: bool = True


def train_stage(
    recipe: Recipe,
    number: int,
    weights: str,
    data: Path,
    folder: Path,
    effort: Effort,
    tell: Callable[[Step], None],
) -> Path:
    """Train one stage to its end, or go on where it was interrupted.

    Args:
        recipe: the whole recipe.
        number: which of its stages.
        weights: a checkpoint or an architecture to start from.
        data: a `data.yaml` of Ultralytics.
        folder: where the stage keeps its state; a checkpoint after each epoch.
        effort: threads and time.
        tell: called after each batch.

    Returns:
        The checkpoint of the epoch that did best on the pictures held out, or of the last, as the recipe says.

    Raises:
        ModelError: ultralytics is missing, or the weights are not for this task.
    """
    trainer_class = _trainer_class(recipe)
    weights_folder, kept = folder / "weights", folder / "kept"
    arguments = _arguments(recipe, recipe.stages[number], data, folder)
    if (kept / _LAST).is_file():
        arguments["resume"] = str(kept / _LAST)
        _copy(kept / _BEST, weights_folder / _BEST)
    # What Ultralytics prints would be torn through our progress bar.
    logging.getLogger("ultralytics").setLevel(logging.ERROR)
    trainer = trainer_class(overrides={**arguments, "model": weights})
    base = base_of(recipe.base, recipe.kept) if recipe.kept else None
    _follow(trainer, number, effort, tell, base)
    if base is not None:
        trainer.add_callback("on_train_start", lambda trainer: keep(trainer.model, base, recipe.kept))
    trainer.add_callback("on_train_start", lambda trainer: _average(trainer.ema, recipe.average))
    trainer.add_callback("on_model_save", lambda trainer: _keep(trainer, kept))
    trainer.train()
    return weights_folder / (_BEST if recipe.keep == "best" else _LAST)


def _keep(trainer: Any, kept: Path) -> None:
    """Copies of the checkpoints, whole at any moment: Ultralytics writes over its own, where a kill may fall."""
    if trainer.fitness == trainer.best_fitness:
        _copy(trainer.best, kept / _BEST)
    _copy(trainer.last, kept / _LAST)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_suffix(".new")
    shutil.copyfile(source, new)
    new.replace(target)


def _trainer_class(recipe: Recipe) -> type[Any]:
    try:
        from torch import nn
        from ultralytics.models.yolo.detect import DetectionTrainer
        from ultralytics.models.yolo.pose import PoseTrainer
    except ImportError as error:
        raise ModelError("training needs ultralytics and torch: pip install 'lookout-agent[train]'") from error
    base: type[Any] = PoseTrainer if recipe.task == "pose" else DetectionTrainer

    class Trainer(base):  # type: ignore[misc]
        def get_model(self, *args: Any, **kwargs: Any) -> Any:
            model = super().get_model(*args, **kwargs)
            if recipe.activation == "relu":
                _replace_activation(model, nn.SiLU, nn.ReLU)
            return model

    return Trainer


def _replace_activation(module: Any, old: type[Any], new: type[Any]) -> None:
    for name, child in module.named_children():
        if isinstance(child, old):
            setattr(module, name, new(inplace=True))
        else:
            _replace_activation(child, old, new)


def _arguments(recipe: Recipe, stage: Stage, data: Path, folder: Path) -> dict[str, Any]:
    return {
        "data": str(data), "project": str(folder.parent), "name": folder.name, "exist_ok": True,
        "imgsz": stage.size, "epochs": stage.epochs, "batch": recipe.batch, "nbs": recipe.step, "seed": recipe.seed,
        "optimizer": "AdamW", "lr0": stage.rate, "lrf": stage.last_rate, "cos_lr": True,
        "warmup_epochs": stage.warm_up, "warmup_bias_lr": 0.0, "freeze": stage.freeze or None,
        "mosaic": stage.mosaic, "close_mosaic": min(stage.plain_epochs, stage.epochs),
        **_augmentation(recipe.augment),
        "device": "cpu", "workers": 0, "amp": False, "plots": False, "verbose": False, "patience": stage.epochs,
    }  # fmt: skip


def _augmentation(augment: Augmentation) -> dict[str, float]:
    return {
        "hsv_h": augment.hue, "hsv_s": augment.saturation, "hsv_v": augment.value, "degrees": augment.turn_degrees,
        "translate": augment.shift, "scale": augment.scale, "fliplr": augment.mirror, "mixup": augment.mix,
    }  # fmt: skip


def _follow(trainer: Any, number: int, effort: Effort, tell: Callable[[Step], None], base: Any) -> None:
    """Hook into the trainer: threads, precision, progress, budget."""
    import torch

    began = time.monotonic()
    batch = -1

    def start(_: Any) -> None:
        # The trainer sets one thread fewer than there are cores.
        torch.set_num_threads(effort.threads)
        if effort.mixed and can_mix_precision():
            _mix_precision(trainer.model)
            if base is not None:
                _mix_precision(base)

    def epoch_start(_: Any) -> None:
        nonlocal batch
        batch = -1

    def batch_end(_: Any) -> None:
        nonlocal batch
        batch += 1
        loss = {name: float(value) for name, value in trainer.tloss.items()}
        tell(Step(number, trainer.epoch, trainer.epochs, batch, len(trainer.train_loader), loss))

    def epoch_end(_: Any) -> None:
        if effort.deadline is None:
            return
        done = trainer.epoch - trainer.start_epoch + 1
        fitting = int((effort.deadline - time.monotonic()) / ((time.monotonic() - began) / done))
        if trainer.epoch + 1 + fitting < trainer.epochs:
            _shorten(trainer, trainer.epoch + 1 + max(fitting, 0))

    trainer.add_callback("on_train_start", start)
    trainer.add_callback("on_train_epoch_start", epoch_start)
    trainer.add_callback("on_train_batch_end", batch_end)
    trainer.add_callback("on_train_epoch_end", epoch_end)


def _average(ema: Any, steps: int) -> None:
    """A running mean that short trainings profit from: Ultralytics' own is over ten thousand steps, after thousands."""
    ema.decay = lambda updates: min(updates / (updates + 10), 1 - 1 / steps)


def _shorten(trainer: Any, epochs: int) -> None:
    """Fewer epochs, with the rate falling to its end all the same."""
    trainer.epochs = trainer.args.epochs = epochs
    last = trainer.scheduler.last_epoch
    trainer._setup_scheduler()
    trainer.scheduler.last_epoch = last


def _mix_precision(model: Any) -> None:
    """Compute in bfloat16 what loses nothing by it, pictures channels-last; the loss and the weights stay float32.

    A bare step of YOLO11n, 16 pictures of 320 px, on one thread with AVX-512-BF16: 21 pictures a second against 10.6.
    """
    import torch
    from torch.utils._pytree import tree_map_only

    plain = model._predict_once
    model.to(memory_format=torch.channels_last)

    def predict(x: Any, *args: Any, **kwargs: Any) -> Any:
        with torch.autocast("cpu", torch.bfloat16):
            found = plain(x.contiguous(memory_format=torch.channels_last), *args, **kwargs)
        return tree_map_only(torch.Tensor, torch.Tensor.float, found)

    model._predict_once = predict


def can_mix_precision() -> bool:
    """Whether this processor computes in bfloat16 itself; where it has to pretend, that is slower than float32."""
    import torch

    # Torch has no public word for it.
    return bool(torch.cpu._is_avx512_bf16_supported())
