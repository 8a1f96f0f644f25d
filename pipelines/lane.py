"""One model at one view: what it is shown, its tracker, and the rules that it serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from calibration.ground import GroundPoint, horizon
from calibration.zones import Zone
from pipelines.activity import Activity
from pipelines.detect import Detector, Request, Seen
from pipelines.events import Mode
from pipelines.frame import Frame
from pipelines.incidents import Finding
from pipelines.rules import Rule, make_rule
from pipelines.rules.base import RuleSettings
from pipelines.rules.grounded import Bearings, Grounded, Moment
from pipelines.scene import CloseUp, Scene
from pipelines.tiles import Tiles
from pipelines.track import Tracker, TrackSettings
from pipelines.views import Views, close_up

# Parts of the frame that the detector is given besides the whole: of a view that is inspected again and again, or in
# which a rule has signs, and of one that is inspected by its keyframes, where the first look decides whether the others
# come now or at the next.
MOST_PARTS, MOST_SELDOM, _SELDOM_S = 2, 3, 1.0
# The same for a camera that moves: between these, as time allows.
LEAST_TILES, MOST_TILES = 1, 12

Switched = Callable[[RuleSettings], Literal["off", "observe"] | None]
"""What a rule does for the time being; None: what its settings say."""


@dataclass(frozen=True, slots=True)
class LanePlan:
    """One model and the rules that it serves at this view."""

    detector: Detector
    rules: tuple[RuleSettings, ...]


class Closer:
    """Looks closer at parts of one frame; a part that two rules ask for is looked at once.

    Args:
        detector: the model.
        frame: the picture.
    """

    def __init__(self, detector: Detector, frame: Frame) -> None:
        self._detector, self._frame = detector, frame
        self._looks: dict[tuple[float, ...], CloseUp] = {}

    def scale(self, xyxy: NDArray[np.float32]) -> float:
        """Pixels of the model's input for each pixel of the frame, in a look around this box."""
        return self._scale(self._view(xyxy))

    def look(self, xyxy: NDArray[np.float32]) -> CloseUp:
        """What the model sees around this box (`(4,)`, pixels of the frame)."""
        view = self._view(xyxy)
        key = tuple(view.tolist())
        if key not in self._looks:
            size = np.array([self._frame.width, self._frame.height] * 2, np.float32)
            found = self._detector.detect(self._frame, (view / size)[None])
            self._looks[key] = CloseUp(found, view, self._scale(view))
        return self._looks[key]

    def _view(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        spec = self._detector.card.input
        return close_up(self._frame.width, self._frame.height, xyxy, min(spec.width, spec.height))

    def _scale(self, view: NDArray[np.float32]) -> float:
        spec = self._detector.card.input
        return float(min(spec.width / (view[2] - view[0]), spec.height / (view[3] - view[1])))


class Lane:
    """One model, its tracker and its rules.

    Args:
        plan: which.
        zones: of the view, by name.
        always: `observe` makes every rule observe.
        bearings: of a camera that moves; None for one that stands still.
    """

    def __init__(
        self, plan: LanePlan, zones: Mapping[str, Zone], always: Mode, bearings: Bearings | None = None
    ) -> None:
        self.detector = plan.detector
        self._always = always
        self._bearings = bearings
        self._parts = MOST_SELDOM
        self._asked_s = float("-inf")
        self._fit()
        self._rules = tuple((settings, self._rule(settings, zones)) for settings in plan.rules)

    @property
    def pending(self) -> bool:
        """A rule wants to look again soon."""
        return any(rule.pending for _, rule in self._rules)

    def reset(self) -> None:
        """Forget the view: its size or its place has changed."""
        self._tracker.reset()
        for _, rule in self._rules:
            rule.reset()

    def request(self, frame: Frame, activity: Activity, *, whole: bool) -> Request:
        """What the model is to be shown."""
        if self.detector.card is not self._card:
            self._fit()
            self.reset()
        size, regions = (frame.width, frame.height), activity.regions
        seldom, self._asked_s = frame.time_s - self._asked_s >= _SELDOM_S, frame.time_s
        if self._bearings is None:
            most = MOST_SELDOM if seldom and not self.pending else MOST_PARTS
            return Request(frame, self._views.plan(*size, regions, whole=whole, most=most))
        pose = self._bearings.where(Moment.of(frame)).pose
        followed = [box for _, rule in self._rules if isinstance(rule, Grounded) for box in rule.follows(frame)]
        row = horizon(pose) if pose is not None else None
        return Request(frame, self._tiles.plan(*size, [*followed, *regions.xyxy.tolist()], row))

    def spent(self, seconds: float, allowed_s: float) -> None:
        """A look took so long; where parts are looked at in turn, as many as fit into the time allowed are."""
        each_s = seconds / (1 + self._parts)
        self._tiles.most = self._parts = int(min(max(allowed_s / max(each_s, 1e-3) - 1, LEAST_TILES), MOST_TILES))

    def _fit(self) -> None:
        """What depends on the model: it may be exchanged while the agent runs."""
        self._card = card = self.detector.card
        side_px = min(card.input.width, card.input.height)
        self._views, self._tiles = Views(side_px), Tiles(side_px, self._parts)
        self._tracker = Tracker(TrackSettings(card.meanings, tuple(c.threshold for c in card.classes)))

    def see(self, frame: Frame, activity: Activity, seen: Seen) -> Scene:
        """Track what the model saw."""
        card = self.detector.card
        looked_px = seen.views * np.array([frame.width, frame.height] * 2, np.float32)
        found = self._tracker.update(seen.detections, frame.time_s, looked_px)
        closer = Closer(self.detector, frame)
        return Scene(
            frame, activity, found, card.meanings, card.thresholds, seen.views, closer, keypoints=card.keypoints
        )

    def judge(self, scene: Scene, switched: Switched) -> list[Finding]:
        """What each rule says; one that is off or outside its hours starts afresh when that is over."""
        findings = []
        for settings, rule in self._rules:
            to = switched(settings)
            if to != "off" and (settings.hours is None or settings.hours.include(scene.frame.captured_s)):
                hazards = rule.judge(scene)
            else:
                rule.reset()
                hazards = ()
            mode = Mode.OBSERVE if to == "observe" else mode_of(settings, self._always)
            escalation = tuple((step.after_s, step.severity) for step in settings.escalate)
            patience_s = settings.confirm_s + settings.clear_after_s
            sees = rule.sees if isinstance(rule, Grounded) else _everywhere
            findings.append(Finding(settings.title, mode, settings.severity, escalation, hazards, patience_s, sees))
        return findings

    def _rule(self, settings: RuleSettings, zones: Mapping[str, Zone]) -> Rule:
        return make_rule(settings, zones) if self._bearings is None else Grounded(settings, self._bearings)


def _everywhere(_: GroundPoint) -> bool:
    return True


def mode_of(rule: RuleSettings, always: Mode) -> Mode:
    """A view that observes makes each of its rules observe."""
    return Mode.OBSERVE if Mode.OBSERVE in (always, rule.mode) else Mode.ALARM
