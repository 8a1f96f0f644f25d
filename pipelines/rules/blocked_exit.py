"""Something stands in an exit or a fire lane."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from calibration.boxes import hull
from calibration.zones import Zone
from pipelines.hazards import Hazard, HazardKind
from pipelines.rules.base import RuleSettings
from pipelines.rules.place import Place, inside_any, middles
from pipelines.rules.standing import Standing
from pipelines.scene import Scene

THINGS = ("vehicle", "machinery", "object", "cone")
PEOPLE = ("person",)

# What has been found once is followed down to this share of its class's threshold.
_FAINT = 0.5


class BlockedExitSettings(RuleSettings):
    """Anything that stays in the polygon, whether or not a class fits it."""

    kind: ClassVar[HazardKind] = HazardKind.BLOCKED_EXIT
    needs: ClassVar[frozenset[str]] = frozenset({"person"})
    zoned: ClassVar[bool] = True

    rule: Literal["blocked_exit"] = "blocked_exit"
    dwell_s: float = Field(default=30.0, ge=2, description="how long something may stand there")
    person_dwell_s: float = Field(default=90.0, ge=2, description="how long a person may stand still there")
    reference_s: float = Field(
        default=5.0, ge=1, le=600, description="how long the clear zone is looked at before it counts as known"
    )
    min_share: float = Field(
        default=0.03, ge=0.01, le=1, description="smallest share of the zone that counts as blocked"
    )
    max_look_gap_s: float = Field(
        default=15.0, gt=0, description="of the time between two looks at most this much counts as standing"
    )


class BlockedExit:
    """Reports one hazard while anything stands in the zone.

    Args:
        settings: timing.
        zone: the exit or lane; required.
    """

    def __init__(self, settings: BlockedExitSettings, zone: Zone | None) -> None:
        if zone is None:
            raise ValueError("blocked_exit needs a zone")
        self._settings = settings
        self._zone = zone
        self._place = Place(zone.polygon)
        self._things = Standing(settings.dwell_s)
        self._people = Standing(settings.person_dwell_s)
        self._looked_s: float | None = None

    @property
    def pending(self) -> bool:
        """Something is there that may stay."""
        return len(self._things) + len(self._people) > 0

    def reset(self) -> None:
        """Forget what stood there."""
        self._things.reset()
        self._people.reset()
        self._looked_s = None

    def judge(self, scene: Scene) -> tuple[Hazard, ...]:
        """One hazard while something has stood there for its dwell."""
        elapsed = 0.0 if self._looked_s is None else scene.time_s - self._looked_s
        elapsed = min(elapsed, self._settings.max_look_gap_s)
        self._looked_s = scene.time_s
        for standing, meanings in ((self._things, THINGS), (self._people, PEOPLE)):
            found = scene.of(*meanings, scale=_FAINT)
            boxes = scene.boxes(found)
            here = self._place.based_in(boxes)
            looked = inside_any(middles(standing.boxes), scene.looked)
            standing.update(boxes[here], found.confidence[here], scene.time_s, elapsed, looked)
        return self._hazards()

    def _hazards(self) -> tuple[Hazard, ...]:
        spots = [*self._things.lasting(), *self._people.lasting()]
        if not spots:
            return ()
        x1, y1, x2, y2 = np.clip(hull(np.stack([spot.box for spot in spots])), 0, 1).tolist()
        return (
            Hazard(
                kind=HazardKind.BLOCKED_EXIT,
                box=(x1, y1, x2, y2),
                score=max(spot.confidence for spot in spots),
                first_seen_s=min(spot.first_s for spot in spots),
                zone=self._zone.name,
            ),
        )
