"""Somebody is where nobody should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from calibration.boxes import hull, inside_any
from calibration.zones import Zone
from pipelines.hazards import Hazard, HazardKind
from pipelines.rules.base import RuleSettings
from pipelines.rules.hold import Hold
from pipelines.rules.place import Place, middles
from pipelines.scene import Scene

# A stay survives this many looks in a row in which its track was not found inside: detectors blink, and
# a foot wobbles over the zone's edge. The third such look ends it.
_MISSES = 2

# And of all its looks at least this share must have found it inside before it counts.
_INSIDE_SHARE = 0.6

# How much of the zone must have been in the model's view before "nobody" means something.
_LOOKED = 0.9

# Once tracked, a box is followed down to this share of its class's threshold.
_FOLLOW = 0.5


class RestrictedZoneSettings(RuleSettings):
    """Bottom centre of a tracked box in the polygon, for a while."""

    kind: ClassVar[HazardKind] = HazardKind.RESTRICTED_ZONE
    zoned: ClassVar[bool] = True

    rule: Literal["restricted_zone"] = "restricted_zone"
    dwell_s: float = Field(
        default=1.0, ge=0, description="how long somebody must be inside; 0 alarms at the first look"
    )
    meanings: tuple[Literal["person", "vehicle", "machinery"], ...] = Field(
        default=("person",), min_length=1, description="what must not be in the zone"
    )

    @property
    def needs(self) -> frozenset[str]:
        """What must not be in the zone."""
        return frozenset(self.meanings)

    @property
    def confirm_s(self) -> float:
        """How long it may take to confirm one that is in view from the first look on."""
        return self.dwell_s

    @property
    def unseen_s(self) -> float:
        """Who is in and out again within this time may be missed; nobody may where the first look is to alarm."""
        return max(self.dwell_s, 2.0) if self.dwell_s > 0 else 0.0


@dataclass(slots=True)
class _Stay:
    """One track's time in the zone."""

    entered_s: float
    last_s: float
    box: NDArray[np.float32]
    inside: int = 0
    looks: int = 0
    misses: int = 0
    confidence: float = 0.0
    sure: bool = False

    def seen(self, time_s: float, box: NDArray[np.float32], confidence: float) -> None:
        self.last_s, self.box, self.misses = time_s, box, 0
        self.inside += 1
        self.looks += 1
        self.confidence += (confidence - self.confidence) / self.inside

    def missed(self) -> None:
        self.looks += 1
        self.misses += 1


class RestrictedZone:
    """Reports one hazard for the zone while anybody stays in it.

    Args:
        settings: timing and what counts.
        zone: the zone; required.
    """

    def __init__(self, settings: RestrictedZoneSettings, zone: Zone | None) -> None:
        if zone is None:
            raise ValueError("restricted_zone needs a zone")
        self._settings = settings
        self._zone = zone
        self._place = Place(zone.polygon)
        self._stays: dict[int, _Stay] = {}
        self._hold = Hold(settings.clear_after_s)

    @property
    def pending(self) -> bool:
        """Somebody is or was just inside."""
        return bool(self._stays) or self._hold.holding

    def reset(self) -> None:
        """Forget everybody."""
        self._stays.clear()
        self._hold.reset()

    def judge(self, scene: Scene) -> tuple[Hazard, ...]:
        """One hazard while at least one track has been inside for `dwell_s`."""
        found = scene.of(*self._settings.meanings, scale=_FOLLOW)
        found = found.pick(found.track_id >= 0)
        boxes = scene.boxes(found)
        inside = self._place.stands_in(boxes)
        for i in np.flatnonzero(inside):
            stay = self._stays.setdefault(int(found.track_id[i]), _Stay(scene.time_s, scene.time_s, boxes[i]))
            stay.seen(scene.time_s, boxes[i], float(found.confidence[i]))
        self._age(scene, {int(track) for track in found.track_id[inside]}, {int(track) for track in found.track_id})
        looked = self._place.looked_share(scene.looked) >= _LOOKED
        return self._hold.keep(self._hazards(), scene.time_s, looked=looked)

    def _age(self, scene: Scene, inside: set[int], found: set[int]) -> None:
        """Note who was not inside, where that could be told, and forget who has left."""
        for track, stay in list(self._stays.items()):
            if track not in inside:
                middle = middles(stay.box[None])
                if track in found or inside_any(middle, scene.looked)[0]:
                    stay.missed()
            if stay.misses > _MISSES:
                del self._stays[track]
            elif not stay.sure:
                stay.sure = self._long_enough(stay)

    def _long_enough(self, stay: _Stay) -> bool:
        if self._settings.dwell_s == 0:
            return True
        # The slack absorbs the rounding of capture times: 5 looks a second are not exactly 0.2 s apart.
        lasted = stay.last_s - stay.entered_s >= self._settings.dwell_s - 0.02
        return lasted and stay.inside >= 2 and stay.inside >= stay.looks * _INSIDE_SHARE

    def _hazards(self) -> tuple[Hazard, ...]:
        sure = [stay for stay in self._stays.values() if stay.sure]
        if not sure:
            return ()
        x1, y1, x2, y2 = np.clip(hull(np.stack([stay.box for stay in sure])), 0, 1).tolist()
        return (
            Hazard(
                kind=HazardKind.RESTRICTED_ZONE,
                box=(x1, y1, x2, y2),
                score=max(stay.confidence for stay in sure),
                first_seen_s=min(stay.entered_s for stay in sure),
                zone=self._zone.name,
            ),
        )
