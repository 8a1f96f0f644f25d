"""What leaves the machine shows nobody who is not the hazard, where the site asks for that."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge.evidence.clip import Render
from edge.evidence.decode import window_frames
from edge.evidence.hide import hide
from edge.evidence.packets import Window
from pipelines.detect import Detector
from pipelines.detections import Detections
from pipelines.frame import Frame
from pipelines.hazards import Box

_EVERY_S = 0.2  # people are looked for so often in a clip …
_AROUND_S = 0.35  # … and are hidden where they were found so long before and after

Between = Callable[[Callable[[], Detections]], Detections]
"""Calls something while no inspection is under way."""


class Veil:
    """Hides people in evidence.

    Args:
        detector: finds them; None: nobody is hidden.
        between: how a thread that is not inspecting gets at the detector.
    """

    def __init__(self, detector: Detector | None, between: Between) -> None:
        self._detector = detector
        self._between = between

    def inspected(self, frame: Frame, hazard: Box | None) -> Frame:
        """A picture of an event, in the thread that has just inspected it."""
        if self._detector is None:
            return frame
        return hide(frame, self._people(frame, self._detector.detect(frame)), hazard)

    def asked(self, frame: Frame) -> Frame:
        """A picture that somebody asked for, from any other thread: everybody is hidden.

        Raises:
            CommandRefused: the detector is not to be had.
        """
        if self._detector is None:
            return frame
        return hide(frame, self._found(frame), None)

    def over(self, window: Window, hazard: Box | None, render: Render | None) -> Render | None:
        """Draws what is to be drawn into the frames of a clip, and hides people then.

        Args:
            window: the packets of the clip: people are looked for in all of it first, so that nobody is shown who walks
                in between two looks.
            hazard: what is shown as it is.
            render: draws a drill; None where there is none.

        Raises:
            CommandRefused: the detector is not to be had.
            EvidenceError: the packets can not be decoded.
        """
        if self._detector is None:
            return render
        times_s: list[float] = []
        people: list[NDArray[np.float32]] = []
        for frame in window_frames(window):
            if not times_s or frame.time_s - times_s[-1] >= _EVERY_S:
                times_s.append(frame.time_s)
                people.append(self._found(frame))

        def hidden(frame: Frame) -> Frame:
            near = [p for t, p in zip(times_s, people, strict=True) if abs(t - frame.time_s) <= _AROUND_S]
            boxes = np.concatenate(near) if near else np.empty((0, 4), np.float32)
            return hide(frame if render is None else render(frame), boxes, hazard)

        return hidden

    def _found(self, frame: Frame) -> NDArray[np.float32]:
        detector = self._detector
        assert detector is not None
        return self._people(frame, self._between(lambda: detector.detect(frame)))

    def _people(self, frame: Frame, found: Detections) -> NDArray[np.float32]:
        """Also those of whom the model is not sure: to hide a bush costs nothing."""
        assert self._detector is not None
        meanings = self._detector.card.meanings
        people = found.pick(np.array([meanings[class_id] == "person" for class_id in found.class_id], bool))
        size = np.array([frame.width, frame.height] * 2, np.float32)
        return (people.xyxy / size).astype(np.float32)
