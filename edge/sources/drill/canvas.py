"""The planes of one frame, to be painted on inside windows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.frame import Frame, Plane

Layer = NDArray[np.float32]
Point = tuple[float, float]

_GRAIN_SIDE = 512
_GRAIN = np.tile(np.random.default_rng(7).standard_normal((_GRAIN_SIDE, _GRAIN_SIDE)).astype(np.float32), (2, 2))


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a frame in whole pixels that starts on even ones, so that it is whole in the chroma planes too."""

    x1: int
    y1: int
    x2: int
    y2: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.x2 - self.x1, self.y2 - self.y1

    @property
    def luma(self) -> tuple[slice, slice]:
        """Where it lies in the luma plane."""
        return slice(self.y1, self.y2), slice(self.x1, self.x2)

    @property
    def chroma(self) -> tuple[slice, slice]:
        """Where it lies in the chroma planes."""
        return slice(self.y1 // 2, (self.y2 + 1) // 2), slice(self.x1 // 2, (self.x2 + 1) // 2)


class Canvas:
    """A frame's planes, copied when first painted on. Colours are full-range YCbCr, whatever range the frame has."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._planes: tuple[Plane, Plane, Plane] | None = None
        self.width, self.height = frame.width, frame.height
        # Brightness of the scene, from a sparse sample: what is drawn is lit like what stands around it.
        sample = frame.y[:: max(1, self.height // 48), :: max(1, self.width // 64)]
        mean = float(sample.mean())
        self.light = mean if frame.full_range else max(0.0, (mean - 16) * 255 / 219)
        self._shift = round(frame.time_s * 1000) * 2654435761 % (_GRAIN_SIDE * _GRAIN_SIDE)

    def frame(self) -> Frame:
        """The frame as painted, with `drill=True`."""
        if self._planes is None:
            return replace(self._frame, drill=True)
        y, u, v = self._planes
        return replace(self._frame, y=y, u=u, v=v, drill=True)

    def window(self, x1: float, y1: float, x2: float, y2: float) -> Window | None:
        """The part of the frame inside these bounds; None if it is empty."""
        left, top = max(0, int(x1) // 2 * 2), max(0, int(y1) // 2 * 2)
        right, bottom = min(self.width, (int(x2) + 2) // 2 * 2), min(self.height, (int(y2) + 2) // 2 * 2)
        return Window(left, top, right, bottom) if right > left and bottom > top else None

    def blend(self, window: Window, alpha: Layer, y: Layer | float, u: Layer | float, v: Layer | float) -> None:
        """Cover: `out = below·(1 − alpha) + colour·alpha`. Layers are `(h, w)` of the window."""
        planes = self._own()
        target = planes[0][window.luma]
        below = target.astype(np.float32)
        target[...] = _whole(below + alpha * (self._luma(y) - below))
        alpha = _halve(alpha)
        for plane, colour in zip(planes[1:], (u, v), strict=True):
            target = plane[window.chroma]
            below = target.astype(np.float32)
            half = _halve(colour) if isinstance(colour, np.ndarray) else np.float32(colour)
            target[...] = _whole(below + alpha * (self._chroma(half) - below))

    def add(self, window: Window, y: Layer, u: float, v: float) -> None:
        """Shine: `out = below + light`. `y` is luma to add; `u`, `v` the chroma added for each unit of it."""
        planes = self._own()
        gain = np.float32(1 if self._frame.full_range else 219 / 255)
        top = 255 if self._frame.full_range else 235
        target = planes[0][window.luma]
        target[...] = np.minimum(_whole(target + y * gain), top)
        half = _halve(y)
        for plane, colour in zip(planes[1:], (u, v), strict=True):
            target = plane[window.chroma]
            target[...] = _whole(target + half * np.float32(colour))

    def shade(self, window: Window, light: Layer) -> None:
        """Darken: `out = below·light` from black upwards; a shadow keeps the colour of the ground."""
        self.blend(window, 1 - light, 0.0, 128.0, 128.0)

    def grain(self, window: Window, sigma: float) -> Layer:
        """Noise of a camera's sensor `(h, w)`, another one at each capture time."""
        width, height = window.size
        row, column = divmod(self._shift, _GRAIN_SIDE)
        tile = _GRAIN[row : row + _GRAIN_SIDE, column : column + _GRAIN_SIDE]
        if height > _GRAIN_SIDE or width > _GRAIN_SIDE:
            tile = np.tile(tile, (-(-height // _GRAIN_SIDE), -(-width // _GRAIN_SIDE)))
        return np.asarray(tile[:height, :width] * np.float32(sigma))

    def _own(self) -> tuple[Plane, Plane, Plane]:
        if self._planes is None:
            self._planes = self._frame.y.copy(), self._frame.u.copy(), self._frame.v.copy()
        return self._planes

    def _luma(self, y: Layer | float) -> Layer | np.float32:
        return np.float32(1) * y if self._frame.full_range else y * np.float32(219 / 255) + np.float32(16)

    def _chroma(self, c: Layer | np.float32) -> Layer | np.float32:
        return c if self._frame.full_range else (c - 128) * np.float32(224 / 255) + np.float32(128)


def extent(canvas: Canvas, picture: Layer, side: float, foot: Point, at: Point) -> Window | None:
    """The window that the parts of a square picture which are not zero fall into; arguments as for `place`."""
    x, y, width, height = cv2.boundingRect((picture > 0).astype(np.uint8))
    if not width:
        return None
    scale = side / picture.shape[0]
    left, top = at[0] - foot[0] * side, at[1] - foot[1] * side
    # Two pixels of the picture more on each side: that far reaches cubic interpolation.
    return canvas.window(
        left + (x - 2) * scale - 1, top + (y - 2) * scale - 1,
        left + (x + width + 2) * scale + 1, top + (y + height + 2) * scale + 1,
    )  # fmt: skip


def place(picture: Layer, window: Window, side: float, foot: Point, at: Point) -> Layer:
    """A square picture drawn into a window.

    Args:
        picture: `(n, n)`.
        window: where it is wanted.
        side: length of its side in the frame, pixels.
        foot: the point of the picture, x, y in 0–1, that stands at `at`.
        at: x, y in pixels of the frame.
    """
    # Averaged down to less than twice the size wanted first, so that small plumes do not sparkle.
    while picture.shape[0] >= 2 * side and picture.shape[0] >= 8:
        half = picture.shape[1] // 2, picture.shape[0] // 2
        picture = np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA), np.float32)
    scale = side / picture.shape[0]
    # Pixel centres lie at +0.5 in both.
    left, top = at[0] - foot[0] * side, at[1] - foot[1] * side
    across, down = left - window.x1 + 0.5 * scale - 0.5, top - window.y1 + 0.5 * scale - 0.5
    matrix = np.array([[scale, 0, across], [0, scale, down]])
    how = cv2.INTER_CUBIC if scale > 1.5 else cv2.INTER_LINEAR
    drawn = cv2.warpAffine(picture, matrix, window.size, flags=how)
    return np.asarray(drawn, np.float32)


def _whole(values: Layer) -> Plane:
    return np.asarray(cv2.convertScaleAbs(np.maximum(values, 0)), np.uint8)  # rounds and saturates


def _halve(layer: Layer) -> Layer:
    height, width = layer.shape
    if height % 2 or width % 2:
        layer = np.pad(layer, ((0, height % 2), (0, width % 2)), mode="edge")
    half = cv2.resize(layer, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(half, np.float32)
