"""What the rules get to see of one inspection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.activity import Activity
from pipelines.detections import Detections
from pipelines.frame import Frame

# Share of a box's cells that move when what is in it does; noise alone moves fewer.
_LIVELY = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class CloseUp:
    """What the model saw in one part of the frame, shown to it larger than in the whole.

    Attributes:
        found: all boxes in that part, in pixels of the frame, without track ids.
        view_px: `(4,)` float32, the part, in pixels of the frame.
        scale: pixels of the model's input for each pixel of the frame.
    """

    found: Detections
    view_px: NDArray[np.float32]
    scale: float


class Lens(Protocol):
    """Shows the model a part of the frame again, larger. Each look is a run of the model: a rule asks sparingly."""

    def scale(self, xyxy: NDArray[np.float32]) -> float:
        """How large a look around this box (`(4,)`, pixels of the frame) would show it; costs nothing."""
        ...

    def look(self, xyxy: NDArray[np.float32]) -> CloseUp:
        """What the model sees around this box."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One frame with what a model found in it, tracked.

    Attributes:
        frame: the picture.
        activity: what the prefilter said of the same picture.
        detections: all boxes at or above the card's lowest threshold, with track ids.
        meanings: what each class of the model means (`fire`, `person`, `vehicle` …), by class id.
        thresholds: `(classes,)` float32, the card's threshold of each class.
        looked: `(k, 4)` float32, 0–1, the parts of the picture that the model was given;
            one row of 0, 0, 1, 1 for a full view.
        lens: for a closer look at something; None where the model is not at hand.
        keypoints: names of the detections' keypoints, in their order.
    """

    frame: Frame
    activity: Activity
    detections: Detections
    meanings: tuple[str, ...]
    thresholds: NDArray[np.float32]
    looked: NDArray[np.float32]
    lens: Lens | None = None
    keypoints: tuple[str, ...] = ()

    @property
    def time_s(self) -> float:
        """The frame's monotonic time."""
        return self.frame.time_s

    def of(self, *meanings: str, scale: float = 1.0) -> Detections:
        """Detections with one of these meanings and at least `scale` times their class's threshold."""
        found = self.detections
        wanted = np.array([m in meanings for m in self.meanings], bool)
        enough = found.confidence >= self.thresholds[found.class_id] * scale
        return found.pick(wanted[found.class_id] & enough)

    def boxes(self, detections: Detections) -> NDArray[np.float32]:
        """Their boxes in 0–1 of the picture: `(n, 4)`."""
        size = np.array([self.frame.width, self.frame.height] * 2, np.float32)
        return detections.xyxy / size

    @property
    def lively(self) -> bool:
        """The model sees something, weak as it may be, where something moves."""
        moving = self.activity.moving
        boxes = self.boxes(self.detections)
        return any(float(moving[self.activity.window(tuple(box))].mean()) > _LIVELY for box in boxes.tolist())
