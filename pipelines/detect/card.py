"""The card of a model: everything needed to run it, and where it came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from calibration.errors import ModelError
from calibration.skeleton import COCO_KEYPOINTS
from pipelines.hazards import HazardKind

MEANINGS = (
    "fire", "smoke", "person", "vehicle", "machinery", "object", "hard_hat", "no_hard_hat",
    "vest", "no_vest", "mask", "no_mask", "cone", "none",
)  # fmt: skip

POSE = "pose"
"""What a model sees besides its classes' meanings when it gives the keypoints of a whole body."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CardClass(_Part):
    """One class of the model."""

    name: str = Field(description="the model's own name for it")
    means: str = Field(description=f"what it is to the rules: one of {', '.join(MEANINGS)}")
    threshold: float = Field(gt=0, lt=1, description="confidence from which a detection counts")
    threshold_source: str | None = Field(default=None, description="what the threshold was chosen by, in words")

    @field_validator("means")
    @classmethod
    def _known(cls, means: str) -> str:
        if means not in MEANINGS:
            raise ValueError(f"unknown meaning {means!r}, allowed: {', '.join(MEANINGS)}")
        return means


class CardInput(_Part):
    """How a picture is handed to the model."""

    width: Annotated[int, Field(gt=0, multiple_of=32)]
    height: Annotated[int, Field(gt=0, multiple_of=32)]
    colour: Literal["rgb", "bgr"] = "rgb"
    layout: Literal["nchw", "nhwc"] = "nchw"
    scale: float = Field(default=1 / 255, gt=0, description="each byte is multiplied by this; 1 if the graph does it")
    pad: int = Field(default=114, ge=0, le=255, description="grey level around a letterboxed picture")


class CardWeights(_Part):
    """A weights file beside the card's own."""

    weights: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="digest of the file")


class Card(_Part):
    """A model card as it stands in `card.yaml`."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: str
    task: Literal["detect", "pose"] = Field(description="pose: each box has keypoints")
    classes: tuple[CardClass, ...] = Field(min_length=1)
    keypoints: tuple[str, ...] = Field(default=(), description="of a pose: their names, in the output's order")
    input: CardInput
    output: Literal["anchors", "end_to_end"] = Field(
        description="anchors: (1, 4 + classes, n), needs NMS; end_to_end: (1, n, 6) of x1 y1 x2 y2 score class; "
        "a pose has x y confidence of each keypoint behind that"
    )
    nms_iou: float = Field(default=0.6, gt=0, lt=1, description="two boxes of a class that overlap more are one")
    doubles: Literal["suppressed", "voting"] = Field(
        default="suppressed",
        description="what becomes of the boxes that are one with a better one: dropped, or heard; see `voting`",
    )
    made_for: tuple[HazardKind, ...] = Field(
        default=(), description="the rules that it serves before other models that see what they need"
    )
    licence: str
    training_data: str
    base: str | None = Field(default=None, description="the weights that training started from")
    recipe: str | None = Field(default=None, description="digest of the recipe it was trained by")
    metrics: dict[str, Any] = Field(default_factory=dict)
    weights: str = "model.onnx"
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="digest of the weights file")
    alternative: CardWeights | None = Field(
        default=None, description="the same model in another precision, for machines on which that is faster"
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Card:
        names = [c.name for c in self.classes]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"class names must differ, found twice: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _keypoints_fit(self) -> Card:
        if (self.task == "pose") != bool(self.keypoints):
            allowed = "their names" if self.task == "pose" else "none"
            raise ValueError(f"task {self.task}: found {len(self.keypoints)} keypoints, allowed: {allowed}")
        twice = sorted({n for n in self.keypoints if self.keypoints.count(n) > 1})
        if twice:
            raise ValueError(f"keypoints must differ, found twice: {', '.join(twice)}")
        return self

    @property
    def meanings(self) -> tuple[str, ...]:
        """What each class means, by class id."""
        return tuple(c.means for c in self.classes)

    @property
    def sees(self) -> tuple[str, ...]:
        """What the model can serve a rule with: its classes' meanings, and `pose` for a body's keypoints.

        A model with fewer keypoints than a body's is no less usable for its boxes, but it does not see poses.
        """
        seen = dict.fromkeys(m for m in self.meanings if m != "none")
        whole = "person" in seen and set(COCO_KEYPOINTS) <= set(self.keypoints)
        return (*seen, POSE) if whole else tuple(seen)

    @property
    def release(self) -> tuple[int, ...]:
        """The numbers of its version, of which the higher is the newer."""
        return tuple(int(number) for number in re.findall(r"[0-9]+", self.version))

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """The threshold of each class: `(classes,)`."""
        return np.array([c.threshold for c in self.classes], np.float32)

    @property
    def offered(self) -> tuple[CardWeights, ...]:
        """All weights that the card vouches for, its own first."""
        own = CardWeights(weights=self.weights, sha256=self.sha256)
        return (own,) if self.alternative is None else (own, self.alternative)

    def with_weights(self, weights: CardWeights) -> Card:
        """The card of the same model with other weights as its own."""
        return self.model_copy(update={"weights": weights.weights, "sha256": weights.sha256})

    def with_thresholds(self, thresholds: Mapping[str, float]) -> Card:
        """The card with other thresholds for some of its classes, by class name; unknown names change nothing."""
        classes = tuple(c.model_copy(update={"threshold": thresholds.get(c.name, c.threshold)}) for c in self.classes)
        return self.model_copy(update={"classes": classes})


def parse_card(text: str, where: str) -> Card:
    """Read a card.

    Args:
        text: the YAML.
        where: the file it came from, for messages.

    Raises:
        ModelError: it is not YAML, or not a card; every fault is listed with its path.
    """
    return make_card(read_fields(text, where), where)


def read_fields(text: str, where: str) -> dict[str, Any]:
    """The fields as they are written, complete or not.

    Raises:
        ModelError: it is not YAML, or not a mapping.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ModelError(f"{where}: not valid YAML: {error}") from error
    if not isinstance(data, dict):
        raise ModelError(f"{where}: expected a mapping of card fields, found {type(data).__name__}")
    return data


def make_card(data: dict[str, Any], where: str) -> Card:
    """A card from its fields.

    Raises:
        ModelError: some are missing or wrong; every fault is listed with its path.
    """
    try:
        return Card.model_validate(data)
    except ValidationError as error:
        faults = [f"  {'.'.join(map(str, e['loc'])) or 'card'}: {e['msg']}" for e in error.errors()]
        raise ModelError(f"{where}: not a usable card\n" + "\n".join(faults)) from error
