"""Something stands in an exit or a fire lane."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from calibration.boxes import Boxes, grow, hull, iou
from calibration.zones import Zone
from pipelines.hazards import Box, Hazard, HazardKind
from pipelines.rules.base import RuleSettings
from pipelines.rules.grid import ZoneGrid
from pipelines.rules.hold import Hold
from pipelines.rules.light import View
from pipelines.rules.place import Place
from pipelines.rules.standing import SAME_PLACE, Spot, Standing
from pipelines.rules.zone_change import ZoneChange
from pipelines.scene import Scene

THINGS = ("vehicle", "machinery", "object")

_FAINT = 0.5  # a person hides what is behind down to this share
_BODY = 0.25  # by which a person's box is grown: shadows and hands
_LOOKED = 0.9  # share of the zone that the model must have been given
_SOMETHING = 0.05  # share of a box's cells that must have changed where the clear zone is known
_LEAST_SCORE, _SURE_SHARE = 0.6, 0.25  # score of the smallest change; share of the zone that is certain


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

    @property
    def confirm_s(self) -> float:
        """How long it may take to confirm one that is in view from the first look on."""
        return self.reference_s + max(self.dwell_s, self.person_dwell_s)

    @property
    def unseen_s(self) -> float:
        """Time between looks that are further apart would not count."""
        return min(self.max_look_gap_s, 10.0)


class BlockedExit:
    """Reports one hazard while anything stands in the zone.

    Two witnesses: boxes of the detector that stay where they are, and a lasting change of the zone's
    picture against its clear state, whatever it is that stands there.

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
        self._hold = Hold(settings.clear_after_s)
        self._grid: ZoneGrid | None = None
        self._change: ZoneChange | None = None
        self._looked_s: float | None = None

    def reset(self) -> None:
        """Forget what stood there, but not what the clear zone looks like.

        Learning it anew, say when a rule's hours begin, could take a zone that is blocked by then for clear.
        """
        self._things.reset()
        self._people.reset()
        self._hold.reset()
        if self._change is not None:
            self._change.reset()
        self._looked_s = None

    @property
    def pending(self) -> bool:
        """Something is there that may stay, or the clear zone is still being learnt."""
        if self._change is None or self._change.learning or self._hold.holding:
            return True
        undecided = any(spot.stood_s < self._settings.dwell_s for spot in self._things)
        return undecided or any(not patch.lasting for patch in self._change.patches())

    def judge(self, scene: Scene) -> tuple[Hazard, ...]:
        """One hazard while something has stood there for its dwell."""
        looked = self._place.looked_share(scene.looked) >= _LOOKED
        if looked:
            elapsed_s = 0.0 if self._looked_s is None else scene.time_s - self._looked_s
            self._look(scene, min(max(elapsed_s, 0.0), self._settings.max_look_gap_s))
            self._looked_s = scene.time_s
        return self._hold.keep(self._hazards(), scene.time_s, looked=looked)

    def _look(self, scene: Scene, elapsed_s: float) -> None:
        grid, change = self._prepared(scene)
        things = scene.of(*THINGS)
        boxes = scene.boxes(things)
        here = self._place.based_in(boxes)
        self._things.update(boxes[here], things.confidence[here], scene.time_s, elapsed_s)
        people = scene.of("person", scale=_FAINT)
        bodies = scene.boxes(people)
        self._people.update(bodies, people.confidence, scene.time_s, elapsed_s)
        # Who stands there for longer than a person may is no longer just passing: the change counts then.
        stayed = iou(bodies, _boxes(self._people.lasting())).max(axis=1, initial=0) >= SAME_PLACE
        change.update(
            grid.sample(scene.frame.y),
            View.of(scene, grid.box),
            grid.cover(grow(bodies[~stayed], _BODY)),
            grid.cover(grow(boxes, _BODY)),
            scene.time_s,
            elapsed_s,
        )

    def _prepared(self, scene: Scene) -> tuple[ZoneGrid, ZoneChange]:
        aspect = scene.frame.width / scene.frame.height
        if self._grid is None or self._change is None or not self._grid.fits(aspect):
            settings = self._settings
            self._grid = ZoneGrid(self._zone.polygon, aspect)
            self._change = ZoneChange(self._grid.zone, settings.dwell_s, settings.reference_s, settings.min_share)
        return self._grid, self._change

    def _hazards(self) -> tuple[Hazard, ...]:
        if self._grid is None or self._change is None:
            return ()
        boxes: list[Box] = []
        scores: list[float] = []
        first_s: list[float] = []
        for spot in self._detected(self._grid, self._change):
            boxes.append(_box(spot.box))
            scores.append(spot.confidence)
            first_s.append(spot.first_s)
        for patch in self._change.patches():
            if patch.lasting:
                boxes.append(self._grid.box_of(patch.cells))
                scores.append(_LEAST_SCORE + (1 - _LEAST_SCORE) * min(patch.share / _SURE_SHARE, 1))
                first_s.append(patch.first_s)
        if not boxes:
            return ()
        box = _box(hull(np.array(boxes, np.float32)))
        return (Hazard(HazardKind.BLOCKED_EXIT, box, max(scores), min(first_s), self._zone.name),)

    def _detected(self, grid: ZoneGrid, change: ZoneChange) -> Iterator[Spot]:
        """Detected things and people that stay; not those where the clear zone looks just the same."""
        people = [spot for spot in self._people.lasting() if self._place.stands_in(spot.box[None])[0]]
        for spot in (*self._things.lasting(), *people):
            if not change.contradicts(grid.cover(spot.box[None]) & grid.zone, _SOMETHING):
                yield spot


def _boxes(spots: Iterable[Spot]) -> Boxes:
    return np.array([spot.box for spot in spots], np.float32).reshape(-1, 4)


def _box(corners: NDArray[np.float32]) -> Box:
    x1, y1, x2, y2 = np.clip(corners, 0, 1).tolist()
    return x1, y1, x2, y2
