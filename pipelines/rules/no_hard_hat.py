"""Somebody without a hard hat."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from pipelines.hazards import HazardKind
from pipelines.rules.missing_gear import MissingGear, MissingGearSettings
from pipelines.rules.worn import HEAD, BodyPart


class NoHardHatSettings(MissingGearSettings):
    """A tracked person whose head is seen without it, often enough and never clearly with it."""

    kind: ClassVar[HazardKind] = HazardKind.NO_HARD_HAT
    part: ClassVar[BodyPart] = HEAD

    rule: Literal["no_hard_hat"] = "no_hard_hat"
    least_px: float = Field(
        default=24.0,
        gt=0,
        description="size (root of the area) of a head in the model's input, below which it is not judged",
    )


class NoHardHat(MissingGear):
    """Reports one hazard for each person without a hard hat."""
