"""From a recipe's data sets to the one folder that the trainer reads."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from calibration.errors import DatasetError
from calibration.skeleton import COCO_KEYPOINTS
from pipelines.retraining.data.dataset import Dataset, Labels, Picture, save_dataset
from pipelines.retraining.data.duplicates import hash_pictures, near_pairs
from pipelines.retraining.data.groups import inseparable, members
from pipelines.retraining.data.leakage import clear_of
from pipelines.retraining.data.loading import load_split
from pipelines.retraining.data.thin import thin
from pipelines.retraining.training.close_ups import write_close_ups
from pipelines.retraining.training.despeckle import write_despeckled
from pipelines.retraining.training.recipe import Ingredient, Recipe

_READY = "ready.json"

# The 17 COCO keypoints, left and right exchanged: what a mirrored person has.
COCO_MIRRORED = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)


@dataclass(frozen=True, slots=True)
class Staged:
    """Training data in place.

    Attributes:
        data: the `data.yaml` that the trainer reads; it has `train` and, to choose by, `hold`.
        pictures: how many in each.
        empty: how many of these have no box.
        boxes: how many of each class in `train`.
        withheld: how many were left out because they leak into what the model is measured on.
    """

    data: Path
    pictures: dict[str, int]
    empty: dict[str, int]
    boxes: dict[str, int]
    withheld: int

    @classmethod
    def read(cls, folder: Path) -> Staged | None:
        """What stands ready in a folder; None if nothing does, or only a part."""
        try:
            told = json.loads((folder / _READY).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return cls(folder / "data.yaml", **told)


def stage_data(recipe: Recipe, folder: Path) -> Staged:
    """Bring a recipe's pictures together: linked, not copied unless despeckled; labels in the recipe's classes.

    Args:
        recipe: its ingredients and its seed; the same recipe and data give the same folder.
        folder: made anew.

    Raises:
        DatasetError: a data set is missing or empty, or a class is in none of them and not `kept`; or pictures leak
            into those that the model is measured on, and the recipe does not say that they are withheld.
    """
    gathered = gather(recipe)
    clear = clear_of_proof(recipe, gathered)
    held, trained = hold_out(clear, recipe.hold_share, recipe.seed)
    trained = _fewer_negatives(trained, recipe.negatives_share, recipe.seed)
    parts = {"train": trained, "hold": held or trained}
    counts = _boxes(trained, recipe.classes)
    missing = [name for name, count in counts.items() if count == 0 and name not in recipe.kept]
    if missing:
        raise DatasetError(f"recipe {recipe.name}: no box of {', '.join(missing)} in the training pictures")
    shutil.rmtree(folder, ignore_errors=True)
    placed = {split: _write(pictures, folder, split, despeckled=recipe.despeckle) for split, pictures in parts.items()}
    placed["train"] += _close_ups(recipe, folder, placed["train"])
    _save(recipe, folder, placed["train"] + (placed["hold"] if held else []))
    data = folder / "data.yaml"
    data.write_text(yaml.safe_dump(_description(recipe, folder, trained), sort_keys=False), encoding="utf-8")
    told: dict[str, Any] = {
        "pictures": {split: len(pictures) for split, pictures in placed.items()},
        "empty": {split: sum(len(p.labels) == 0 for p in pictures) for split, pictures in placed.items()},
        "boxes": counts,
        "withheld": len(gathered) - len(clear),
    }
    (folder / _READY).write_text(json.dumps(told), encoding="utf-8")
    return Staged(data, **told)


def gather(recipe: Recipe) -> tuple[Picture, ...]:
    """Every ingredient's pictures, with labels in the recipe's classes and groups named after their set."""
    return tuple(picture for each in recipe.data for picture in _prepared(each, recipe))


def clear_of_proof(recipe: Recipe, pictures: Sequence[Picture]) -> Sequence[Picture]:
    """Without those that leak into what the model is measured on: a score on pictures trained on says nothing.

    Raises:
        DatasetError: there are some, and the recipe refuses them.
    """
    if recipe.proof is None:
        return pictures
    judged, _ = load_split(recipe.proof.data, recipe.proof.split)
    clear = clear_of(pictures, judged.pictures, parts=recipe.parts)
    if len(clear) < len(pictures) and recipe.leaks == "refuse":
        kept = {id(picture) for picture in clear}
        leaking = [str(picture.path) for picture in pictures if id(picture) not in kept]
        raise DatasetError(
            f"recipe {recipe.name}: {len(leaking)} training pictures are, or look like, some of "
            f"{recipe.proof.data}/{recipe.proof.split} that the model is measured on, such as "
            f"{', '.join(leaking[:3])}; split the data anew, or say `leaks: withhold` to leave them out"
        )
    return clear


def hold_out(pictures: Sequence[Picture], share: float, seed: int) -> tuple[tuple[Picture, ...], tuple[Picture, ...]]:
    """Cut off, to choose by, whole groups and all that looks like them.

    Which ones depends on the names of the groups only, so they stay out as data is added.

    Returns:
        The pictures held out, and the others.
    """
    if share == 0:
        return (), tuple(pictures)
    labels = inseparable(pictures, near_pairs(hash_pictures(pictures)))
    # A lot for each cluster, drawn by the first of its groups' names.
    names = {label: min(pictures[i].group for i in places) for label, places in members(labels).items()}
    held = [_lot(names[label], seed) < share for label in labels.tolist()]
    return (
        tuple(picture for picture, out in zip(pictures, held, strict=True) if out),
        tuple(picture for picture, out in zip(pictures, held, strict=True) if not out),
    )


def _lot(group: str, seed: int) -> float:
    """A number in 0–1 drawn by a group's name."""
    return int.from_bytes(hashlib.sha256(f"{seed} {group}".encode()).digest()[:8]) / 2**64


def _prepared(ingredient: Ingredient, recipe: Recipe) -> Iterable[Picture]:
    dataset, _ = load_split(ingredient.data, ingredient.split)
    place = {name: number for number, name in enumerate(recipe.classes)}
    names = [ingredient.rename.get(name, name) for name in dataset.classes]
    table = np.array([place.get(name, -1) for name in names], np.int64)
    pictures = _chosen(dataset.pictures, ingredient, recipe.seed)
    for picture in pictures:
        group = f"{dataset.name}/{picture.group}"
        if ingredient.role == "negatives":
            labels = Labels.none()
        else:
            ours = table[picture.labels.class_id]
            kept = picture.labels.pick(ours >= 0)
            labels = replace(kept, class_id=ours[ours >= 0])
        yield replace(picture, group=group, labels=labels)


def _chosen(pictures: Sequence[Picture], ingredient: Ingredient, seed: int) -> Sequence[Picture]:
    """Fewer of what is much the same, then fewer in all."""
    if ingredient.alike is not None:
        pictures = thin(pictures, ingredient.alike)
    if ingredient.a_group is not None:
        groups = defaultdict(list)
        for picture in pictures:
            groups[picture.group].append(picture)
        pictures = [picture for group in groups.values() for picture in _spread(group, ingredient.a_group)]
    if ingredient.most is not None:
        pictures = sorted(pictures, key=lambda picture: _lot(picture.sha256, seed))[: ingredient.most]
    return pictures


def _spread(pictures: Sequence[Picture], most: int) -> Sequence[Picture]:
    """At most so many, evenly over the file names, which follow time."""
    ordered = sorted(pictures, key=lambda picture: picture.path.name)
    if len(ordered) <= most:
        return ordered
    return [ordered[i] for i in np.linspace(0, len(ordered) - 1, most).round().astype(int)]


def _fewer_negatives(pictures: Sequence[Picture], share: float, seed: int) -> tuple[Picture, ...]:
    """Leave out empty pictures until they are at most this share of the rest."""
    empty = sorted((p for p in pictures if len(p.labels) == 0), key=lambda p: _lot(p.sha256, seed))
    labelled = len(pictures) - len(empty)
    most = len(empty) if share >= 1 else round(labelled * share / (1 - share))
    surplus = {id(picture) for picture in empty[most:]}
    return tuple(picture for picture in pictures if id(picture) not in surplus)


def _boxes(pictures: Iterable[Picture], classes: Sequence[str]) -> dict[str, int]:
    counts = np.zeros(len(classes), np.int64)
    for picture in pictures:
        np.add.at(counts, picture.labels.class_id, 1)
    return dict(zip(classes, counts.tolist(), strict=True))


def _write(pictures: Sequence[Picture], folder: Path, split: str, *, despeckled: bool) -> list[Picture]:
    """Link them and write their labels; returns them where they now are."""
    images, labels = folder / "images" / split, folder / "labels" / split
    images.mkdir(parents=True)
    labels.mkdir(parents=True)
    digits, placed = len(str(len(pictures))), []
    for number, picture in enumerate(pictures):
        # Numbered: two sets may hold files of one name.
        name = f"{number:0{digits}}_{picture.path.name}"
        if not (despeckled and write_despeckled(picture.path, images / name)):
            (images / name).symlink_to(picture.path.resolve())
        placed.append(replace(picture, path=images / name, split=split))
        _label(placed[-1], folder, split)
    return placed


def _close_ups(recipe: Recipe, folder: Path, pictures: Sequence[Picture]) -> list[Picture]:
    if recipe.close_ups is None:
        return []
    about = [recipe.classes.index(name) for name in recipe.close_ups.about]
    made = write_close_ups(
        pictures, folder / "images" / "train", recipe.card.size, recipe.close_ups.share, about, recipe.seed
    )
    for picture in made:
        _label(picture, folder, "train")
    return made


def _label(picture: Picture, folder: Path, split: str) -> None:
    path = (folder / "labels" / split / picture.path.name).with_suffix(".txt")
    path.write_text("".join(_lines(picture)), encoding="utf-8")


def _save(recipe: Recipe, folder: Path, pictures: Sequence[Picture]) -> None:
    """The manifest: what scores by groups, or looks for leaks, must know them."""
    count = max((picture.labels.keypoints.shape[1] for picture in pictures), default=0)
    names = COCO_KEYPOINTS if count == len(COCO_KEYPOINTS) else tuple(f"point{i}" for i in range(count))
    card = recipe.card
    save_dataset(
        Dataset(recipe.name, recipe.classes, names, card.licence, card.training_data, tuple(pictures)), folder, folder
    )


def _lines(picture: Picture) -> Iterable[str]:
    """Ultralytics' label lines: class, centre, size, keypoints; in 0–1 of the picture."""
    size = np.array([picture.width, picture.height], np.float64)
    labels = picture.labels
    for box, number, points in zip(labels.xyxy, labels.class_id, labels.keypoints, strict=True):
        centre, extent = (box[:2] + box[2:]) / 2 / size, (box[2:] - box[:2]) / size
        flat = [value for x, y, v in points for value in (x / size[0], y / size[1], v)]
        yield f"{number} " + " ".join(f"{value:.6g}" for value in (*centre, *extent, *flat)) + "\n"


def _description(recipe: Recipe, folder: Path, pictures: Sequence[Picture]) -> dict[str, object]:
    """What `data.yaml` says."""
    described: dict[str, object] = {
        "path": str(folder.resolve()), "train": "images/train", "val": "images/hold",
        "names": dict(enumerate(recipe.classes)),
    }  # fmt: skip
    if recipe.task == "pose":
        count = max(picture.labels.keypoints.shape[1] for picture in pictures)
        described["kpt_shape"] = [count, 3]
        if count == len(COCO_MIRRORED):
            described["flip_idx"] = list(COCO_MIRRORED)
            # Unnamed, they would be called by their numbers, down to the card.
            described["kpt_names"] = {number: list(COCO_KEYPOINTS) for number in range(len(recipe.classes))}
    return described
