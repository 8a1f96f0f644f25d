"""A part of a frame, fitted into a model's input."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.detect.card import CardInput
from pipelines.frame import Frame


@dataclass(frozen=True, slots=True)
class Placement:
    """How a part of the frame lies in the input: `input = (frame - origin) * scale + offset`.

    Attributes:
        box: x1, y1, x2, y2 of the part, whole pixels of the frame.
        scale_x, scale_y: input pixels per frame pixel.
        offset_x, offset_y: input pixels.
    """

    box: tuple[int, int, int, int]
    scale_x: float
    scale_y: float
    offset_x: int
    offset_y: int

    def to_frame(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes from input pixels to frame pixels, cut at the part's edges: `(n, 4) -> (n, 4)`."""
        offset = np.array([self.offset_x, self.offset_y] * 2, np.float32)
        scale = np.array([self.scale_x, self.scale_y] * 2, np.float32)
        x1, y1, x2, y2 = self.box
        origin = np.array([x1, y1] * 2, np.float32)
        moved = (boxes - offset) / scale + origin
        inside: NDArray[np.float32] = np.clip(moved, origin, np.array([x2, y2] * 2, np.float32))
        return inside

    def points_to_frame(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Keypoints from input pixels to frame pixels: `(n, k, 3) -> (n, k, 3)`, the confidence as it is.

        They are not cut at the part's edges: what the model puts outside it does not trust, and says so.
        """
        offset = np.array([self.offset_x, self.offset_y, 0], np.float32)
        scale = np.array([self.scale_x, self.scale_y, 1], np.float32)
        origin = np.array([self.box[0], self.box[1], 0], np.float32)
        moved: NDArray[np.float32] = (points - offset) / scale + origin
        return moved


class Letterbox:
    """Fits views into one preallocated tensor, keeping their shape.

    Planes are scaled before they are converted to colour: the full frame is never touched.
    """

    def __init__(self, spec: CardInput) -> None:
        self._spec = spec
        self._canvas = np.full((spec.height, spec.width, 3), spec.pad, np.uint8)

    def place(self, frame: Frame, view: NDArray[np.float32]) -> Placement:
        """Where the view `(4,)`, 0–1 of the frame, will lie in the input."""
        width, height = frame.width, frame.height
        x1 = int(np.clip(view[0] * width, 0, width - 2))
        y1 = int(np.clip(view[1] * height, 0, height - 2))
        x2 = int(np.clip(np.ceil(view[2] * width), x1 + 2, width))
        y2 = int(np.clip(np.ceil(view[3] * height), y1 + 2, height))
        ratio = min(self._spec.width / (x2 - x1), self._spec.height / (y2 - y1))
        new_w = max(1, min(self._spec.width, round((x2 - x1) * ratio)))
        new_h = max(1, min(self._spec.height, round((y2 - y1) * ratio)))
        return Placement(
            (x1, y1, x2, y2),
            new_w / (x2 - x1),
            new_h / (y2 - y1),
            (self._spec.width - new_w) // 2,
            (self._spec.height - new_h) // 2,
        )

    def fill(self, frame: Frame, placement: Placement) -> NDArray[np.float32] | NDArray[np.uint8]:
        """The model's input tensor, batch of one; overwritten by the next call."""
        x1, y1, x2, y2 = placement.box
        new_w = round((x2 - x1) * placement.scale_x)
        new_h = round((y2 - y1) * placement.scale_y)
        left, top = placement.offset_x, placement.offset_y
        if (new_h, new_w) != self._canvas.shape[:2]:
            self._canvas[...] = self._spec.pad
        self._canvas[top : top + new_h, left : left + new_w] = frame.bgr((new_w, new_h), placement.box)
        swap = self._spec.colour == "rgb"
        if self._spec.layout == "nhwc":
            picture = cv2.cvtColor(self._canvas, cv2.COLOR_BGR2RGB) if swap else self._canvas
            tensor = np.asarray(picture, np.uint8)[None]
            return tensor if self._spec.scale == 1 else tensor.astype(np.float32) * np.float32(self._spec.scale)
        return np.asarray(cv2.dnn.blobFromImage(self._canvas, self._spec.scale, swapRB=swap), np.float32)
