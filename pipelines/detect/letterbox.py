"""A part of a frame, fitted into a model's input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from pipelines.detect.card import CardInput
from pipelines.detect.tensor import InputTensor
from pipelines.frame import Frame

Box = tuple[int, int, int, int]
"""x1, y1, x2, y2 in whole pixels of a frame."""


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

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in the input, pixels."""
        x1, y1, x2, y2 = self.box
        return round((x2 - x1) * self.scale_x), round((y2 - y1) * self.scale_y)

    @property
    def cell(self) -> tuple[int, int, int, int]:
        """The place in the input: x1, y1, x2, y2, pixels."""
        wide, tall = self.size
        return self.offset_x, self.offset_y, self.offset_x + wide, self.offset_y + tall

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


def pixels(frame: Frame, view: NDArray[np.float32]) -> Box:
    """A view `(4,)`, 0–1 of the frame, in whole pixels of it: at least two by two."""
    width, height = frame.width, frame.height
    # In float32, as the view is: in float64 its rounding would show, and whole pixels would be a pixel off.
    left, top, right, bottom = (view * np.array([width, height] * 2, np.float32)).tolist()
    x1 = min(max(int(left), 0), width - 2)
    y1 = min(max(int(top), 0), height - 2)
    x2 = min(max(ceil(right), x1 + 2), width)
    y2 = min(max(ceil(bottom), y1 + 2), height)
    return x1, y1, x2, y2


def fitted(box: Box, spec: CardInput) -> Placement:
    """One part in the middle of an input, as large as it goes."""
    x1, y1, x2, y2 = box
    ratio = min(spec.width / (x2 - x1), spec.height / (y2 - y1))
    wide = max(1, min(spec.width, round((x2 - x1) * ratio)))
    tall = max(1, min(spec.height, round((y2 - y1) * ratio)))
    return Placement(box, wide / (x2 - x1), tall / (y2 - y1), (spec.width - wide) // 2, (spec.height - tall) // 2)


class Letterbox:
    """Fits views into one preallocated tensor, keeping their shape.

    Planes are scaled before they are converted to colour: the full frame is never touched.
    """

    def __init__(self, spec: CardInput) -> None:
        self._spec = spec
        self._tensor = InputTensor(spec)

    def place(self, frame: Frame, view: NDArray[np.float32]) -> Placement:
        """Where the view `(4,)`, 0–1 of the frame, will lie in the input."""
        return fitted(pixels(frame, view), self._spec)

    def fill(self, frame: Frame, placement: Placement) -> NDArray[np.float32] | NDArray[np.uint8]:
        """The model's input tensor, batch of one; overwritten by the next call."""
        return self.fill_all([(frame, placement)])

    def fill_all(self, pieces: Sequence[tuple[Frame, Placement]]) -> NDArray[np.float32] | NDArray[np.uint8]:
        """The same with several pieces side by side, which must not overlap."""
        self._tensor.arrange([placement.cell for _, placement in pieces])
        for frame, placement in pieces:
            self._tensor.put(frame.bgr(placement.size, placement.box), placement.cell)
        return self._tensor.array
