"""Somebody lies on the ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from calibration.boxes import near
from calibration.zones import Zone
from pipelines.hazards import Box, Hazard, HazardKind
from pipelines.rules.base import RuleSettings, Severity
from pipelines.rules.lying import Look, Onlooker
from pipelines.rules.place import Place
from pipelines.scene import Scene

# Who was upright so shortly before has fallen, and half the dwell is enough: one lies down on purpose more slowly.
# Two looks fit in even where the agenda has slowed to one in 0.8 s.
_FALL_S = 2.0

# Whoever was never seen upright may be a couch with a cushion: its mean confidence must be so many thresholds.
_NEVER_UPRIGHT = 1.5

_FOLLOW = 0.5  # once tracked, a box is followed down to this share of its class's threshold
_MISSES = 2  # looks in a row that did not find it lying; the third makes the dwell begin anew
_LYING_SHARE = 0.6  # of the looks of the dwell must have found it lying
_NEAR = 0.3  # a box grown by this share of its sides reaches whoever was there under another number
_LOST_S = 3.0  # as the tracker: by then its number does not come back


class PersonDownSettings(RuleSettings):
    """A tracked person lies, by the keypoints of a pose model, for a while."""

    kind: ClassVar[HazardKind] = HazardKind.PERSON_DOWN
    needs: ClassVar[frozenset[str]] = frozenset({"pose"})

    rule: Literal["person_down"] = "person_down"
    severity: Severity = Field(default=4, description="1 notice, 2 warning, 3 severe, 4 life in danger")
    dwell_s: float = Field(
        default=2.0, gt=0, description="how long somebody must lie; half of it is enough where the fall was seen"
    )
    least_px: float = Field(
        default=40.0, gt=0, description="longer side of a person in the model's input, below which it is not judged"
    )
    roll_deg: float = Field(
        default=0.0, ge=-180, le=180, description="by how much upright things lean to the right in the picture"
    )

    @property
    def confirm_s(self) -> float:
        """How long it may take to confirm one that is in view from the first look on."""
        return self.dwell_s

    @property
    def unseen_s(self) -> float:
        """Who lies does not get up between two pictures."""
        return max(self.dwell_s, 2.0)


@dataclass(slots=True)
class _Body:
    """One track; the fields from `fell` on speak of its lying, which began at `since_s`."""

    box: Box
    found_s: float
    upright_s: float | None = None
    since_s: float | None = None
    fell: bool = False
    sure: bool = False
    lain_s: float = 0.0  # the last look that found it lying
    lying: int = 0
    looks: int = 0
    misses: int = 0
    gone_s: float = 0.0
    confidence: float = 0.0
    sureness: float = 0.0  # the same in thresholds of the card

    def seen(self, look: Look, box: Box, confidence: float, threshold: float, time_s: float) -> bool:
        """Take in a look that found the track: does it lie?"""
        self.box, self.found_s = box, time_s
        if look.upright:
            self.upright_s = time_s
        if not (look.lies or (look.may_lie and self.since_s is not None)):
            return False
        if self.since_s is None:
            self.since_s = time_s
            self.fell = self.upright_s is not None and time_s - self.upright_s <= _FALL_S
        self.lain_s, self.misses, self.gone_s = time_s, 0, 0.0
        self.lying += 1
        self.looks += 1
        self.confidence += (confidence - self.confidence) / self.lying
        self.sureness += (confidence / threshold - self.sureness) / self.lying
        return True

    def missed(self) -> None:
        """Note a look that did not find it lying."""
        self.looks += 1
        self.misses += 1

    def lies_for(self, dwell_s: float) -> bool:
        """Has it lain for so long, in most of the looks?"""
        if self.since_s is None:
            return False
        wanted_s = dwell_s / 2 if self.fell else dwell_s
        # The slack absorbs the rounding of capture times: 5 looks a second are not exactly 0.2 s apart.
        if self.upright_s is None and self.sureness < _NEVER_UPRIGHT:
            return False
        lasted = self.lain_s - self.since_s >= wanted_s - 0.02
        return lasted and self.lying >= 2 and self.lying >= self.looks * _LYING_SHARE


class PersonDown:
    """Reports one hazard for each person who lies.

    Args:
        settings: timing and the camera.
        zone: where it counts; everywhere if None.
    """

    def __init__(self, settings: PersonDownSettings, zone: Zone | None) -> None:
        self._settings = settings
        self._onlooker = Onlooker(settings.least_px, settings.roll_deg)
        self._place = Place(zone.polygon) if zone is not None else None
        self.reset()

    @property
    def pending(self) -> bool:
        """Somebody lies, or may."""
        return any(body.since_s is not None for body in self._bodies.values())

    def reset(self) -> None:
        """Forget everybody."""
        self._bodies: dict[int, _Body] = {}
        self._last_s: float | None = None

    def judge(self, scene: Scene) -> tuple[Hazard, ...]:
        """One hazard for each body that has lain for `dwell_s`."""
        elapsed_s = 0.0 if self._last_s is None else max(scene.time_s - self._last_s, 0.0)
        self._last_s = scene.time_s
        found = scene.of("person", scale=_FOLLOW)
        found = found.pick(found.track_id >= 0)
        if self._place is not None:
            found = found.pick(self._place.overlap(scene.boxes(found)) > 0)
        boxes = scene.boxes(found).clip(0, 1).tolist()
        here = {int(track) for track in found.track_id}
        lying, hidden = set(), set()
        for i, look in enumerate(self._onlooker.looks(found, scene)):
            track, (x1, y1, x2, y2) = int(found.track_id[i]), boxes[i]
            body = self._body(track, (x1, y1, x2, y2), scene.time_s, here)
            threshold = float(scene.thresholds[found.class_id[i]])
            if body.seen(look, (x1, y1, x2, y2), float(found.confidence[i]), threshold, scene.time_s):
                lying.add(track)
            elif not look.told:
                hidden.add(track)
        for track in list(self._bodies):
            self._age(track, scene.time_s, 0.0 if track in hidden else elapsed_s, lies=track in lying)
        return tuple(
            Hazard(HazardKind.PERSON_DOWN, body.box, body.confidence, body.since_s, self._settings.zone)
            for body in self._bodies.values()
            if body.sure and body.since_s is not None
        )

    def _body(self, track: int, box: Box, time_s: float, here: set[int]) -> _Body:
        """Whose track it is: who falls changes shape and place at once, and may get a new number by that.

        Args:
            track: the number.
            box: where it is now.
            time_s: of the look.
            here: numbers of all who were found at this look.
        """
        if track not in self._bodies:
            lost = (t for t, body in self._bodies.items() if t not in here and near(body.box, box, _NEAR, 0.0))
            last = max(lost, key=lambda t: self._bodies[t].found_s, default=None)
            self._bodies[track] = _Body(box, time_s) if last is None else self._bodies.pop(last)
        return self._bodies[track]

    def _age(self, track: int, time_s: float, gone_s: float, *, lies: bool) -> None:
        """Confirm, hold or end one body's lying; forget who has left.

        Args:
            track: whose.
            time_s: of the look.
            gone_s: time that counts as not lying, unless it lies.
            lies: this look found it lying.
        """
        body = self._bodies[track]
        if body.since_s is not None and not lies:
            body.missed()
            body.gone_s += gone_s
        body.sure = body.sure or body.lies_for(self._settings.dwell_s)
        over = body.gone_s >= self._settings.clear_after_s if body.sure else body.misses > _MISSES
        left = time_s - body.found_s > _LOST_S
        if left and (over or body.since_s is None):
            del self._bodies[track]
        elif over:
            self._bodies[track] = _Body(body.box, body.found_s, body.upright_s)
