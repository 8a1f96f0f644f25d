"""Somebody does not wear what has to be worn: what `no_hard_hat` and `no_vest` share.

A head of a dozen pixels is no head to a model, and it then takes hair for hats and hats for hair. The rule therefore
asks for a closer look at each person, judges no head or torso that is still small there, and pools what the looks
said for as long as the person is in view: one look is never an alarm, and what is once clearly worn outweighs a
few looks that saw it missing.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from calibration.zones import Zone
from pipelines.hazards import Hazard
from pipelines.rules.base import RuleSettings
from pipelines.rules.dossiers import Dossier, Dossiers, Sign
from pipelines.rules.place import Place
from pipelines.rules.worn import HEAD, TORSO, BodyPart, owners, upper_part
from pipelines.scene import CloseUp, Scene

# Once tracked, a person is followed down to this share of the class's threshold.
_FOLLOW = 0.5

# A box that ends this close to the picture's edge goes on outside.
_EDGE = 0.01

# A close look is a run of the model: so many each time the view is inspected.
_CLOSE_LOOKS = 2

# Whoever is settled, or was looked at for long without a word, is looked at again after this time.
_AGAIN_S = 5.0

# A look that saw it worn counts as much as this many that saw it missing as surely.
_OUTWEIGHS = 2.0

# One look can say no more than two at the threshold, however sure it is.
_SUREST = 2.0

# A head is a quarter of a sitting person's height at most, a torso half: who is shorter than this many parts of the
# least size can not show one that is large enough.
_SHORTEST = {HEAD: 4.0, TORSO: 2.0}


class MissingGearSettings(RuleSettings):
    """What it takes to say that somebody goes without."""

    part: ClassVar[BodyPart]

    least_px: float = Field(
        gt=0,
        description="size (root of the area) of a head or torso as the model sees it, below which it is not judged",
    )
    lasting_s: float = Field(
        default=2.0, ge=0, description="least time between the first and the last look that counts"
    )
    least: int = Field(default=4, ge=1, description="looks that must have seen it missing")
    strength: float = Field(
        default=3.0, gt=0, description="what their scores must add up to, in thresholds of the card's class"
    )
    window_s: float = Field(default=20.0, gt=0, description="looks older than this no longer count")
    weakest: float = Field(
        default=0.5, gt=0, le=1, description="share of the card's threshold from which a look says anything"
    )

    @property
    def needs(self) -> frozenset[str]:
        """What is seen when it is missing."""
        return frozenset({self.part.missing})

    @property
    def confirm_s(self) -> float:
        """How long it may take to confirm one that is in view from the first look on."""
        return self.window_s


class MissingGear:
    """Reports one hazard for each person who goes without, for as long as the person is in view.

    Args:
        settings: which part of the body, and what it takes.
        zone: only people who stand in it; the whole view if None.
    """

    def __init__(self, settings: MissingGearSettings, zone: Zone | None) -> None:
        self._settings = settings
        self._zone = zone
        self._place = None if zone is None else Place(zone.polygon)
        self._people = Dossiers(settings.clear_after_s)
        self._time_s = 0.0

    @property
    def pending(self) -> bool:
        """Somebody was just looked at of whom nothing certain is known yet."""
        return any(person.asked_s == self._time_s and self._urgent(person) for person in self._people)

    def reset(self) -> None:
        """Forget everybody."""
        self._people.reset()

    def judge(self, scene: Scene) -> tuple[Hazard, ...]:
        """One hazard a person without."""
        self._time_s = scene.time_s
        found = scene.of("person", scale=_FOLLOW)
        found = found.pick(found.track_id >= 0)
        boxes = scene.boxes(found)
        counted = np.ones(len(found), bool) if self._place is None else self._place.stands_in(boxes)
        rows = np.flatnonzero(counted)
        known = self._people.update(found.track_id[rows], boxes[rows], scene.time_s, scene.looked)
        whole = _whole(boxes)
        self._look_closely(
            scene, {row: p for row, p in zip(rows.tolist(), known, strict=True) if whole[row]}, found.xyxy
        )
        for person in self._people:
            self._settle(person)
        return tuple(self._hazard(person) for person in self._people if person.open)

    def _look_closely(self, scene: Scene, people: dict[int, Dossier], xyxy: NDArray[np.float32]) -> None:
        """Look closer at those whose turn it is; whom else a look shows is judged by it as well.

        Args:
            scene: what was seen.
            people: who can be judged, by row of `xyxy`.
            xyxy: `(n, 4)` px, everybody.
        """
        lens = scene.lens
        if lens is None:
            return
        shortest_px = self._settings.least_px * _SHORTEST[self._settings.part]
        longest = (xyxy[:, 2:] - xyxy[:, :2]).max(axis=1, initial=0)
        waiting = [
            row
            for row, person in people.items()
            if self._due(person) and longest[row] * lens.scale(upper_part(xyxy[row])) >= shortest_px
        ]
        waiting.sort(key=lambda row: (not self._urgent(people[row]), people[row].asked_s))
        for row in waiting[:_CLOSE_LOOKS]:
            people[row].asked_s = scene.time_s
            self._take_in(scene, lens.look(upper_part(xyxy[row])), people, xyxy)

    def _take_in(self, scene: Scene, close: CloseUp, people: dict[int, Dossier], xyxy: NDArray[np.float32]) -> None:
        """What a closer look says of each person."""
        part = self._settings.part
        parts = close.found.pick(self._large_and_whole(close))
        owner = owners(part, parts.xyxy, xyxy)
        sure = np.minimum(parts.confidence / scene.thresholds[parts.class_id], _SUREST)
        sure = np.where(sure >= self._settings.weakest, sure, 0.0)
        meaning = np.array([scene.meanings[class_id] for class_id in parts.class_id], np.str_)
        for row, person in people.items():
            missing = float(sure[(owner == row) & (meaning == part.missing)].max(initial=0))
            worn = float(sure[(owner == row) & (meaning == part.worn)].max(initial=0))
            if missing or worn:
                person.add(Sign(scene.time_s, missing, worn), self._settings.window_s)

    def _large_and_whole(self, close: CloseUp) -> NDArray[np.bool_]:
        """Which boxes of a closer look are large enough, and not cut off by its edge: `(n,)`."""
        sides = close.found.xyxy[:, 2:] - close.found.xyxy[:, :2]
        large = np.sqrt(sides.prod(axis=1)) * close.scale >= self._settings.least_px
        x1, y1, x2, y2 = close.view_px
        air = _EDGE * max(x2 - x1, y2 - y1)
        inside = (close.found.xyxy[:, :2] > (x1 + air, y1 + air)) & (close.found.xyxy[:, 2:] < (x2 - air, y2 - air))
        judged: NDArray[np.bool_] = large & inside.all(axis=1)
        return judged

    def _due(self, person: Dossier) -> bool:
        return self._time_s - person.asked_s >= _AGAIN_S or self._urgent(person)

    def _urgent(self, person: Dossier) -> bool:
        """Nothing certain is known of the person, and looking has not been in vain for long."""
        settled = person.open or person.balance(_OUTWEIGHS) <= -self._settings.strength
        spoke_s = person.signs[-1].time_s if person.signs else person.since_s
        return not settled and self._time_s - spoke_s < self._settings.window_s

    def _settle(self, person: Dossier) -> None:
        """Open what has been seen often and long enough; end what the looks no longer say."""
        want, without, balance = self._settings, person.without, person.balance(_OUTWEIGHS)
        if person.open:
            person.open = balance > 0
        elif len(without) >= want.least and balance >= want.strength:
            # The slack absorbs the rounding of capture times.
            person.open = without[-1].time_s - without[0].time_s >= want.lasting_s - 0.02

    def _hazard(self, person: Dossier) -> Hazard:
        without = person.without
        x1, y1, x2, y2 = np.clip(person.box, 0, 1).tolist()
        return Hazard(
            kind=self._settings.kind,
            box=(x1, y1, x2, y2),
            score=min(sum(s.missing for s in without) / len(without) / _SUREST, 1.0),
            first_seen_s=without[0].time_s,
            zone=None if self._zone is None else self._zone.name,
            subject=person.subject,
        )


def _whole(boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Who is not cut off at the left, the right or the top of the picture: `(n, 4) 0–1 -> (n,)`.

    Legs may be out of the picture: neither a head nor a torso needs them.
    """
    inside: NDArray[np.bool_] = (boxes[:, 0] > _EDGE) & (boxes[:, 2] < 1 - _EDGE) & (boxes[:, 1] > _EDGE)
    return inside
