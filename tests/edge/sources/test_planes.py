"""Planes are the decoder's own where they can be, and the same picture where they can not."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest

from edge.sources.planes import decoded_planes, picture_planes
from pipelines.frame import Clock, Frame

SIZE = (178, 146)
LIMITED = ["yuv420p", "nv12", "yuv422p", "yuv444p", "yuyv422", "yuv420p10le", "bgr24", "rgba"]
FULL = ["yuvj420p", "yuvj422p", "yuvj444p", "gray"]


def scene() -> np.ndarray:  # type: ignore[type-arg]
    """Soft colours, BGR: chroma is shared by four pixels."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32)
    waves = [128 + 90 * np.sin(x / 30 + i) * np.cos(y / 40 - i) for i in range(3)]
    return np.stack(waves, axis=-1).astype(np.uint8)


def frame_of(pix_fmt: str) -> Frame:
    source = av.VideoFrame.from_ndarray(np.ascontiguousarray(scene()), format="bgr24")
    planes = decoded_planes(source.reformat(format=pix_fmt))
    return Frame("gate", 0, 0.0, Clock.FILE, 0.0, planes.y, planes.u, planes.v, planes.full_range)


@pytest.mark.parametrize("pix_fmt", [*LIMITED, *FULL])
def test_the_picture_is_the_same(pix_fmt: str) -> None:
    frame = frame_of(pix_fmt)
    assert frame.full_range == (pix_fmt in FULL)
    expected = scene()
    if pix_fmt == "gray":
        grey = cv2.cvtColor(expected, cv2.COLOR_BGR2GRAY)
        expected = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    assert np.abs(frame.bgr().astype(int) - expected).mean() < 3


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p"])
def test_no_copy_of_what_fits(pix_fmt: str) -> None:
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(scene()), format="bgr24").reformat(format=pix_fmt)
    planes = decoded_planes(picture)
    memory = np.frombuffer(memoryview(picture.planes[0]), np.uint8)
    assert np.shares_memory(planes.y, memory)


def test_range_told_by_the_stream_beats_the_format() -> None:
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(scene()), format="bgr24").reformat(format="yuv420p")
    picture.color_range = 2
    assert decoded_planes(picture).full_range


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp"])
def test_a_picture_file(suffix: str) -> None:
    planes = picture_planes(cv2.imencode(suffix, scene())[1].tobytes())
    assert planes is not None
    frame = Frame("gate", 0, 0.0, Clock.FILE, 0.0, planes.y, planes.u, planes.v, planes.full_range)
    assert np.abs(frame.bgr().astype(int) - scene()).mean() < 3


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\xff\xd8\xff\xe0 a head alone"])
def test_what_is_no_picture(content: bytes) -> None:
    assert picture_planes(content) is None
