"""Looks through the footage of a patrol: what is seen where, and which ground was covered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.errors import NoGround, SourceError
from calibration.ground import locate
from calibration.lens import Lens
from calibration.pose import Pose, PoseClock
from edge.config.mission import Mission
from edge.patrol.cover import Cover, Spot, footprint
from edge.sources import Pace, open_source
from edge.sources.telemetry import Fix, Hints, Track, read_telemetry
from pipelines.detect import Detector
from pipelines.detections import Detections
from pipelines.frame import Frame
from pipelines.places import Place, Places, Sighting

_OVERLAP = 0.15
_SHRINK = 1.0
"""Parts of the picture are handed to the model as large as they are: far fires are small."""

_COVER_EVERY_S = 1.0
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 85]


@dataclass(frozen=True, slots=True)
class Leg:
    """One recording with its telemetry.

    Attributes:
        footage: the recording.
        telemetry: None where it has none: hazards are found, and not placed.
    """

    footage: Path
    telemetry: Path | None


@dataclass(slots=True)
class Findings:
    """What a patrol came to.

    Attributes:
        places: hazards on the ground.
        cover: the ground that was looked at.
        way: where the camera was, a point a second.
        pictures: JPEG of a sighting, by its time and box.
        unplaced: sightings without a place, by hazard and reason.
        missing: frames without a pose, by reason.
        faults: recordings and telemetry that could not be used, and what was left out of them.
        looks: frames that the model has looked at.
        seconds: of footage.
    """

    places: Places = field(default_factory=Places)
    cover: Cover = field(default_factory=Cover)
    way: list[Spot] = field(default_factory=list)
    pictures: dict[tuple[float, tuple[float, float, float, float]], bytes] = field(default_factory=dict)
    unplaced: Counter[tuple[str, str]] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    looks: int = 0
    seconds: float = 0.0

    def picture(self, place: Place) -> bytes | None:
        """The one that shows a place best."""
        best = place.best
        return self.pictures.get((best.time_s, best.box))


class Survey:
    """Goes through recordings, one after the other: those of one flight, in their order.

    Args:
        detector: sees what the mission looks for.
        mission: what for, and what the footage does not say.
        told: called after each look with the footage's time, for a progress bar.
    """

    def __init__(self, detector: Detector, mission: Mission, told: Callable[[float], None] = lambda _: None) -> None:
        self.findings = Findings()
        self._detector = detector
        self._mission = mission
        self._told = told
        self._began_s = 0.0

    def fly(self, leg: Leg) -> None:
        """Look through one recording; what can not be read is among the faults, and what came before it stays."""
        findings = self.findings
        track: Track | None = None
        last_s = 0.0
        try:
            for frame in self._due(leg):
                if track is None:
                    track = self._track(leg, frame)
                last_s = frame.time_s
                at_s = frame.captured_s if track.clock is PoseClock.UTC else frame.time_s
                self._look(frame, track.at(at_s + self._mission.offset_s))
                self._told(self._began_s + frame.time_s)
        except SourceError as error:
            findings.faults.append(str(error))
        self._began_s += last_s + self._mission.every_s
        findings.seconds = self._began_s

    def _due(self, leg: Leg) -> Iterator[Frame]:
        next_s = 0.0
        source = open_source(leg.footage.stem, str(leg.footage), pace=Pace.FAST, keep_s=0.0)
        for frame in source.frames():
            if frame.time_s >= next_s:
                next_s = frame.time_s + self._mission.every_s
                yield frame

    def _track(self, leg: Leg, frame: Frame) -> Track:
        """Its telemetry; an empty one, and a fault, where there is none that can be used."""
        if leg.telemetry is None:
            self.findings.faults.append(f"{leg.footage.name}: without telemetry, nothing of it has a place")
            return Track([])
        camera, size = self._mission.camera, (frame.width, frame.height)
        lens = Lens.from_field_of_view(*size, camera.fov_deg) if camera.fov_deg is not None else None
        hints = Hints(size, lens, camera.pitch_deg, camera.yaw_deg, self._mission.height_m, self._mission.errors)
        try:
            flight = read_telemetry(leg.telemetry, hints)
        except SourceError as error:
            self.findings.faults.append(str(error))
            return Track([])
        track = Track(flight.poses)
        left_out = flight.left_out + Counter({"backwards, doubled or too far from the one before": track.left_out})
        self.findings.faults += [
            f"{leg.telemetry.name}: {count} poses left out: {why}" for why, count in (+left_out).items()
        ]
        return track

    def _look(self, frame: Frame, fix: Fix) -> None:
        findings, pose = self.findings, fix.pose
        findings.looks += 1
        time_s = round(self._began_s + frame.time_s, 3)
        if pose is None:
            findings.missing[_kind(fix.reason or "")] += 1
        else:
            self._cover(time_s, pose)
        for kind, box, score in self._seen(frame):
            self._place(frame, pose, kind, box, score, time_s)

    def _cover(self, time_s: float, pose: Pose) -> None:
        findings = self.findings
        if pose.latitude_deg is None or pose.longitude_deg is None:
            return
        if len(findings.way) * _COVER_EVERY_S > time_s:
            return
        findings.way.append((pose.latitude_deg, pose.longitude_deg))
        findings.cover.add(footprint(pose))

    def _seen(self, frame: Frame) -> Iterator[tuple[str, NDArray[np.float32], float]]:
        card = self._detector.card
        side_px = min(card.input.width, card.input.height)
        found: Detections = self._detector.detect(frame, parts(frame.width, frame.height, side_px))
        for xyxy, confidence, class_id in zip(found.xyxy, found.confidence, found.class_id, strict=True):
            kind = card.meanings[class_id]
            if kind in self._mission.hazards and confidence >= card.thresholds[class_id]:
                yield kind, xyxy, float(confidence)

    def _place(
        self, frame: Frame, pose: Pose | None, kind: str, xyxy: NDArray[np.float32], score: float, time_s: float
    ) -> None:
        if pose is None:
            self.findings.unplaced[kind, "no pose at that time"] += 1
            return
        x1, y1, x2, y2 = (float(side) for side in xyxy)
        # Fire and smoke stand on the ground with the lower edge of their box, of which boxes are not sure.
        error_px = (max(2.0, 0.1 * (x2 - x1)), max(2.0, 0.1 * (y2 - y1)))
        try:
            point = locate(pose, ((x1 + x2) / 2, y2), pixel_error=error_px)
        except NoGround as error:
            self.findings.unplaced[kind, _kind(str(error))] += 1
            return
        size = (frame.width, frame.height) * 2
        left, top, right, bottom = (round(side / of, 4) for side, of in zip((x1, y1, x2, y2), size, strict=True))
        sighting = Sighting(kind, point, score, time_s, (left, top, right, bottom))
        place = self.findings.places.add(sighting)
        if place.best is sighting:
            self.findings.pictures[time_s, sighting.box] = _drawn(frame, (x1, y1, x2, y2))
            keep = {(p.best.time_s, p.best.box) for p in self.findings.places.every}
            self.findings.pictures = {key: jpeg for key, jpeg in self.findings.pictures.items() if key in keep}


def parts(width: int, height: int, side_px: int) -> NDArray[np.float32]:
    """The whole picture, and a grid of overlapping parts in which nothing is shrunk.

    Args:
        width: of the picture, pixels.
        height: of the picture, pixels.
        side_px: the model's input, pixels a side.

    Returns:
        `(k, 4)` float32, 0–1 of the picture.
    """
    side = side_px * _SHRINK
    found = [(0.0, 0.0, 1.0, 1.0)]
    if max(width, height) > side:
        for y1, y2 in _spans(height, side):
            found += [(x1 / width, y1 / height, x2 / width, y2 / height) for x1, x2 in _spans(width, side)]
    return np.array(found, np.float32)


def _spans(length: int, side: float) -> Sequence[tuple[float, float]]:
    if length <= side:
        return [(0.0, float(length))]
    count = int(np.ceil((length - side * _OVERLAP) / (side * (1 - _OVERLAP))))
    return [(first, first + side) for first in np.linspace(0.0, length - side, count).tolist()]


def _drawn(frame: Frame, box: tuple[float, float, float, float]) -> bytes:
    picture = frame.bgr()
    x1, y1, x2, y2 = (round(side) for side in box)
    cv2.rectangle(picture, (x1, y1), (x2, y2), (0, 0, 255), max(2, frame.width // 640))
    scale = min(1.0, 960 / frame.width)
    small = cv2.resize(picture, (round(frame.width * scale), round(frame.height * scale)), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, _JPEG)[1].tobytes()


def _kind(reason: str) -> str:
    """A reason without its figures, to be counted."""
    for known in ("in a gap", "before the first", "after the last", "below the horizon", "not known", "there is no"):
        if known in reason:
            return {"in a gap": "in a gap of the telemetry", "below the horizon": "near or above the horizon"}.get(
                known, reason if known in ("not known", "there is no") else f"{known} pose"
            )
    return reason


def pair(footage: Sequence[Path], telemetry: Sequence[Path]) -> list[Leg]:
    """Recordings in the order of their names, each with the telemetry of the same name, here or beside it."""
    given = {path.stem: path for path in telemetry}
    legs = []
    for path in sorted(footage, key=lambda each: each.name):
        beside = [path.with_suffix(end) for end in (".SRT", ".srt", ".jsonl", ".tlog", ".ts")]
        found = given.get(path.stem) or next((each for each in beside if each.is_file()), None)
        legs.append(Leg(path, found))
    if len(legs) == 1 and legs[0].telemetry is None and len(telemetry) == 1:
        legs = [replace(legs[0], telemetry=telemetry[0])]
    return legs
