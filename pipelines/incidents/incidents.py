"""One hazard, one incident: from what the rules find now to the life of each occurrence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibration import boxes as box_math
from pipelines.events import Condition, Event, Handling, Mode, Phase
from pipelines.frame import Frame
from pipelines.hazards import Box, Hazard


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says at one inspection.

    Attributes:
        rule: its name, unique within the source.
        mode: alarm or observe.
        severity: at the time of the alarm.
        escalation: `(after_s, severity)` pairs, in any order: severity once it has lasted so long.
        hazards: those that hold now; empty when none does.
    """

    rule: str
    mode: Mode
    severity: int
    escalation: tuple[tuple[float, int], ...]
    hazards: tuple[Hazard, ...]

    def severity_after(self, lasted_s: float) -> int:
        """Severity of a hazard that has lasted so long since its alarm; it never falls."""
        return max([self.severity, *(level for after_s, level in self.escalation if lasted_s >= after_s)])


@dataclass(frozen=True, slots=True)
class Policy:
    """How talkative incidents are.

    Attributes:
        update_every_s: at most one update per incident in this time, unless its severity rises.
        merge_s: a hazard that comes back to its place within this time is the same incident.
        margin: places closer than this share of the picture are the same place.
    """

    update_every_s: float = 30.0
    merge_s: float = 60.0
    margin: float = 0.1


class Incidents:
    """The incidents of one source.

    Args:
        new_id: gives a fresh UUIDv7 as text.
        policy: how talkative.
    """

    def __init__(self, new_id: Callable[[], str], policy: Policy | None = None) -> None:
        self._new_id = new_id
        self._policy = policy or Policy()
        self._known: dict[str, Event] = {}  # the last event of each incident

    @property
    def active(self) -> tuple[Event, ...]:
        """The last event of each incident that the lens still sees."""
        return tuple(e for e in self._known.values() if e.condition is Condition.ACTIVE)

    def follow(self, frame: Frame, findings: Sequence[Finding]) -> tuple[Event, ...]:
        """What has to be told after this inspection: openings, updates, clearings."""
        told: list[Event] = []
        for finding in findings:
            unseen = [e for e in self.active if e.rule == finding.rule]
            for hazard in finding.hazards:
                last = self._same(hazard, finding.rule)
                if last is None:
                    told.append(self._open(frame, finding, hazard))
                    continue
                unseen = [e for e in unseen if e.incident != last.incident]
                news = self._update(frame, finding, hazard, last)
                if news is not None:
                    told.append(news)
            told += [self._clear(frame, last) for last in unseen]
        self._forget(frame.time_s)
        return tuple(told)

    def clear_all(self, frame: Frame) -> tuple[Event, ...]:
        """The view is no longer watched for: whatever is active ends with that."""
        told = tuple(self._clear(frame, last) for last in self.active)
        self._forget(frame.time_s)
        return told

    def attach(self, incident: str, time_s: float) -> Event | None:
        """An update that carries late evidence; None when the incident is no longer known."""
        last = self._known.get(incident)
        if last is None:
            return None
        moved = max(0.0, time_s - last.time_s)
        return self._tell(
            replace(
                last,
                sequence=last.sequence + 1,
                phase=Phase.UPDATE,
                time_s=last.time_s + moved,
                captured_s=last.captured_s + moved,
            )
        )

    def _open(self, frame: Frame, finding: Finding, hazard: Hazard) -> Event:
        return self._tell(
            Event(
                incident=self._new_id(),
                sequence=1,
                phase=Phase.OPEN,
                condition=Condition.ACTIVE,
                handling=Handling.OPEN,
                mode=finding.mode,
                kind=hazard.kind,
                source=frame.source,
                rule=finding.rule,
                zone=hazard.zone,
                severity=finding.severity_after(0.0),
                score=hazard.score,
                box=hazard.box,
                time_s=frame.time_s,
                captured_s=frame.captured_s,
                first_seen_s=hazard.first_seen_s,
                alarm_s=frame.time_s,
                frame=frame.sequence,
                drill=frame.drill,
                clock=frame.clock,
            )
        )

    def _update(self, frame: Frame, finding: Finding, hazard: Hazard, last: Event) -> Event | None:
        severity = max(last.severity, finding.severity_after(frame.time_s - last.alarm_s))
        returned = last.condition is Condition.CLEARED
        due = frame.time_s - last.time_s >= self._policy.update_every_s
        if not (due or returned or severity > last.severity):
            return None
        return self._tell(
            replace(
                last,
                sequence=last.sequence + 1,
                phase=Phase.UPDATE,
                condition=Condition.ACTIVE,
                severity=severity,
                score=max(last.score, hazard.score),
                box=hazard.box,
                time_s=frame.time_s,
                captured_s=frame.captured_s,
                frame=frame.sequence,
                drill=last.drill or frame.drill,
                clock=frame.clock,
            )
        )

    def _clear(self, frame: Frame, last: Event) -> Event:
        return self._tell(
            replace(
                last,
                sequence=last.sequence + 1,
                phase=Phase.CLEARED,
                condition=Condition.CLEARED,
                time_s=frame.time_s,
                captured_s=frame.captured_s,
                frame=frame.sequence,
                clock=frame.clock,
            )
        )

    def _tell(self, event: Event) -> Event:
        self._known[event.incident] = event
        return event

    def _same(self, hazard: Hazard, rule: str) -> Event | None:
        """The incident that this hazard continues: same rule, same zone, same place."""
        candidates = [e for e in self._known.values() if e.rule == rule and e.zone == hazard.zone]
        near = [e for e in candidates if _near(e.box, hazard.box, self._policy.margin)]
        # One that the lens still sees goes before one that was cleared; the younger before the older.
        return max(near, key=lambda e: (e.condition is Condition.ACTIVE, e.time_s), default=None)

    def _forget(self, now_s: float) -> None:
        """Incidents cleared long ago can not be taken up again; late evidence gets as long."""
        limit = self._policy.merge_s
        self._known = {
            key: e for key, e in self._known.items() if e.condition is Condition.ACTIVE or now_s - e.time_s <= limit
        }


def _near(a: Box, b: Box, margin: float) -> bool:
    one, other = np.array([a], np.float32), np.array([b], np.float32)
    return bool(box_math.intersection(box_math.grow(one, 0.25, margin), other)[0, 0] > 0)
