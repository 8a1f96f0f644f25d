"""Somebody without a safety vest."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from pipelines.hazards import HazardKind
from pipelines.rules.missing_gear import MissingGear, MissingGearSettings
from pipelines.rules.worn import TORSO, BodyPart


class NoVestSettings(MissingGearSettings):
    """A tracked person whose torso is seen without it, often enough and never clearly with it."""

    kind: ClassVar[HazardKind] = HazardKind.NO_VEST
    part: ClassVar[BodyPart] = TORSO

    rule: Literal["no_vest"] = "no_vest"
    least_px: float = Field(
        default=48.0,
        gt=0,
        description="size (root of the area) of a torso in the model's input, below which it is not judged",
    )


class NoVest(MissingGear):
    """Reports one hazard for each person without a safety vest."""
