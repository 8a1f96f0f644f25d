"""`lookout dataset turn`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calibration.errors import DatasetError
from edge.cli.dataset._options import folder_of

if TYPE_CHECKING:
    from pipelines.retraining.proposals.derive import Derived


def turn(
    name: Annotated[str, typer.Argument(metavar="PLAN", help="A folder with plan.yaml, or a name below datasets/.")],
    count: Annotated[int, typer.Option(min=1, help="Turned pictures to train on; of other splits, an eighth each.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same pictures.")] = 1,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the new plan goes; over the old one when left out.")
    ] = None,
) -> None:
    """Add persons on the floor to a plan with keypoints: windows around upright persons, turned with their labels.

    A turned picture is of its source's group and split. Turned pictures that are in the plan already are made anew.

    Example: `lookout dataset turn people-pose --count 900 --seed 1`
    """
    from calibration.skeleton import COCO_KEYPOINTS
    from pipelines.retraining.proposals.derive import load_plan, save_plan
    from pipelines.retraining.proposals.turn import turned

    folder = folder_of(name)
    plan = load_plan(folder)
    if plan.keypoints != COCO_KEYPOINTS:
        raise DatasetError(f"{folder}: has {len(plan.keypoints)} keypoints; only the 17 of COCO persons can be turned")
    upright = tuple(picture for picture in plan.pictures if picture.view is None)
    more: list[Derived] = []
    for place, split in enumerate(("train", "hold", "val")):
        of_split = [picture for picture in upright if picture.split == split]
        more += turned(of_split, count if split == "train" else count // 8, seed + place)
    save_plan(plan.model_copy(update={"pictures": (*upright, *more)}), out or folder)
    typer.echo(f"{out or folder}: upright pictures: {len(upright)}, turned: {len(more)}")
