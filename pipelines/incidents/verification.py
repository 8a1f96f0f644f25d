"""Is a hazard that people call rectified really gone? What has to be seen before the agent says so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pipelines.hazards import HazardKind

WITHIN_S = 600.0
"""How long the agent tries before it says that it can not verify."""

_LOOK_S = 15.0  # of the time between two looks at most this much counts as looking
_LIGHT = 2.5  # the view may be so many times brighter or darker than at the alarm, to be comparable
_DARK = 0.04  # below this share of full white a factor says nothing

NEEDS_S: dict[HazardKind, float] = {
    HazardKind.FIRE: 30.0,
    HazardKind.SMOKE: 60.0,
    HazardKind.RESTRICTED_ZONE: 10.0,
    HazardKind.BLOCKED_EXIT: 20.0,
    HazardKind.UNATTENDED_POST: 20.0,
    # People come and go: their being out of sight for a moment proves little.
    HazardKind.NO_HARD_HAT: 120.0,
    HazardKind.NO_VEST: 120.0,
    HazardKind.PERSON_DOWN: 15.0,
    HazardKind.CHANGED_SCENE: 0.0,
}
"""How long the view has to be looked at without the hazard, at least; a rule that confirms more slowly needs longer."""

_SHINES = frozenset({HazardKind.FIRE})  # it lights the view itself, which is darker once it is out


class Verdict(StrEnum):
    """What a verification has come to."""

    GONE = "gone"
    PERSISTS = "persists"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Verification:
    """One incident that is being verified.

    Attributes:
        kind: what was wrong.
        light: mean brightness of the view at the alarm, 0–1; None where it is not known.
        began_s: time of the first look, or of the first question whether it is late, by the clock of the frames.
        looked_s: seconds of looking under comparable conditions so far.
        reason: why the last look did not count.
        last_s: time of the last look.
    """

    kind: HazardKind
    light: float | None
    began_s: float | None = None
    looked_s: float = 0.0
    reason: str | None = None
    last_s: float | None = None

    def look(
        self, time_s: float, *, seen: bool, slow_s: float, light: float | None, unfit: str | None
    ) -> Verdict | None:
        """One more look at the view.

        Args:
            time_s: of the frame.
            seen: the rule says that the hazard is there.
            slow_s: how long the rule takes to confirm a hazard and to let go of it.
            light: mean brightness of the view, 0–1.
            unfit: why this view shows nothing that counts, such as a camera that was moved.

        Returns:
            None while it has to go on.
        """
        step_s = 0.0 if self.last_s is None else min(max(0.0, time_s - self.last_s), _LOOK_S)
        self.last_s = time_s
        self.reason = unfit or self._other_light(light)
        if self.reason is None:
            self.looked_s += step_s
            if seen and self.looked_s > slow_s:
                return Verdict.PERSISTS
            if not seen and self.looked_s >= max(NEEDS_S[self.kind], slow_s):
                return Verdict.GONE
        return self.late(time_s)

    def late(self, time_s: float) -> Verdict | None:
        """Whether the time is up, also where no picture comes."""
        if self.began_s is None:
            self.began_s = time_s
        if time_s - self.began_s < WITHIN_S:
            return None
        self.reason = self.reason or (
            "no picture of the view" if self.last_s is None else "not looked at for long enough"
        )
        return Verdict.UNKNOWN

    def _other_light(self, light: float | None) -> str | None:
        if light is None or self.light is None or self.kind in _SHINES:
            return None
        now, then = max(light, _DARK), max(self.light, _DARK)
        if max(now, then) / min(now, then) <= _LIGHT:
            return None
        return f"the light is not that of the alarm (brightness {light:.2f}, then {self.light:.2f})"
