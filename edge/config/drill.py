"""What a site file may say about a drill: a test fire, test smoke, a test obstacle."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipelines.rules.base import Settings

Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class DrillItem(Settings):
    """What every drawn thing has in common.

    Times count from the drill's origin, which is the first frame of the source.
    """

    at: tuple[Share, Share] = Field(description="where its foot stands: x, y in 0–1 of the picture")
    size: float = Field(gt=0, le=1.5, description="its full height as a share of the picture's height")
    start_s: float = Field(default=0.0, ge=0, description="seconds after the first frame at which it appears")
    duration_s: float | None = Field(default=None, gt=0, description="how long it lasts; for ever if left out")
    seed: Seed = Field(default=1, description="the same seed draws the same thing")


class DrillFire(DrillItem):
    """A flame that flickers and saturates the camera."""

    kind: Literal["fire"] = "fire"
    size: float = Field(default=0.2, gt=0, le=1.5, description="height of the tongues, share of the picture's height")
    grow_s: float = Field(default=5.0, ge=0, description="seconds from the first flame to its full size")


class DrillSmoke(DrillItem):
    """A plume that rises, widens and fades."""

    kind: Literal["smoke"] = "smoke"
    size: float = Field(default=0.6, gt=0, le=1.5, description="height where it fades, share of the picture's height")
    grow_s: float = Field(default=8.0, ge=0, description="seconds from the first wisp to its full size and opacity")
    opacity: float = Field(default=0.8, gt=0, le=0.98, description="how much of the background its middle hides")
    shade: float = Field(default=0.65, ge=0, le=1, description="0 black soot, 0.65 grey, 1 white steam")
    wind: float = Field(default=0.0, ge=-1, le=1, description="lean to the left (−1) or to the right (1)")


class DrillObstacle(DrillItem):
    """Something left standing."""

    kind: Literal["obstacle"] = "obstacle"
    size: float = Field(default=0.15, gt=0, le=1.5, description="its height as a share of the picture's height")
    look: Literal["crate", "drum", "pallet", "bag"] = Field(default="crate", description="what it is")


AnyDrillItem = Annotated[DrillFire | DrillSmoke | DrillObstacle, Field(discriminator="kind")]


class DrillSettings(Settings):
    """A drill: things rendered onto the real frames of one source."""

    items: tuple[AnyDrillItem, ...] = Field(min_length=1, description="what is drawn, the farthest first")
