"""One hazard, one incident: from what the rules find now to the life of each occurrence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from calibration import boxes as box_math
from calibration.ground import GroundPoint
from pipelines.events import Condition, Event, Handling, Mode, Phase
from pipelines.frame import Frame
from pipelines.handling import Instruction, follows, told
from pipelines.hazards import Hazard
from pipelines.incidents.steps import at, handled, moved
from pipelines.incidents.verification import Verdict, Verification

# An incident reaches beyond its box by this share of its sides.
_REACH = 0.25


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says at one inspection.

    Attributes:
        rule: its name, unique within the source.
        mode: alarm or observe.
        severity: at the time of the alarm.
        escalation: `(after_s, severity)` pairs, in any order: severity once it has lasted so long.
        hazards: those that hold now; empty when none does.
        patience_s: how long the rule may have to look until it finds again what was there before a restart.
        sees: whether the camera looks at a place in the world now; what it does not look at is neither there nor gone.
    """

    rule: str
    mode: Mode
    severity: int
    escalation: tuple[tuple[float, int], ...]
    hazards: tuple[Hazard, ...]
    patience_s: float = 0.0
    sees: Callable[[GroundPoint], bool] = lambda _: True

    def looks_at(self, event: Event) -> bool:
        """A hazard would be seen, if it were there: one without a place in the world is in the picture."""
        return event.ground is None or self.sees(event.ground)

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
        search_s: what was active before a restart is looked for at least this long before it is cleared.
        handled: an incident is kept until people are done with it, and not only until the lens sees it no more.
    """

    update_every_s: float = 30.0
    merge_s: float = 60.0
    margin: float = 0.1
    search_s: float = 30.0
    handled: bool = False


# Of the time between two looks at most this much counts as looking: a camera that was away shows nothing.
_LOOK_S = 15.0


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
        self._subjects: dict[tuple[str, int], str] = {}  # the incident of each rule's subject
        self._restored: dict[str, Event] = {}  # as handed to `restore`, until seen again or cleared
        self._searched_s = 0.0
        self._looked_s: float | None = None
        self._checks: dict[str, Verification] = {}

    @property
    def active(self) -> tuple[Event, ...]:
        """The last event of each incident that the lens still sees, or that was restored and is not cleared yet."""
        return tuple(e for e in self._known.values() if e.condition is Condition.ACTIVE)

    @property
    def searching(self) -> bool:
        """Something that was restored has not been seen again, and has not been looked for long enough."""
        return bool(self._restored) and self._searched_s < self._policy.search_s

    @property
    def verifying(self) -> bool:
        """Something that people call rectified is being verified."""
        return bool(self._checks)

    def knows(self, incident: str) -> bool:
        """It can still be handled."""
        return incident in self._known

    def handle(self, incident: str, said: Instruction) -> Event:
        """People take a step.

        Args:
            incident: its id, one that is known.
            said: the step.

        Returns:
            What has to be told.

        Raises:
            CommandRefused: the step can not be taken from where the incident stands.
        """
        last = self._known[incident]
        handling = follows(last.handling, said.step)
        if handling is Handling.RECTIFIED:
            self._checks[incident] = Verification(last.kind, last.light)
        elif handling.over:
            self._checks.pop(incident, None)
        return self._tell(handled(last, handling, care=told(last.care, said)))

    def tick(self, now_s: float | None, utc_s: float) -> tuple[Event, ...]:
        """What has to be told although nothing was seen: deadlines that have passed, views that show no picture.

        Args:
            now_s: now, by the clock of the frames; None where that is the footage's own.
            utc_s: now, UTC seconds since the epoch.
        """
        late = [
            self._tell(handled(last, last.handling, care=replace(last.care, overdue=True)))
            for last in list(self._known.values())
            if last.care.due_s is not None
            and utc_s >= last.care.due_s
            and not (last.care.overdue or last.handling.over or last.handling.checking)
        ]
        for incident, check in list(self._checks.items()):
            if now_s is not None and check.late(now_s) is not None:
                late.append(self._unverified(self._known[incident], check))
        return tuple(late)

    def restore(self, events: Iterable[Event]) -> None:
        """Take up what was active, or not yet handled, when the process ended; call it before the first `follow`.

        A hazard found in its place continues it, at once told by an update. One that its rule does not find
        again is cleared, but not before the view has been looked at for the rule's patience.

        Args:
            events: the last event of each. Their monotonic times may be of another clock: what counts are the
                capture times, from which the frames that follow place them on the clock of today.
        """
        self._restored = {event.incident: event for event in events}
        self._known |= self._restored
        self._checks = {
            key: Verification(event.kind, event.light)
            for key, event in self._restored.items()
            if event.handling.checking
        }
        self._restored = {key: event for key, event in self._restored.items() if event.condition is Condition.ACTIVE}
        self._searched_s, self._looked_s = 0.0, None

    def follow(
        self, frame: Frame, findings: Sequence[Finding], *, light: float | None = None, unfit: str | None = None
    ) -> tuple[Event, ...]:
        """What has to be told after this inspection: openings, updates, clearings, answers to people.

        Args:
            frame: the picture.
            findings: what each rule says.
            light: mean brightness of the view, 0–1.
            unfit: why the view shows nothing that a verification can count on; None when all is well.
        """
        self._search(frame)
        told: list[Event] = []
        for finding in findings:
            unseen = [e for e in self.active if e.rule == finding.rule]
            for hazard in finding.hazards:
                last = self._same(hazard, finding)
                if last is None:
                    told.append(self._open(frame, finding, hazard, light))
                    self._remember(hazard, finding.rule, told[-1].incident)
                    continue
                self._remember(hazard, finding.rule, last.incident)
                unseen = [e for e in unseen if e.incident != last.incident]
                news = self._update(frame, finding, hazard, last)
                if news is not None:
                    told.append(news)
            if unfit is None:  # what can not be seen is not over because of that
                gone = [e for e in unseen if finding.looks_at(e) and not self._awaited(e, finding)]
                told += [self._clear(frame, last) for last in gone]
            told += self._verify(frame, finding, light, unfit)
        self._forget(frame.time_s)
        return tuple(told)

    def clear_all(self, frame: Frame) -> tuple[Event, ...]:
        """The view is no longer watched for: whatever is active ends with that."""
        self._search(frame)
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

    def _open(self, frame: Frame, finding: Finding, hazard: Hazard, light: float | None) -> Event:
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
                light=light,
                ground=hazard.ground,
            )
        )

    def _update(self, frame: Frame, finding: Finding, hazard: Hazard, last: Event) -> Event | None:
        severity = max(last.severity, finding.severity_after(frame.time_s - last.alarm_s))
        returned = last.condition is Condition.CLEARED or last.incident in self._restored
        due = frame.time_s - last.time_s >= self._policy.update_every_s
        if last.handling is Handling.FALSE_ALARM:  # people know better: nothing more is said of it until it is gone
            self._known[last.incident] = replace(last, condition=Condition.ACTIVE)
            self._restored.pop(last.incident, None)
            return None
        if last.handling is Handling.CLOSED:
            return self._tell(handled(at(last, frame, hazard), Handling.REOPENED))
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
                ground=hazard.ground,
                time_s=frame.time_s,
                captured_s=frame.captured_s,
                frame=frame.sequence,
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

    def _verify(self, frame: Frame, finding: Finding, light: float | None, unfit: str | None) -> list[Event]:
        """Look whether what people call rectified is gone."""
        told: list[Event] = []
        for incident in [key for key in self._checks if self._known[key].rule == finding.rule]:
            check, last = self._checks[incident], self._known[incident]
            if last.handling is Handling.RECTIFIED:
                last = self._tell(handled(last, Handling.VERIFYING))
                told.append(last)
            seen = last.condition is Condition.ACTIVE
            hidden = unfit if finding.looks_at(last) else "the camera does not look there"
            verdict = check.look(frame.time_s, seen=seen, slow_s=finding.patience_s, light=light, unfit=hidden)
            if verdict is Verdict.UNKNOWN:
                told.append(self._unverified(last, check))
            elif verdict is not None:
                del self._checks[incident]
                handling = Handling.CLOSED if verdict is Verdict.GONE else Handling.REOPENED
                told.append(self._tell(handled(at(last, frame), handling)))
        return told

    def _unverified(self, last: Event, check: Verification) -> Event:
        del self._checks[last.incident]
        return self._tell(handled(last, Handling.CANNOT_VERIFY, care=replace(last.care, reason=check.reason)))

    def _tell(self, event: Event) -> Event:
        self._known[event.incident] = event
        self._restored.pop(event.incident, None)
        return event

    def _search(self, frame: Frame) -> None:
        """One more look for what was restored, placed on the clock of this frame."""
        if self._looked_s is not None:
            self._searched_s += min(max(0.0, frame.time_s - self._looked_s), _LOOK_S)
        self._looked_s = frame.time_s
        # Anew at each look: a camera may tell its own time only some seconds after it was opened.
        self._known |= {key: moved(event, frame) for key, event in self._restored.items()}

    def _awaited(self, last: Event, finding: Finding) -> bool:
        """May its rule still find it again?"""
        return last.incident in self._restored and self._searched_s < max(self._policy.search_s, finding.patience_s)

    def _same(self, hazard: Hazard, finding: Finding) -> Event | None:
        """The incident that this hazard continues.

        That of its subject, if it has one that is known; else one of the same rule, zone and kind in the same place,
        unless the kind is the zone's. An incident that is active belongs to its subject alone.
        """
        rule, own, others = finding.rule, None, set()
        # What was only observed alarmed nobody: now that it would, it is told from its beginning.
        unheard = {e.incident for e in self._known.values() if e.mode is Mode.OBSERVE and finding.mode is Mode.ALARM}
        if hazard.subject is not None:
            own = self._subjects.get((rule, hazard.subject))
            others = {incident for (named, _), incident in self._subjects.items() if named == rule and incident != own}
        if own in self._known and own not in unheard:
            return self._known[own]
        candidates = [
            e
            for e in self._known.values()
            if (e.rule, e.zone, e.kind) == (rule, hazard.zone, hazard.kind)
            and self._continues(e)
            and e.incident not in unheard
            and not (e.incident in others and e.condition is Condition.ACTIVE)
        ]
        anywhere = hazard.kind.concerns_zone  # who walks about in a zone is still the same intrusion
        near = [e for e in candidates if anywhere or self._near(e, hazard)]
        # One that the lens still sees goes before one that was cleared; the younger before the older.
        return max(near, key=lambda e: (e.condition is Condition.ACTIVE, e.time_s), default=None)

    def _near(self, last: Event, hazard: Hazard) -> bool:
        """In the same place: of the world where both are known there, else of the picture."""
        if last.ground is not None and hazard.ground is not None:
            return last.ground.may_be(hazard.ground)
        if last.ground is not None or hazard.ground is not None:
            return False
        return box_math.near(last.box, hazard.box, _REACH, self._policy.margin)

    def _continues(self, last: Event) -> bool:
        """A hazard in its place is the same occurrence, and not the next one."""
        recent = self._looked_s is not None and self._looked_s - last.time_s <= self._policy.merge_s
        return last.condition is Condition.ACTIVE or recent or last.handling.checking

    def _remember(self, hazard: Hazard, rule: str, incident: str) -> None:
        """Whose incident it is from now on."""
        if hazard.subject is not None:
            self._subjects = {key: other for key, other in self._subjects.items() if other != incident}
            self._subjects[rule, hazard.subject] = incident

    def _forget(self, now_s: float) -> None:
        """Incidents cleared long ago can not be taken up again; late evidence gets as long."""
        limit, kept = self._policy.merge_s, self._policy.handled
        self._known = {
            key: e
            for key, e in self._known.items()
            if e.condition is Condition.ACTIVE
            or now_s - e.time_s <= limit
            or e.handling.checking
            or (kept and e.mode is Mode.ALARM and not e.handling.over)
        }
        self._subjects = {key: incident for key, incident in self._subjects.items() if incident in self._known}
