"""Fire and smoke from a camera that moves: a hazard is what was seen at one place on the ground, several times."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from calibration.errors import NoGround
from calibration.ground import GroundPoint, locate, pixel_of
from calibration.pose import Pose
from calibration.terrain import Terrain
from calibration.track import Fix
from pipelines.frame import Clock, Frame
from pipelines.hazards import Box, Hazard
from pipelines.places import LEAST_S, LEAST_SIGHTINGS, Place, Places, Sighting
from pipelines.rules.base import RuleSettings
from pipelines.scene import Scene

PATIENCE_S = 2.5
"""A pose may come so long after its picture: DJI's cloud sends one every two seconds."""

_UNPLACED_S = 10.0
_RIM = 0.1
"""A place so near to the rim of the picture, as a share of its size, or outside, is not looked at."""

_FARTHER = 1.3
"""A place from which the camera is farther away than this times what it was seen from may not show its hazard."""

# A box's foot is where flames end to the model, of which it is not sure.
_FOOT, _LEAST_FOOT_PX = 0.1, 2.0


@dataclass(frozen=True, slots=True)
class Moment:
    """When a picture was taken.

    Attributes:
        time_s: monotonic, as in `Frame`.
        captured_s: UTC.
        clock: whose clock that is.
    """

    time_s: float
    captured_s: float
    clock: Clock

    @classmethod
    def of(cls, frame: Frame) -> Moment:
        """That of a frame."""
        return cls(frame.time_s, frame.captured_s, frame.clock)


Where = Callable[[Moment], Fix]
"""Where the camera was at a moment, as far as is known by now."""


@dataclass(frozen=True, slots=True)
class Bearings:
    """How a camera that moves knows where it is.

    Attributes:
        where: tells its pose.
        terrain: the ground; flat below the camera if None.
    """

    where: Where
    terrain: Terrain | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A box that waits for the pose of its picture."""

    moment: Moment
    size: tuple[int, int]
    box: Box
    score: float


def foot_on_ground(pose: Pose, box: Box, size: tuple[int, int], terrain: Terrain | None = None) -> GroundPoint:
    """Where what is in a box stands: the middle of its lower edge, on the ground.

    Args:
        pose: of the camera.
        box: in 0–1 of the picture.
        size: width and height of the picture, pixels.
        terrain: the ground.

    Raises:
        NoGround: see `locate`.
    """
    x1, y1, x2, y2 = (side * of for side, of in zip(box, size * 2, strict=True))
    error_px = (max(_LEAST_FOOT_PX, _FOOT * (x2 - x1)), max(_LEAST_FOOT_PX, _FOOT * (y2 - y1)))
    return locate(pose, ((x1 + x2) / 2, y2), pixel_error=error_px, terrain=terrain)


class Grounded:
    """Gathers what the model sees into places, each of them one hazard for as long as it is there.

    A place that the camera does not look at is neither there nor gone. What is seen while nobody knows where the camera
    is becomes one hazard without a place: an alarm does not wait for a satellite.

    Args:
        settings: of the rule; only its kind and `clear_after_s` count here: how flames move in the picture says nothing
            where the camera moves.
        bearings: of the camera.
    """

    def __init__(self, settings: RuleSettings, bearings: Bearings) -> None:
        self._settings = settings
        self._bearings = bearings
        self._places = Places()
        self._waiting: list[_Seen] = []
        self._unplaced: deque[_Seen] = deque()
        self._missed_s: dict[int, float] = {}  # by place: since when it is looked at and not seen
        self._pose: Pose | None = None
        self._now_s = float("-inf")

    @property
    def pending(self) -> bool:
        """Something waits for its pose, or was seen too seldom to be believed."""
        young = any(self._now_s - p.last.time_s < _UNPLACED_S for p in self._places.every if not p.believed)
        return bool(self._waiting or self._unplaced) or young

    def reset(self) -> None:
        """Forget everything."""
        self._places = Places()
        self._waiting.clear()
        self._unplaced.clear()
        self._missed_s.clear()

    def sees(self, point: GroundPoint) -> bool:
        """The camera looks at this place now, from about where it was seen or nearer."""
        if self._pose is None or self._pose.lens is None:
            return False
        pixel = pixel_of(self._pose, point.latitude_deg, point.longitude_deg, self._bearings.terrain)
        if pixel is None:
            return False
        size = (self._pose.lens.width, self._pose.lens.height)
        if not all(_RIM * of <= at <= (1 - _RIM) * of for at, of in zip(pixel, size, strict=True)):
            return False
        try:
            now = locate(self._pose, pixel, terrain=self._bearings.terrain)
        except NoGround:
            return False
        return now.distance_m <= point.distance_m * _FARTHER

    def follows(self, frame: Frame) -> list[Box]:
        """Where in a picture that is not inspected yet something is that has to be confirmed or followed, 0–1."""
        pose = self._bearings.where(Moment.of(frame)).pose
        young = [p for p in self._places.every if frame.time_s - p.last.time_s < _UNPLACED_S]
        boxes = [self._box(place, pose) for place in young] if pose is not None else []
        return [*(seen.box for seen in self._waiting[-1:]), *(box for box in boxes if box is not None)]

    def judge(self, scene: Scene) -> tuple[Hazard, ...]:
        """The hazards that are looked at now, and those without a place."""
        frame, now_s = scene.frame, scene.time_s
        self._now_s, size = now_s, (scene.frame.width, scene.frame.height)
        self._pose = self._bearings.where(Moment.of(frame)).pose
        found = scene.of(str(self._settings.kind))
        for box, score in zip(scene.boxes(found).tolist(), found.confidence.tolist(), strict=True):
            self._waiting.append(_Seen(Moment.of(frame), size, (box[0], box[1], box[2], box[3]), score))
        seen = self._place_those_that_wait(now_s)
        return (*self._standing(seen, now_s), *self._anywhere(now_s))

    def _place_those_that_wait(self, now_s: float) -> set[int]:
        """Numbers of the places that have been seen."""
        seen, waiting = set(), []
        for each in self._waiting:
            fix = self._bearings.where(each.moment)
            if not fix.settled and now_s - each.moment.time_s < PATIENCE_S:
                waiting.append(each)
                continue
            point = self._point(fix, each)
            if point is None:
                self._unplaced.append(each)
                continue
            kind = str(self._settings.kind)
            seen.add(self._places.add(Sighting(kind, point, each.score, each.moment.time_s, each.box)).number)
        self._waiting = waiting
        return seen

    def _point(self, fix: Fix, seen: _Seen) -> GroundPoint | None:
        if fix.pose is None:
            return None
        try:
            return foot_on_ground(fix.pose, seen.box, seen.size, self._bearings.terrain)
        except NoGround:
            return None

    def _standing(self, seen: set[int], now_s: float) -> list[Hazard]:
        hazards = []
        for place in self._places.believed:
            looked_at = place.number in seen or self.sees(place.point)
            if place.number in seen or not looked_at:
                self._missed_s.pop(place.number, None)
            elif now_s - self._missed_s.setdefault(place.number, now_s) >= self._settings.clear_after_s:
                self._places.forget(place)
                self._missed_s.pop(place.number)
                continue
            if looked_at:
                hazards.append(self._hazard(place))
        return hazards

    def _hazard(self, place: Place) -> Hazard:
        kind, first_s = self._settings.kind, place.first.time_s
        box = self._box(place, self._pose) if place.last.time_s < self._now_s else None
        return Hazard(kind, box or place.last.box, place.best.score, first_s, subject=place.number, ground=place.point)

    def _box(self, place: Place, pose: Pose | None) -> Box | None:
        """Where it is in a picture: the box that was seen last, moved to where its foot is; None where it is not."""
        if pose is None or pose.lens is None:
            return None
        pixel = pixel_of(pose, place.latitude_deg, place.longitude_deg, self._bearings.terrain)
        if pixel is None:
            return None
        box = place.last.box
        across, down = pixel[0] / pose.lens.width - (box[0] + box[2]) / 2, pixel[1] / pose.lens.height - box[3]
        x1, x2 = (min(max(x + across, 0.0), 1.0) for x in (box[0], box[2]))
        y1, y2 = (min(max(y + down, 0.0), 1.0) for y in (box[1], box[3]))
        return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None

    def _anywhere(self, now_s: float) -> list[Hazard]:
        """What was seen without a place, often enough of late."""
        while self._unplaced and now_s - self._unplaced[0].moment.time_s > _UNPLACED_S + self._settings.clear_after_s:
            self._unplaced.popleft()
        times_s = [each.moment.time_s for each in self._unplaced]
        if len(times_s) < LEAST_SIGHTINGS or times_s[-1] - times_s[0] < LEAST_S:
            return []
        if now_s - times_s[-1] > self._settings.clear_after_s:
            return []
        best = max(self._unplaced, key=lambda each: each.score)
        return [Hazard(self._settings.kind, self._unplaced[-1].box, best.score, times_s[0], subject=0)]
