"""The mean of several trainings' weights: as good as their best, or better, at the price of one."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from calibration.errors import ModelError


def write_mean(checkpoints: Sequence[str], path: Path) -> Path:
    """Average checkpoints of one network that were trained from one another, or from one base.

    "Model soups" of M. Wortsman et al. (2022): the mean of weights that one base led to keeps what each of them learnt,
    where the mean of weights that were trained apart is worth nothing.

    Args:
        checkpoints: Ultralytics' `.pt` files; those that it kept as a running mean are taken as that.
        path: where to write; a checkpoint to train from.

    Raises:
        ModelError: torch is missing, or they are not of one network.
    """
    try:
        import torch
    except ImportError as error:
        raise ModelError("training needs ultralytics and torch: pip install 'lookout-agent[train]'") from error
    loaded = [torch.load(each, map_location="cpu", weights_only=False) for each in checkpoints]
    models = [(one.get("ema") or one["model"]).float() for one in loaded]
    models = [_with_classes(model, models[-1]) for model in models]
    states: list[dict[str, Any]] = [model.state_dict() for model in models]
    first = {name: tuple(value.shape) for name, value in states[0].items()}
    for place, state in zip(checkpoints, states, strict=True):
        if {name: tuple(value.shape) for name, value in state.items()} != first:
            raise ModelError(f"{place}: is of another network than {checkpoints[0]}; a mean needs one network")
    mean = {
        name: sum(state[name] for state in states) / len(states) if value.is_floating_point() else value
        for name, value in states[-1].items()
    }
    models[-1].load_state_dict(mean)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({**loaded[-1], "model": copy.deepcopy(models[-1]).half(), "ema": None}, path)
    return path


def _with_classes(model: Any, meant: Any) -> Any:
    """The network with only those classes that another one has, in its order; as it is if it lacks one of them."""
    theirs, wanted = getattr(model, "names", None), getattr(meant, "names", None)
    if not theirs or not wanted or theirs == wanted or not set(wanted.values()) <= set(theirs.values()):
        return model
    fitted = copy.deepcopy(meant)
    fitted.load(model, verbose=False)  # Ultralytics takes the rows of its head by their names
    return fitted
