"""One picture of a source, as planes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]


# A part of a picture is never enlarged more than this for a model: beyond it, it sees nothing but blur.
MOST_ZOOM = 2.0


class Clock(StrEnum):
    """Whose clock a capture time was read from."""

    CAMERA = "camera"  # the sender's wall clock, by RTCP or the container
    AGENT = "agent"  # this machine's wall clock when the frame arrived
    FILE = "file"  # a recording: its modification or creation time plus media time


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture in YUV 4:2:0, as the decoder gave it.

    Attributes:
        source: name of the source.
        sequence: number of the frame since the source was opened, from 0; gaps are drops.
        captured_s: capture time, UTC seconds since the epoch.
        clock: whose clock that is.
        time_s: monotonic seconds, for durations only; media time for recordings.
        y: `(h, w)` uint8 luma.
        u, v: `(h/2, w/2)` uint8 chroma, rounded up.
        full_range: luma runs 0–255 instead of 16–235.
        drill: a test fire, smoke or obstacle was rendered into it.
    """

    source: str
    sequence: int
    captured_s: float
    clock: Clock
    time_s: float
    y: Plane
    u: Plane
    v: Plane
    full_range: bool = False
    drill: bool = False

    def __post_init__(self) -> None:
        height, width = self.y.shape
        chroma = ((height + 1) // 2, (width + 1) // 2)
        if self.u.shape != chroma or self.v.shape != chroma:
            raise ValueError(
                f"chroma planes of a {width}×{height} frame are {chroma[::-1]} (w, h), "
                f"found {self.u.shape[::-1]} and {self.v.shape[::-1]}"
            )

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.y.shape[0])

    def bgr(self, size: tuple[int, int] | None = None, box: tuple[int, int, int, int] | None = None) -> Plane:
        """A colour picture of the frame or a part of it: `(h, w, 3)` uint8, BGR.

        The planes are scaled first and converted after, which costs a third of the other order.

        Args:
            size: width and height asked for; the part's own size when left out.
            box: x1, y1, x2, y2 in whole pixels, inside the frame; the whole frame when left out.
        """
        x1, y1, x2, y2 = box or (0, 0, self.width, self.height)
        target = size or (x2 - x1, y2 - y1)
        cx1, cy1, cx2, cy2 = x1 // 2, y1 // 2, (x2 + 1) // 2, (y2 + 1) // 2
        planes = (self.y[y1:y2, x1:x2], self.u[cy1:cy2, cx1:cx2], self.v[cy1:cy2, cx1:cx2])
        y, u, v = (resized(plane, target) for plane in planes)
        to_bgr = _FULL_TO_BGR if self.full_range else _STUDIO_TO_BGR
        return np.asarray(cv2.transform(cv2.merge([y, u, v]), to_bgr), np.uint8)


def from_bgr(
    picture: NDArray[np.uint8],
    *,
    source: str = "picture",
    sequence: int = 0,
    captured_s: float = 0.0,
    clock: Clock = Clock.FILE,
    time_s: float = 0.0,
    drill: bool = False,
) -> Frame:
    """A frame from a colour picture `(h, w, 3)` uint8 BGR: for folders of pictures and for tests."""
    ycrcb = cv2.cvtColor(picture, cv2.COLOR_BGR2YCrCb)
    height, width = picture.shape[:2]
    half = ((width + 1) // 2, (height + 1) // 2)
    v, u = (cv2.resize(ycrcb[..., i], half, interpolation=cv2.INTER_AREA) for i in (1, 2))
    y = np.ascontiguousarray(ycrcb[..., 0], np.uint8)
    return Frame(
        source, sequence, captured_s, clock, time_s, y,
        np.asarray(u, np.uint8), np.asarray(v, np.uint8), full_range=True, drill=drill,
    )  # fmt: skip


def resized(plane: Plane, size: tuple[int, int]) -> Plane:
    """Halved while that leaves enough, then scaled by linear interpolation.

    What is left after halving is less than a factor of two, where two pixels each way miss nothing; OpenCV halves with
    vector instructions, and takes ten times as long for areas of other sizes. An odd last row or column is left
    out of a half: less than one pixel of the result.

    Args:
        plane: of any size.
        size: width and height asked for.
    """
    while (halves := (_half(plane.shape[1], size[0]), _half(plane.shape[0], size[1]))) != plane.shape[::-1]:
        (wide, tall), (across, down) = halves, (plane.shape[1] // halves[0], plane.shape[0] // halves[1])
        even = plane[: tall * down, : wide * across]
        plane = np.asarray(cv2.resize(even, halves, interpolation=cv2.INTER_AREA), np.uint8)
    if plane.shape[::-1] == size:
        return plane
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _half(length: int, wanted: int) -> int:
    return length // 2 if length >= 2 * wanted else length


def _to_bgr(luma: float, black: int, chroma: float) -> NDArray[np.float64]:
    """`(3, 4)`, from (Y, U, V, 1) to (B, G, R), by ITU-R BT.601-7, section 2.5: weights 0.299, 0.587, 0.114.

    Args:
        luma: stretches Y above black to 0-255.
        black: Y of black.
        chroma: stretches U and V around 128 likewise.
    """
    red, green, blue = 0.299, 0.587, 0.114
    by_u, by_v = 2 * (1 - blue) * chroma, 2 * (1 - red) * chroma
    turn = np.array([[luma, by_u, 0], [luma, -by_u * blue / green, -by_v * red / green], [luma, 0, by_v]])
    return np.column_stack([turn, -turn @ [black, 128, 128]])


_FULL_TO_BGR = _to_bgr(1.0, 0, 1.0)
_STUDIO_TO_BGR = _to_bgr(255 / 219, 16, 255 / 224)
