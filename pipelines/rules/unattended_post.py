"""Nobody is where somebody should be."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from calibration.zones import Zone
from pipelines.hazards import Hazard, HazardKind
from pipelines.rules.base import RuleSettings
from pipelines.rules.hold import Hold
from pipelines.rules.place import Place
from pipelines.scene import Scene

# A person who sits still, half behind a desk, is found with less confidence than one who walks. Here a
# miss raises a false alarm and a false find only delays one, so boxes count from half the threshold.
_FAINT = 0.5

# How much of the post must have been in the model's view before "nobody" means something.
_LOOKED = 0.9

# Closer looks are asked for in the last quarter of the time allowed, at most this long before the alarm.
_CLOSER_S = 10.0

# Somebody is back when this many looks in a row found them: one who walks past does not end it.
_BACK = 2


class UnattendedPostSettings(RuleSettings):
    """Nobody's box overlaps the post's polygon for longer than allowed."""

    kind: ClassVar[HazardKind] = HazardKind.UNATTENDED_POST
    needs: ClassVar[frozenset[str]] = frozenset({"person"})
    zoned: ClassVar[bool] = True

    rule: Literal["unattended_post"] = "unattended_post"
    absent_s: float = Field(default=60.0, gt=0, description="how long the post may be empty")
    overlap: float = Field(
        default=0.3, gt=0, le=1, description="share of the person's box (or of the post, if smaller) that must overlap"
    )
    max_look_gap_s: float = Field(
        default=15.0, gt=0, description="time between two looks that are further apart does not count as absence"
    )

    @property
    def confirm_s(self) -> float:
        """How long it may take to confirm one that is in view from the first look on."""
        return self.absent_s

    @property
    def unseen_s(self) -> float:
        """Time between looks that are further apart would not count."""
        return min(self.max_look_gap_s, 10.0)


class UnattendedPost:
    """Reports one hazard while the post has been empty for longer than allowed.

    Time counts as absence only between two looks that both saw the whole post empty and were close enough
    together: time in which nobody looked proves nothing.

    Args:
        settings: timing.
        zone: the post; required.
    """

    def __init__(self, settings: UnattendedPostSettings, zone: Zone | None) -> None:
        if zone is None:
            raise ValueError("unattended_post needs a zone")
        self._settings = settings
        self._zone = zone
        self._place = Place(zone.polygon)
        self._hold = Hold(settings.clear_after_s)
        self.reset()

    def reset(self) -> None:
        """Forget when the post was last attended."""
        self._hold.reset()
        self._restart()

    def _restart(self) -> None:
        self._attended_s: float | None = None  # last seen attended, or the first look of all
        self._empty_s: float | None = None  # the last look that saw it empty
        self._absent_s = 0.0  # absence proven so far
        self._sightings = 0  # looks in a row that found somebody, during an alarm
        self._blind = False  # the last two looks were too far apart to prove anything
        self._alarmed = False

    @property
    def pending(self) -> bool:
        """The time allowed has nearly run out, or the looks come too far apart to tell."""
        if self._alarmed or self._hold.holding:
            return self._sightings > 0 or self._hold.holding
        left = self._settings.absent_s - self._absent_s
        return self._empty_s is not None and (self._blind or left <= min(self._settings.absent_s / 4, _CLOSER_S))

    def judge(self, scene: Scene) -> tuple[Hazard, ...]:
        """One hazard while nobody has been there for `absent_s`."""
        people = scene.boxes(scene.of("person", scale=_FAINT))
        looked = self._place.looked_share(scene.looked) >= _LOOKED
        if (self._place.overlap(people) >= self._settings.overlap).any():
            self._attended(scene.time_s)
        elif looked:
            self._empty(scene.time_s)
        return self._hold.keep(self._hazards(), scene.time_s, looked=looked)

    def _attended(self, time_s: float) -> None:
        self._sightings += 1
        if self._alarmed and self._sightings < _BACK:
            return
        self._restart()
        self._attended_s = time_s

    def _empty(self, time_s: float) -> None:
        self._sightings = 0
        if self._attended_s is None:
            self._attended_s = time_s
        if self._empty_s is not None:
            gap = time_s - self._empty_s
            self._blind = gap > self._settings.max_look_gap_s
            self._absent_s += 0.0 if self._blind else gap
        self._empty_s = time_s
        self._alarmed = self._alarmed or self._absent_s >= self._settings.absent_s

    def _hazards(self) -> tuple[Hazard, ...]:
        if not self._alarmed or self._attended_s is None:
            return ()
        # Certain enough once the time allowed has passed; surer the longer nobody comes.
        score = 1 - 0.5 * self._settings.absent_s / max(self._absent_s, self._settings.absent_s)
        return (
            Hazard(
                kind=HazardKind.UNATTENDED_POST,
                box=self._zone.polygon.bounds,
                score=score,
                first_seen_s=self._attended_s,
                zone=self._zone.name,
            ),
        )
