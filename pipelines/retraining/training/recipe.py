"""A recipe: everything that decides what a training makes of its data, in one file of the repository."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from calibration.errors import ConfigError

Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Ingredient(_Part):
    """One data set, or a part of it."""

    data: Path = Field(description="a manifest folder, or a folder in YOLO layout; relative to the recipe")
    split: str = Field(default="train", description="which split of it; `train` unless said")
    role: Literal["labelled", "negatives"] = Field(
        default="labelled", description="negatives: its boxes are ignored, every picture counts as empty of our classes"
    )
    rename: dict[str, str] = Field(
        default_factory=dict, description="its class → ours; classes that are not ours in the end are left out"
    )
    alike: int | None = Field(default=None, ge=1, description="at most so many pictures that are nearly the same")
    a_group: int | None = Field(default=None, ge=1, description="at most so many pictures of one clip, camera or day")
    most: int | None = Field(default=None, ge=1, description="at most so many pictures of it in all")


class Stage(_Part):
    """One stretch of training with one picture size and one falling rate."""

    size: Annotated[int, Field(gt=0, multiple_of=32)] = Field(description="side of the square picture, pixels")
    epochs: int = Field(ge=1)
    rate: float = Field(gt=0, description="learning rate at its highest")
    last_rate: Share = Field(default=0.02, description="share of it that is left at the end, along a cosine")
    warm_up: float = Field(default=1.0, ge=0, description="epochs until the rate is reached")
    mosaic: Share = Field(default=0.7, description="share of pictures put together from four")
    plain_epochs: int = Field(default=2, ge=0, description="last epochs without mosaic")
    freeze: int = Field(default=0, ge=0, description="so many first layers keep their weights")


class Augmentation(_Part):
    """How pictures are varied, in Ultralytics' terms and units."""

    hue: Share = 0.015
    saturation: Share = 0.7
    value: Share = 0.4
    turn_degrees: float = Field(default=0.0, ge=0, le=180)
    shift: Share = 0.1
    scale: Share = 0.5
    mirror: Share = 0.5
    mix: Share = 0.0


class CloseUps(_Part):
    """Enlarged parts of training pictures, beside the whole: as the agent looks at what its prefilter points at."""

    about: tuple[str, ...] = Field(min_length=1, description="classes worth enlarging")
    share: Share = Field(default=0.3, description="so many of the pictures that show them, or show nothing")


class CardDraft(_Part):
    """What the card says that training can not know."""

    size: Annotated[int, Field(gt=0, multiple_of=32)] = Field(description="side of the picture the model is given")
    means: dict[str, str] = Field(description="what each class is to the rules")
    threshold: dict[str, float] = Field(default_factory=dict, description="until calibration: 0.25 unless said")
    made_for: tuple[str, ...] = Field(default=(), description="rules that it serves before other models")
    licence: str
    training_data: str
    nms_iou: float = Field(default=0.6, gt=0, lt=1)
    doubles: Literal["suppressed", "voting"] = "suppressed"


class Proof(_Part):
    """What the candidate is measured on."""

    data: Path = Field(description="a folder in YOLO layout; relative to the recipe")
    split: str = "val"
    clips: Path | None = Field(default=None, description="clips with their events, as `lookout evaluate clips` reads")
    rules: tuple[str, ...] = Field(default=(), description="rules to judge there; the usual ones if none are named")
    alarms_per_day: float = Field(default=1.0, gt=0, description="false alarms a camera and day that are bearable")
    margin: Share = Field(default=0.02, description="how far a class's AP50 may fall below the released model")


class Recipe(_Part):
    """One training, from base weights to a candidate's card.

    Paths are relative to the recipe's own folder and absolute once it is loaded.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="the model's name")
    task: Literal["detect", "pose"] = "detect"
    base: str = Field(description="weights to start from (.pt), or an architecture (.yaml) for untrained ones")
    averaged_with: tuple[str, ...] = Field(
        default=(), description="weights that the base led to, or that led to it: training starts from the mean of all"
    )
    activation: Literal["silu", "relu"] = Field(
        default="silu", description="relu makes INT8 faster, and needs more training where the base has silu"
    )
    classes: tuple[str, ...] = Field(min_length=1)
    kept: tuple[str, ...] = Field(
        default=(),
        description="classes that the base knows by that name: where no box is labelled, its word is what is learnt",
    )
    data: tuple[Ingredient, ...] = Field(min_length=1)
    negatives_share: Share = Field(default=1.0, description="at most this share of the pictures is empty")
    hold_share: Share = Field(default=0.1, description="share of the groups held out of training, to choose by")
    leaks: Literal["refuse", "withhold"] = Field(
        default="refuse", description="what is done about training pictures that leak into the proof's"
    )
    parts: bool = Field(default=False, description="look for leaks by parts of pictures, as in mosaics; takes minutes")
    despeckle: bool = Field(default=False, description="take salt-and-pepper noise out of the training pictures")
    close_ups: CloseUps | None = Field(default=None, description="parts enlarged; of training pictures only")
    stages: tuple[Stage, ...] = Field(description="one after another; none where the mean of weights is all")
    augment: Augmentation = Field(default_factory=Augmentation)
    batch: int = Field(default=16, ge=1, description="pictures computed at a time")
    step: int = Field(default=64, ge=1, description="pictures seen before the weights move; the rate belongs to it")
    average: int = Field(default=100, ge=1, description="the weights kept are a running mean over so many steps")
    keep: Literal["best", "last"] = Field(
        default="best",
        description="which epoch's weights: by the pictures held out, or the last where the base has seen those",
    )
    seed: int = 0
    card: CardDraft
    proof: Proof | None = None

    @model_validator(mode="after")
    def _classes_agree(self) -> Recipe:
        if not self.stages and not self.averaged_with:
            raise ValueError("stages: found none, allowed only with averaged_with")
        if set(self.card.means) != set(self.classes):
            raise ValueError(f"card.means names {sorted(self.card.means)}, classes are {sorted(self.classes)}")
        strange = sorted(set(self.close_ups.about if self.close_ups else ()) - set(self.classes))
        if strange:
            raise ValueError(f"close_ups.about names {strange}, classes are {sorted(self.classes)}")
        strange = sorted(set(self.kept) - set(self.classes))
        if strange:
            raise ValueError(f"kept names {strange}, classes are {sorted(self.classes)}")
        if self.kept and (self.task != "detect" or not self.base.endswith(".pt")):
            raise ValueError(
                f"kept: a base of task {self.task} found, {self.base}; allowed: weights (.pt) of task detect"
            )
        unknown = sorted(set(self.card.threshold) - set(self.classes))
        if unknown:
            raise ValueError(f"card.threshold names {unknown}, classes are {sorted(self.classes)}")
        if self.task == "detect" and len(set(self.classes)) != len(self.classes):
            raise ValueError(f"classes must differ, found {list(self.classes)}")
        return self


def load_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        ConfigError: it can not be read, or is wrong; every fault with its path.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"can not be read: {error.strerror}"], str(path)) from error
    except yaml.YAMLError as error:
        raise ConfigError([f"not valid YAML: {error}"], str(path)) from error
    try:
        return _absolute(Recipe.model_validate(data), path.resolve().parent)
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, e['loc'])) or 'recipe'}: {e['msg']}, found {e['input']!r}" for e in error.errors()
        ]
        raise ConfigError(faults, str(path)) from error


def digest(recipe: Recipe) -> str:
    """Which recipe it was: 64 hexadecimal digits, the same wherever the folders lie."""
    told = recipe.model_dump(
        mode="json", exclude={"base": True, "averaged_with": True, "data": {"__all__": {"data"}}, "proof": True}
    )
    if recipe.card.doubles == "suppressed":
        del told["card"]["doubles"]
    for since in ("close_ups", "kept"):
        if not told[since]:
            del told[since]  # trained before there were any
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _absolute(recipe: Recipe, here: Path) -> Recipe:
    def placed(path: Path) -> Path:
        return (here / path).resolve()

    def named(weights: str) -> str:
        # An architecture that Ultralytics knows by name (yolo11n.yaml) is no file of ours.
        return str(placed(Path(weights))) if "/" in weights or weights.endswith(".pt") else weights

    data = tuple(each.model_copy(update={"data": placed(each.data)}) for each in recipe.data)
    changed: dict[str, Any] = {
        "base": named(recipe.base), "averaged_with": tuple(map(named, recipe.averaged_with)), "data": data,
    }  # fmt: skip
    if recipe.proof is not None:
        clips = placed(recipe.proof.clips) if recipe.proof.clips is not None else None
        changed["proof"] = recipe.proof.model_copy(update={"data": placed(recipe.proof.data), "clips": clips})
    return recipe.model_copy(update=changed)
