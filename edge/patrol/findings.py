"""What a patrol comes to, look by look: hazards on the ground, what was looked at, what could not be told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.errors import NoGround
from calibration.pose import Pose
from calibration.terrain import Terrain
from calibration.track import Fix
from edge.patrol.cover import Cover, Spot, footprint
from edge.patrol.unplaced import Sight, Stretch, Unplaced, bearing_deg
from pipelines.coverage import ViewFault, blank
from pipelines.detections import Detections
from pipelines.frame import Frame
from pipelines.hazards import Box
from pipelines.places import Place, Places, Sighting
from pipelines.rules.grounded import foot_on_ground

_COVER_EVERY_S = 1.0
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 85]


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Something that the model sees in one picture.

    Attributes:
        kind: of the hazard.
        box: in 0–1 of the picture.
        score: of the detector.
    """

    kind: str
    box: Box
    score: float


def glimpses(
    found: Detections,
    frame: Frame,
    meanings: Sequence[str],
    thresholds: NDArray[np.float32],
    hazards: Collection[str],
) -> list[Glimpse]:
    """Those of the detections that are hazards which are looked for, and sure enough."""
    size = (frame.width, frame.height) * 2
    seen = []
    for xyxy, confidence, class_id in zip(found.xyxy.tolist(), found.confidence, found.class_id, strict=True):
        if meanings[class_id] in hazards and confidence >= thresholds[class_id]:
            left, top, right, bottom = (side / of for side, of in zip(xyxy, size, strict=True))
            seen.append(Glimpse(meanings[class_id], (left, top, right, bottom), float(confidence)))
    return seen


@dataclass(slots=True)
class Findings:
    """What a patrol came to.

    Attributes:
        terrain: the ground; flat if None.
        places: hazards on the ground.
        cover: the ground that was looked at.
        way: where the camera was, a point a second.
        unplaced: what was seen without a place.
        pictures: JPEG of the best sighting of each place and of what has none, by its time and box.
        missing: frames without a pose, by reason.
        empty: looks at pictures that show nothing: the ground before the camera was not looked at.
        faults: recordings and telemetry that could not be used, and what was left out of them.
        starts: when recordings began: seconds since the patrol began, and by the drone's clock; of no zone where nobody
            knows it.
        looks: frames that the model has looked at.
        seconds: of footage.
    """

    terrain: Terrain | None = None
    places: Places = field(default_factory=Places)
    cover: Cover = field(default_factory=Cover)
    way: list[Spot] = field(default_factory=list)
    unplaced: Unplaced = field(default_factory=Unplaced)
    pictures: dict[tuple[float, Box], bytes] = field(default_factory=dict)
    missing: Counter[str] = field(default_factory=Counter)
    empty: Counter[ViewFault] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    starts: list[tuple[float, datetime]] = field(default_factory=list)
    looks: int = 0
    seconds: float = 0.0

    def copy(self) -> Findings:
        """As they are now, whatever is noted later."""
        return replace(
            self,
            places=deepcopy(self.places),
            cover=self.cover.copy(),
            way=list(self.way),
            pictures=dict(self.pictures),
            unplaced=deepcopy(self.unplaced),
            missing=self.missing.copy(),
            empty=self.empty.copy(),
            faults=list(self.faults),
            starts=list(self.starts),
        )

    @property
    def without_place(self) -> list[Stretch]:
        """Hazards of which nobody knows where they are."""
        return self.unplaced.believed(self.places.believed)

    def picture(self, hazard: Place | Stretch) -> bytes | None:
        """The one that shows a hazard best."""
        return self.pictures.get((hazard.best.time_s, hazard.best.box))

    def when(self, time_s: float) -> datetime | None:
        """The clock's time so long after the patrol began; None where no recording tells."""
        began = [(since_s, clock) for since_s, clock in self.starts if since_s <= time_s]
        return began[-1][1] + timedelta(seconds=time_s - began[-1][0]) if began else None

    def note(self, frame: Frame, fix: Fix, seen: Sequence[Glimpse], time_s: float) -> None:
        """One look more.

        Args:
            frame: the picture.
            fix: where the camera was.
            seen: what the model sees in it.
            time_s: since the patrol began.
        """
        self.looks += 1
        nothing = blank(frame)
        if nothing is not None:
            self.empty[nothing] += 1
        if fix.pose is None:
            self.missing[_kind(fix.reason or "")] += 1
        else:
            self._fly(fix.pose, time_s, sees=nothing is None)
        for glimpse in seen:
            self._place(frame, fix.pose, glimpse, time_s)

    def _fly(self, pose: Pose, time_s: float, *, sees: bool) -> None:
        if pose.latitude_deg is None or pose.longitude_deg is None or len(self.way) * _COVER_EVERY_S > time_s:
            return
        self.way.append((pose.latitude_deg, pose.longitude_deg))
        if sees:
            self.cover.add(footprint(pose, self.terrain))

    def _place(self, frame: Frame, pose: Pose | None, glimpse: Glimpse, time_s: float) -> None:
        best = self._gathered(frame, pose, glimpse, time_s)
        if (best.time_s, best.box) == (time_s, glimpse.box):
            self.pictures[time_s, best.box] = _drawn(frame, best.box)
            every: list[Place | Stretch] = [*self.places.every, *self.unplaced.every]
            keep = {(each.best.time_s, each.best.box) for each in every}
            self.pictures = {key: jpeg for key, jpeg in self.pictures.items() if key in keep}

    def _gathered(self, frame: Frame, pose: Pose | None, glimpse: Glimpse, time_s: float) -> Sighting | Sight:
        """Count a glimpse in: `->` the best of what was seen of the same."""
        size = (frame.width, frame.height)
        seen_from = toward = None
        if pose is None:
            reason = "no pose at that time"
        else:
            try:
                point = foot_on_ground(pose, glimpse.box, size, self.terrain)
            except NoGround as error:
                reason, toward = _kind(str(error)), bearing_deg(pose, glimpse.box, size)
                if pose.latitude_deg is not None and pose.longitude_deg is not None:
                    seen_from = (pose.latitude_deg, pose.longitude_deg)
            else:
                return self.places.add(Sighting(glimpse.kind, point, glimpse.score, time_s, glimpse.box)).best
        return self.unplaced.add(
            Sight(glimpse.kind, glimpse.score, time_s, glimpse.box, reason, seen_from, toward)
        ).best


def _drawn(frame: Frame, box: Box) -> bytes:
    picture = frame.bgr()
    x1, y1, x2, y2 = (round(side * of) for side, of in zip(box, (frame.width, frame.height) * 2, strict=True))
    cv2.rectangle(picture, (x1, y1), (x2, y2), (0, 0, 255), max(2, frame.width // 640))
    scale = min(1.0, 960 / frame.width)
    small = cv2.resize(picture, (round(frame.width * scale), round(frame.height * scale)), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, _JPEG)[1].tobytes()


_KINDS = {
    "in a gap": "in a gap of the telemetry",
    "before the first": "before the first pose",
    "after the last": "after the last pose",
    "below the horizon": "near or above the horizon",
    "not known: lens": "the lens is not known: a mission says it (camera.fov_deg)",
    "there is no": "there is no telemetry",
    "no ground within": "no ground within reach",
}


def _kind(reason: str) -> str:
    """A reason without its figures, to be counted."""
    return next((kind for known, kind in _KINDS.items() if known in reason), reason)
