"""What can be wrong: the kinds of hazard, their names for people, and one occurrence of one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from calibration.ground import GroundPoint

Box = tuple[float, float, float, float]


class HazardKind(StrEnum):
    """The kinds of hazard that Lookout can report."""

    FIRE = "fire"
    SMOKE = "smoke"
    RESTRICTED_ZONE = "restricted_zone"
    BLOCKED_EXIT = "blocked_exit"
    UNATTENDED_POST = "unattended_post"
    NO_HARD_HAT = "no_hard_hat"
    NO_VEST = "no_vest"
    PERSON_DOWN = "person_down"
    CHANGED_SCENE = "changed_scene"

    def title(self, lang: str) -> str:  # type: ignore[override]
        """Name for people, `zh` or `en`."""
        return _TITLES[self][lang]

    @property
    def concerns_zone(self) -> bool:
        """It is the zone's as a whole, wherever in it the box lies: a rule has one for its zone, not one a place."""
        return self in {
            HazardKind.RESTRICTED_ZONE, HazardKind.BLOCKED_EXIT, HazardKind.UNATTENDED_POST, HazardKind.CHANGED_SCENE,
        }  # fmt: skip


_TITLES: dict[HazardKind, dict[str, str]] = {
    HazardKind.FIRE: {"en": "Fire", "zh": "火焰"},
    HazardKind.SMOKE: {"en": "Smoke", "zh": "烟雾"},
    HazardKind.RESTRICTED_ZONE: {"en": "Person in restricted zone", "zh": "人员闯入禁区"},
    HazardKind.BLOCKED_EXIT: {"en": "Exit or fire lane blocked", "zh": "安全出口或消防通道占用"},
    HazardKind.UNATTENDED_POST: {"en": "Post unattended", "zh": "人员离岗"},
    HazardKind.NO_HARD_HAT: {"en": "No hard hat", "zh": "未戴安全帽"},
    HazardKind.NO_VEST: {"en": "No safety vest", "zh": "未穿反光衣"},
    HazardKind.PERSON_DOWN: {"en": "Person down", "zh": "人员倒地"},
    HazardKind.CHANGED_SCENE: {"en": "Scene changed", "zh": "现场变化"},
}


@dataclass(frozen=True, slots=True)
class Hazard:
    """A rule's finding at one inspection: it holds now, and has been confirmed.

    A rule reports it at every inspection for as long as it holds, and stops when it is over.

    Attributes:
        kind: what is wrong.
        box: where, x1, y1, x2, y2 in 0–1 of the picture.
        score: 0–1, how sure.
        first_seen_s: frame time (`Frame.time_s`) at which the first sign of it was seen.
        zone: the zone it concerns, if the rule has one.
        subject: whom or what it concerns, by the rule's own number: the same for as long as the rule knows it to be
            the same person, wherever that person goes; None where the place alone says what is the same.
        ground: where it is in the world, seen from a camera that moves and knows where it is; else None.
    """

    kind: HazardKind
    box: Box
    score: float
    first_seen_s: float
    zone: str | None = None
    subject: int | None = None
    ground: GroundPoint | None = None
