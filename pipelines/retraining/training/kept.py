"""Classes that a training keeps from its base: of these the pupil learns what the base sees, not what labels leave out.

"Learning without Forgetting" of Z. Li and D. Hoiem (2016). Without it two epochs are enough to erase a class that no
picture shows: every picture says that it is not there, and AdamW makes whole steps of the smallest gradients.
Imports torch and ultralytics inside the functions only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from calibration.errors import ModelError


def base_of(weights: str, kept: Sequence[str]) -> Any:
    """The base as it is, to look at each picture beside the pupil.

    Raises:
        ModelError: it does not know one of these classes.
    """
    from ultralytics.nn.tasks import load_checkpoint

    base = load_checkpoint(weights)[0].float().eval()
    unknown = sorted(set(kept) - set(base.names.values()))
    if unknown:
        raise ModelError(f"{weights}: knows no {', '.join(unknown)}, which the recipe keeps from it")
    return base


def keep(model: Any, base: Any, kept: Sequence[str]) -> None:
    """Make the base's scores the targets of these classes, in the class loss of Ultralytics' `model`.

    Where a picture has a labelled box, the label says what is there, of the kept classes too.

    Args:
        model: in training; its class loss takes scores and targets as `(pictures, anchors, classes)`.
        base: see `base_of`; of the same strides.
        kept: names of classes that both know.
    """
    import torch

    ours = [number for number, name in model.names.items() if name in kept]
    theirs = [next(number for number, name in base.names.items() if name == model.names[one]) for one in ours]
    plain_loss, plain_criterion = model.loss, model.init_criterion
    seen: Any = None

    def loss(batch: dict[str, Any], preds: Any = None) -> Any:
        nonlocal seen
        with torch.no_grad():
            seen = base(batch["img"])[1]["scores"][:, theirs].sigmoid().transpose(1, 2)
        return plain_loss(batch, preds)

    def criterion() -> Any:
        made = plain_criterion()
        made.bce = _aimed(made.bce, ours, lambda: seen)
        return made

    model.loss, model.init_criterion, model.criterion = loss, criterion, None


def _aimed(bce: Callable[[Any, Any], Any], ours: Sequence[int], seen: Callable[[], Any]) -> Callable[[Any, Any], Any]:
    """The loss with other targets for some of the classes, but at the anchors of labelled boxes."""
    import torch

    def aimed(scores: Any, targets: Any) -> Any:
        labelled = targets.amax(dim=-1, keepdim=True) > 0
        targets = targets.clone()
        targets[..., ours] = torch.where(labelled, targets[..., ours], seen().to(targets.dtype))
        return bce(scores, targets)

    return aimed
