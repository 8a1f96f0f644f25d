"""Luma and chroma planes of a decoded picture, without a copy where the decoder's own will do."""

from __future__ import annotations

from typing import NamedTuple

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.frame import Plane, from_bgr

_PLANAR = frozenset({"yuv420p", "yuvj420p"})
_FULL_FORMATS = ("yuvj", "gray")
_JPEG_RANGE = 2
_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}


class Planes(NamedTuple):
    """A picture in YUV 4:2:0: `(h, w)` and twice `(h/2, w/2)` uint8, read-only."""

    y: Plane
    u: Plane
    v: Plane
    full_range: bool


def decoded_planes(picture: av.VideoFrame, rotation: int = 0) -> Planes:
    """Planes of a decoded picture: views of the decoder's memory if it is 8-bit 4:2:0, else converted.

    Args:
        picture: what the decoder gave.
        rotation: degrees counter-clockwise to turn it by, a multiple of 90.
    """
    if picture.planes[0].line_size < 0:  # stored upside down: only a conversion can read it
        picture = picture.reformat(format="yuv444p")
    full = picture.color_range == _JPEG_RANGE or picture.format.name.startswith(_FULL_FORMATS)
    if picture.format.name == "nv12":
        y, uv = _view(picture, 0), _view(picture, 1, channels=2)
        planes = [y, np.ascontiguousarray(uv[..., 0]), np.ascontiguousarray(uv[..., 1])]
    else:
        if picture.format.name not in _PLANAR:
            picture = picture.reformat(format="yuvj420p" if full else "yuv420p")
        planes = [_view(picture, i) for i in range(3)]
    turn = _TURNS.get(rotation % 360)
    if turn is not None:
        planes = [np.asarray(cv2.rotate(plane, turn), np.uint8) for plane in planes]
    for plane in planes:
        plane.flags.writeable = False
    return Planes(planes[0], planes[1], planes[2], full)


def picture_planes(content: bytes) -> Planes | None:
    """Planes of a picture file's content, JPEG, PNG and the like; None when it is not a picture."""
    if not content:
        return None
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        return None
    frame = from_bgr(np.asarray(picture, np.uint8))
    return Planes(frame.y, frame.u, frame.v, frame.full_range)


def _view(picture: av.VideoFrame, index: int, channels: int = 1) -> Plane:
    plane = picture.planes[index]
    rows: NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    if channels == 1:
        return rows[: plane.height, : plane.width]
    return rows[: plane.height, : plane.width * channels].reshape(plane.height, plane.width, channels)
