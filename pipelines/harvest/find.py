"""A frame worth keeping, and what is written beside its picture."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from pipelines.hazards import Box

FORMAT: Final = "lookout-harvest-1"

# In an agent's data folder: pictures in `harvest/YYYY-MM-DD/id.jpg` with `id.json` beside each, and the verdicts.
FOLDER, PICTURE, NOTES = "harvest", ".jpg", ".json"
VERDICTS = "verdicts.jsonl"

# An unjudged picture is worth half of what it was after this long: models and views change.
HALF_LIFE_S = 7 * 86_400.0

_Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_Id = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class Why(StrEnum):
    """Why a frame is kept."""

    INCIDENT = "incident"  # it opened an incident or went out with an update: a person may judge it
    UNSTIRRED = "unstirred"  # the detector is sure of flame or smoke where the prefilter saw nothing stir
    UNCERTAIN = "uncertain"  # a detection near its threshold
    UNEXPLAINED = "unexplained"  # the prefilter saw flame, or much that changed, and no detection accounts for it


# What a picture of each kind is worth, at a score of 1. One of an incident outlives the others by two half-lives,
# which is what verdicts may take.
_WORTH = {Why.INCIDENT: 4.0, Why.UNSTIRRED: 2.0, Why.UNCERTAIN: 1.0, Why.UNEXPLAINED: 0.5}
_LEAST_SCORE = 0.1


class _Part(BaseModel):
    # A newer agent may write more than this one knows.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Proposal(_Part):
    """A box that a model drew: a proposal for a label, never a label."""

    model: str = Field(description="the card's name")
    name: str = Field(description="the class, as the card calls it")
    means: str = Field(description="what the class is to the rules")
    score: float
    threshold: float = Field(description="from which a detection of this class counted")
    box: Box = Field(description="x1, y1, x2, y2 in 0–1 of the picture")

    @property
    def counted(self) -> bool:
        """It was at or above its threshold."""
        return self.score >= self.threshold


class Claim(_Part):
    """An incident that this frame was evidence of."""

    incident: str
    kind: str
    rule: str
    phase: str
    score: float
    box: Box = Field(description="of the hazard: x1, y1, x2, y2 in 0–1 of the picture")
    model: str = Field(description="the card's name of the model that serves the rule")
    names: tuple[str, ...] = Field(description="classes of that model that the rule asks for")


class Find(_Part):
    """What is known of a frame worth keeping."""

    format: Literal["lookout-harvest-1"] = FORMAT
    id: _Id
    source: str
    captured_s: float = Field(description="capture time, UTC seconds since the epoch")
    why: Why
    score: float = Field(ge=0, le=1)
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    spot: Box = Field(description="what drew attention: x1, y1, x2, y2 in 0–1 of the picture")
    looks: str = Field(pattern="^[0-9a-f]{16}$", description="difference hash of the spot")
    models: dict[str, tuple[str, ...]] = Field(description="class names in order, by the card's name")
    versions: dict[str, str] = Field(description="of the models")
    proposals: tuple[Proposal, ...] = ()
    claims: tuple[Claim, ...] = ()


class KeptPicture(Find):
    """A find whose picture lies on disk, under the same name."""

    sha256: _Digest = Field(description="of the JPEG file")
    kept_s: float = Field(description="when it was kept by the agent's clock, UTC seconds since the epoch")


class Weighed(Protocol):
    """What a picture's worth depends on."""

    @property
    def why(self) -> Why:
        """The kind."""
        ...

    @property
    def score(self) -> float:
        """Of its kind."""
        ...

    @property
    def kept_s(self) -> float:
        """When it was kept."""
        ...


def worth(kept: Weighed, now_s: float) -> float:
    """What a picture is worth at a time: by kind and score, halved every week; as a logarithm to base 2."""
    fresh = math.log2(_WORTH[kept.why] * max(kept.score, _LEAST_SCORE))
    return fresh - max(0.0, now_s - kept.kept_s) / HALF_LIFE_S
