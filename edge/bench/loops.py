"""Loops A, B and C: what they do with each picture of a camera. D is Lookout itself, which runs as it always does.

Whatever a loop's detector finds goes through Lookout's own tracker and rules, so that the loops differ in what they
decode, gate and look at, and in nothing else.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import av
import numpy as np
from numpy.typing import NDArray

from calibration.errors import ConfigError
from edge.agent.ids import Uuid7
from edge.bench.gates import LumaMotion, Mog2Gate, regions
from edge.bench.predict import PredictDetector
from edge.model_store import LoadedModel, ModelStore
from edge.sources.planes import decoded_planes
from pipelines.activity import Activity, Regions
from pipelines.detect import WHOLE, Detector, Request, Seen
from pipelines.detections import Detections
from pipelines.events import Event
from pipelines.frame import Clock, Frame
from pipelines.lane import LanePlan
from pipelines.schedule import Rate
from pipelines.watch import Watch, WatchPlan


class PartsDetector(Detector):
    """Looks at the parts of a frame that a loop has chosen instead of the whole and the prefilter's regions."""

    def __init__(self, model: LoadedModel) -> None:
        super().__init__(model.card, model.weights)
        self.parts: NDArray[np.float32] = WHOLE

    def detect(self, frame: Frame, views: NDArray[np.float32] = WHOLE) -> Detections:
        """As `Detector.detect`; what a rule wants to see closer is looked at as it asks."""
        return super().detect(frame, self.parts if np.array_equal(views[0], WHOLE[0]) else views)

    def detect_together(self, requests: Sequence[Request]) -> list[Seen]:
        """As `Detector.detect_together`, one part after another."""
        return [Seen(self.detect(one.frame, one.views), self.parts) for one in requests]


class Loop(ABC):
    """One camera's pictures through one loop.

    Args:
        plan: what to watch for, with the loop's own detectors.
        turn: held while a model runs; detectors are no place for two threads.

    Attributes:
        looks: pictures at which a model looked.
        runs: parts of pictures that it was given.
    """

    def __init__(self, plan: WatchPlan, turn: threading.Lock) -> None:
        self.looks = self.runs = 0
        self._source = plan.source
        self._detectors = [lane.detector for lane in plan.lanes]
        self._watch = Watch(plan, Uuid7())
        self._rate = Rate(plan.analysis_fps)
        self._turn = turn
        self._sequence = 0

    def take(self, picture: av.VideoFrame, time_s: float) -> tuple[Event, ...]:
        """The next picture of the camera; what a platform would be told."""
        planes = decoded_planes(picture)
        frame = Frame(
            self._source, self._sequence, time_s, Clock.FILE, time_s, planes.y, planes.u, planes.v,
            full_range=planes.full_range,
        )  # fmt: skip
        self._sequence += 1
        return self._take(picture, frame)

    @abstractmethod
    def _take(self, picture: av.VideoFrame, frame: Frame) -> tuple[Event, ...]: ...

    def _inspect(self, frame: Frame, activity: Activity, parts: int) -> tuple[Event, ...]:
        self.looks += 1
        self.runs += parts
        # What Lookout's prefilter would have looked at closer is no part of this loop.
        return self._watch.inspect(frame, replace(activity, regions=Regions.none())).events


class EveryFrame(Loop):
    """A: Ultralytics' `predict` on every frame. Lookout's rules ask how the picture changes, at their own rate."""

    _activity: Activity | None = None

    def _take(self, picture: av.VideoFrame, frame: Frame) -> tuple[Event, ...]:
        if self._rate.due(frame.time_s) or self._activity is None:
            self._activity = self._watch.look(frame)
        colour = np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)
        with self._turn:
            for detector in self._detectors:
                assert isinstance(detector, PredictDetector)
                detector.picture = colour
            return self._inspect(frame, self._activity, 1)


class Mog2Gated(Loop):
    """B: five times a second MOG2 on a reduced picture; where it moves, the model on the whole frame."""

    def __init__(self, plan: WatchPlan, turn: threading.Lock) -> None:
        super().__init__(plan, turn)
        self._gate = Mog2Gate()

    def _take(self, picture: av.VideoFrame, frame: Frame) -> tuple[Event, ...]:  # noqa: ARG002 - the planes do
        if not self._rate.due(frame.time_s) or not self._gate.moves(frame.y):
            return ()
        with self._turn:
            return self._inspect(frame, self._watch.look(frame), 1)


class MotionRegions(Loop):
    """C: five times a second motion in small luma; where it moves, the model on square regions around it."""

    def __init__(self, plan: WatchPlan, turn: threading.Lock) -> None:
        super().__init__(plan, turn)
        self._motion = LumaMotion()

    def _take(self, picture: av.VideoFrame, frame: Frame) -> tuple[Event, ...]:  # noqa: ARG002 - the planes do
        if not self._rate.due(frame.time_s):
            return ()
        boxes = self._motion.boxes(frame.y)
        if not len(boxes):
            return ()
        activity, most = self._watch.look(frame), 0
        with self._turn:
            for detector in self._detectors:
                assert isinstance(detector, PartsDetector)
                spec = detector.card.input
                detector.parts = regions(boxes, frame.width, frame.height, min(spec.width, spec.height))
                most = max(most, len(detector.parts))
            return self._inspect(frame, activity, most)


class EveryLook(Loop):
    """R, a reference for times to alarm: Lookout's stages with nothing left out and nobody waiting."""

    def _take(self, picture: av.VideoFrame, frame: Frame) -> tuple[Event, ...]:  # noqa: ARG002 - the planes do
        if not self._rate.due(frame.time_s):
            return ()
        activity = self._watch.look(frame)
        with self._turn:
            self.looks += 1
            return self._watch.inspect(frame, activity).events


LOOPS: Mapping[str, tuple[type[Loop], Callable[[LoadedModel], Detector]]] = {
    "A": (EveryFrame, PredictDetector),
    "B": (Mog2Gated, PartsDetector),
    "C": (MotionRegions, PartsDetector),
    "R": (EveryLook, lambda model: Detector(model.card, model.weights)),
}


class Rivals:
    """Makes the loops of one kind, which share their detectors.

    Args:
        kind: `A`, `B`, `C` or `R`.
        store: where models are found.

    Raises:
        ConfigError: there is no such loop.
    """

    def __init__(self, kind: str, store: ModelStore) -> None:
        if kind not in LOOPS:
            raise ConfigError([f"loop {kind}: there is no such loop, allowed: {', '.join(LOOPS)}"])
        self._loop, self._detector = LOOPS[kind]
        self._store = store
        self._detectors: dict[str, Detector] = {}
        self._turn = threading.Lock()

    def loop(self, plan: WatchPlan) -> Loop:
        """For one camera, watched as Lookout would.

        Raises:
            ModelError: the loop's detector can not be made.
        """
        lanes = tuple(LanePlan(self._made(lane.detector.card.name), lane.rules) for lane in plan.lanes)
        return self._loop(replace(plan, lanes=lanes), self._turn)

    def _made(self, name: str) -> Detector:
        if name not in self._detectors:
            self._detectors[name] = self._detector(self._store.load(name))
        return self._detectors[name]
