"""Looks through the footage of a patrol: what is seen where, and which ground was covered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from calibration.errors import NoOffset, SourceError
from calibration.offset import Rate, find_offset, turn_rates
from calibration.pose import PoseClock
from calibration.terrain import Terrain
from calibration.track import Track
from edge.config.mission import Mission
from edge.patrol.findings import Findings, Glimpse, glimpses
from edge.sources import Pace, open_source
from edge.sources.telemetry import read_telemetry
from pipelines.detect import Detector
from pipelines.detections import Detections
from pipelines.frame import Frame
from pipelines.prefilter import MovingPrefilter
from pipelines.prefilter.moving import small
from pipelines.tiles import grid

_TURN_S = 0.15  # a turn is followed at so many pictures a second


@dataclass(frozen=True, slots=True)
class Leg:
    """One recording with its telemetry.

    Attributes:
        footage: the recording.
        telemetry: None where it has none: hazards are found, and not placed.
    """

    footage: Path
    telemetry: Path | None


class Survey:
    """Goes through recordings, one after the other: those of one flight, in their order.

    Args:
        detector: sees what the mission looks for.
        mission: what for, and what the footage does not say.
        told: called after each look with the footage's time, for a progress bar.
        terrain: the ground; flat if None.
    """

    def __init__(
        self,
        detector: Detector,
        mission: Mission,
        told: Callable[[float], None] = lambda _: None,
        terrain: Terrain | None = None,
    ) -> None:
        self.findings = Findings(terrain)
        self._detector = detector
        self._mission = mission
        self._told = told
        self._began_s = 0.0

    def fly(self, leg: Leg) -> None:
        """Look through one recording; what can not be read is among the faults, and what came before it stays."""
        findings = self.findings
        track: Track | None = None
        last_s = offset_s = 0.0
        try:
            for frame in self._due(leg):
                if track is None:
                    track = self._track(leg, frame)
                    offset_s = self._offset_s(leg, track)
                    if track.clock is PoseClock.UTC:
                        began_s = frame.captured_s - frame.time_s + offset_s
                        findings.starts.append((self._began_s, datetime.fromtimestamp(began_s, UTC)))
                last_s = frame.time_s
                at_s = frame.captured_s if track.clock is PoseClock.UTC else frame.time_s
                fix = track.at(at_s + offset_s)
                findings.note(frame, fix, self._seen(frame), round(self._began_s + frame.time_s, 3))
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
        try:
            flight = read_telemetry(leg.telemetry, self._mission.hints(frame.width, frame.height))
        except SourceError as error:
            self.findings.faults.append(str(error))
            return Track([])
        if flight.started_local is not None:
            self.findings.starts.append((self._began_s, flight.started_local))
        track = Track(flight.poses)
        left_out = flight.left_out + Counter({"backwards, doubled or too far from the one before": track.left_out})
        self.findings.faults += [
            f"{leg.telemetry.name}: {count} poses left out: {why}" for why, count in (+left_out).items()
        ]
        return track

    def _offset_s(self, leg: Leg, track: Track) -> float:
        """As the mission says, or as a turn tells where the telemetry has a clock of its own."""
        if self._mission.offset_s is not None or track.clock is not PoseClock.UTC or not track.poses:
            return self._mission.offset_s or 0.0
        name = leg.footage.name
        try:
            found = find_offset(_turns(leg.footage), turn_rates(track.poses))
        except NoOffset as error:
            self.findings.faults.append(f"{name}: no offset of its clock is known, none is assumed: {error}")
            return 0.0
        self.findings.faults.append(f"{name}: its clock is {found.seconds:+.2f} s from the telemetry's, by a turn")
        return found.seconds

    def _seen(self, frame: Frame) -> list[Glimpse]:
        card = self._detector.card
        side_px = min(card.input.width, card.input.height)
        # Parts of the picture are handed to the model as large as they are: far fires are small.
        views = np.array([(0.0, 0.0, 1.0, 1.0), *grid(frame.width, frame.height, side_px)], np.float32)
        found: Detections = self._detector.detect(frame, views)
        return glimpses(found, frame, card.meanings, card.thresholds, self._mission.hazards)


def _turns(footage: Path) -> list[Rate]:
    """How fast the camera turns in a recording, by the time of its pictures."""
    rates: list[Rate] = []
    motion, before_s = MovingPrefilter(), 0.0
    for frame in open_source(footage.stem, str(footage), pace=Pace.FAST, keep_s=0.0).frames():
        if frame.captured_s - before_s < _TURN_S:
            continue
        motion.compare(small(frame.y), frame.captured_s)
        if motion.turn is not None:
            rates.append(((before_s + frame.captured_s) / 2, motion.turn))
        before_s = frame.captured_s
    return rates


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
