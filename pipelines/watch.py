"""One view, from its frames to its events: the one module that knows the order of the stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calibration.zones import Zone
from pipelines.activity import Activity
from pipelines.detect import WHOLE, Detector, Request, Seen
from pipelines.detections import Detections
from pipelines.events import Condition, Event, Mode
from pipelines.frame import Frame
from pipelines.handling import Instruction
from pipelines.incidents import Incidents, Policy, abandoned
from pipelines.lane import Lane, LanePlan, Switched, mode_of
from pipelines.prefilter import MovingPrefilter, Prefilter
from pipelines.rules.base import Hours, RuleSettings
from pipelines.rules.grounded import Bearings
from pipelines.scene import Scene
from pipelines.schedule import Agenda, Reason, Sampler, Samples, Situation, Want

# Of the time between two looks a view's own look may take so much.
BUSY = 0.5


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """How one view is watched.

    Attributes:
        source: its name.
        lanes: models with their rules.
        zones: by name.
        max_gap_s: longest time between two full looks.
        interval_s: shortest time between two looks.
        analysis_fps: how often a second the prefilter looks.
        mode: `observe` makes every rule of the view observe.
        hours: when the view is watched at all; always if None.
        policy: how talkative its incidents are.
        sample_share: share of the frames that nothing asks to inspect, and that are inspected all the same to measure
            what the prefilter misses.
    """

    source: str
    lanes: tuple[LanePlan, ...]
    zones: Mapping[str, Zone] = field(default_factory=dict)
    max_gap_s: float = 10.0
    interval_s: float = 0.4
    analysis_fps: float = 5.0
    mode: Mode = Mode.ALARM
    hours: Hours | None = None
    policy: Policy = field(default_factory=Policy)
    sample_share: float = 0.0

    @property
    def unseen_s(self) -> float:
        """How long the view may go without a picture while no rule has signs."""
        rules = [rule.unseen_s for lane in self.lanes for rule in lane.rules]
        return min([self.max_gap_s, *rules])


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What one look of the detector came to.

    Attributes:
        events: what has to be told, in order.
        detections: tracked detections at or above their thresholds, one entry a lane.
        labels: class names and scores in words, one tuple a lane, parallel to `detections`.
        views: `(k, 4)` 0–1, what the first lane's model was given.
        scenes: all that the rules got to see, one entry a lane; none out of the view's hours.
        whole: every model was shown the whole picture, and not regions alone.
    """

    events: tuple[Event, ...]
    detections: tuple[Detections, ...]
    labels: tuple[tuple[str, ...], ...]
    views: NDArray[np.float32]
    scenes: tuple[Scene, ...]
    whole: bool = True


class Watch:
    """Watches one view.

    `look` is cheap and called for each analysed frame by the source's own thread; `inspect` costs
    tens of milliseconds and is called, by the one thread that owns the detectors, when `want` asks
    for it. The two share nothing but what is handed from one to the other.

    Args:
        plan: what to watch for.
        new_id: gives a fresh UUIDv7 as text.
        bearings: how a camera that moves knows where it is; None for one that stands still.

    Attributes:
        unfit: tells why the view shows nothing that a verification can count on, such as a camera that was moved; None
            when all is well.
        switched: what each rule does instead of what the plan says.
    """

    def __init__(self, plan: WatchPlan, new_id: Callable[[], str], bearings: Bearings | None = None) -> None:
        self.plan = plan
        self._moves = bearings is not None
        self._prefilter = Prefilter() if bearings is None else MovingPrefilter()
        self._agenda = Agenda(plan.max_gap_s, plan.interval_s)
        self._sampler = Sampler(plan.sample_share, plan.source)
        self._lanes = tuple(Lane(lane, plan.zones, plan.mode, bearings) for lane in plan.lanes)
        self._incidents = Incidents(new_id, plan.policy)
        self._size = (0, 0)
        self.unfit: Callable[[], str | None] = lambda: None
        self.switched: Switched = _as_written
        # What `situation` tells another thread than the one that inspects.
        self._has_signs = self._has_active = self._notices = False

    @property
    def active(self) -> tuple[Event, ...]:
        """The last event of each incident that the lens still sees, or that was restored and is not cleared yet."""
        return self._incidents.active

    def restore(self, events: Iterable[Event]) -> tuple[Event, ...]:
        """Take up the incidents that were active when the process ended; call it before the first `inspect`.

        Args:
            events: the last event of each; see `Incidents.restore`.

        Returns:
            The clearings of those whose rule is gone, has become another or only observes now.
        """
        alarming = {
            (rule.title, rule.kind, rule.zone)
            for lane in self.plan.lanes
            for rule in lane.rules
            if mode_of(rule, self.plan.mode) is Mode.ALARM
        }
        # One that is cleared waits for people, whatever its rule does now.
        known = {
            event: event.condition is Condition.CLEARED or (event.rule, event.kind, event.zone) in alarming
            for event in events
        }
        self._incidents.restore(event for event, kept in known.items() if kept)
        self._note()
        return tuple(abandoned(event) for event, kept in known.items() if not kept)

    def look(self, frame: Frame) -> Activity:
        """What changed in this frame."""
        return self._prefilter.look(frame)

    @property
    def turn(self) -> float | None:
        """How fast a camera that moves turned before the last look; see `MovingPrefilter.turn`."""
        return self._prefilter.turn if isinstance(self._prefilter, MovingPrefilter) else None

    def situation(self, frame: Frame, activity: Activity) -> Situation:
        """How much of the stream is worth decoding, by this frame and the last inspection; for the source's thread."""
        stirred = self._open(frame) and (activity.stirring or activity.unsettled)
        # What a model sees in a view with a hazard is that hazard, first of all.
        notices = stirred and self._notices and not self._has_active
        return Situation(stirred, self._has_signs or notices, active=self._has_active)

    def want(self, frame: Frame, activity: Activity) -> Want | None:
        """Should this frame be inspected? None when it can wait."""
        if not self._open(frame) and not self.active:
            return None
        best = float(activity.regions.score[0]) if len(activity.regions) else 0.0
        pending = self._pending or self._moves  # what it flies past it does not see again
        want = self._agenda.want(frame.time_s, pending=pending, unsettled=activity.unsettled, score=best)
        followed = pending or self._has_active
        if want is None and not followed and _dropped(activity) and self._sampler.draws():
            return Want(Reason.SAMPLE, 0.0)
        return want

    @property
    def samples(self) -> Samples:
        """What inspecting frames came to in which the prefilter saw nothing; from any thread."""
        return self._sampler.samples

    def inspect(self, frame: Frame, activity: Activity, *, whole: bool = True) -> Inspection:
        """Detect, track, judge, and tell what has to be told.

        Args:
            frame: the picture.
            activity: what the prefilter said of it.
            whole: as the view wanted it; see `Want.whole`.
        """
        requests = self.requests(frame, activity, whole=whole)
        return self.conclude(frame, activity, [model.detect_together([one])[0] for model, one in requests])

    def requests(self, frame: Frame, activity: Activity, *, whole: bool) -> list[tuple[Detector, Request]]:
        """What the models are to be shown, in the order of the lanes; nothing out of the view's hours."""
        if not self._open(frame):
            return []
        return [(lane.detector, lane.request(frame, activity, whole=whole)) for lane in self._lanes]

    def conclude(self, frame: Frame, activity: Activity, seen: Sequence[Seen]) -> Inspection:
        """What an inspection comes to.

        Args:
            frame: the picture.
            activity: what the prefilter said of it.
            seen: what the models saw, one a request.
        """
        followed = self._pending or self._has_active
        if self._size != (frame.width, frame.height):
            if self._size != (0, 0):
                for lane in self._lanes:
                    lane.reset()
            self._size = (frame.width, frame.height)
        open_now = self._open(frame)
        scenes = [lane.see(frame, activity, one) for lane, one in zip(self._lanes, seen, strict=False)]
        findings = [
            f for lane, scene in zip(self._lanes, scenes, strict=False) for f in lane.judge(scene, self.switched)
        ]
        if not open_now:
            for lane in self._lanes:
                lane.reset()
        whole = all((scene.looked == WHOLE).all(axis=1).any() for scene in scenes)
        self._agenda.looked(frame.time_s, pending=self._pending, whole=whole)
        if open_now and not followed and _dropped(activity):
            self._sampler.count(found=self._pending)
        light = float(activity.luma.mean()) / 255
        events = (
            self._incidents.follow(frame, findings, light=light, unfit=self.unfit())
            if open_now
            else self._incidents.clear_all(frame)
        )
        self._notices = any(scene.lively for scene in scenes)
        self._note()
        shown = tuple(_counting(scene) for scene in scenes)
        return Inspection(
            events=events,
            detections=shown,
            labels=tuple(
                tuple(
                    f"{lane.detector.card.classes[c].name} {s:.2f}"
                    for c, s in zip(found.class_id, found.confidence, strict=True)
                )
                for lane, found in zip(self._lanes, shown, strict=False)
            ),
            views=scenes[0].looked if scenes else np.empty((0, 4), np.float32),
            scenes=tuple(scenes),
            whole=whole,
        )

    def spent(self, seconds: float) -> None:
        """A look at this view alone took so long: a camera that moves is looked at as closely as its time allows."""
        for lane in self._lanes:
            lane.spent(seconds, self.plan.interval_s * BUSY)

    @property
    def has_signs(self) -> bool:
        """The last inspection left a rule with something to confirm or to follow, or may soon; from any thread."""
        return self._has_signs or self._notices

    def _note(self) -> None:
        self._has_signs, self._has_active = self._pending, bool(self.active)

    def _open(self, frame: Frame) -> bool:
        return self.plan.hours is None or self.plan.hours.include(frame.captured_s)

    @property
    def _pending(self) -> bool:
        return self._incidents.searching or self._incidents.verifying or any(lane.pending for lane in self._lanes)

    def knows(self, incident: str) -> bool:
        """It is one of this view's that can still be handled."""
        return self._incidents.knows(incident)

    def handle(self, incident: str, said: Instruction) -> Event:
        """People take a step about an incident; see `Incidents.handle`."""
        event = self._incidents.handle(incident, said)
        self._note()
        return event

    def tick(self, now_s: float | None, utc_s: float) -> tuple[Event, ...]:
        """What has to be told although nothing was seen; see `Incidents.tick`."""
        return self._incidents.tick(now_s, utc_s)

    def attach(self, incident: str, time_s: float) -> Event | None:
        """An update that carries late evidence; None when the incident is no longer known."""
        return self._incidents.attach(incident, time_s)


def _as_written(_: RuleSettings) -> None:
    return None


def _dropped(activity: Activity) -> bool:
    """Would nobody look at this frame for what the prefilter saw in it?"""
    return not len(activity.regions) and not activity.unsettled


def _counting(scene: Scene) -> Detections:
    """The detections at or above their class's threshold."""
    found = scene.detections
    return found.pick(found.confidence >= scene.thresholds[found.class_id])
