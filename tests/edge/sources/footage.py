"""Small real recordings whose pictures tell their own number."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from pipelines.frame import Frame

FPS = 25
_DARKEST, _STEP = 30, 4  # number n is a left half of luma 30 + 4 n


def picture(number: int, size: tuple[int, int], pix_fmt: str = "yuv420p", noisy: bool = False) -> av.VideoFrame:
    """A picture whose left half is as bright as its number is high, and whose right half is grey or noise."""
    luma = np.full((size[1], size[0]), 128, np.uint8)
    luma[:, : size[0] // 2] = _DARKEST + _STEP * number
    if noisy:
        luma[:, size[0] // 2 :] = np.random.default_rng(number).integers(16, 235, (size[1], size[0] - size[0] // 2))
    frame = av.VideoFrame(size[0], size[1], "yuvj420p" if pix_fmt.startswith("yuvj") else "yuv420p")
    for index, plane in enumerate(frame.planes):
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        rows[: plane.height, : plane.width] = luma if index == 0 else 128
    return frame if frame.format.name == pix_fmt else frame.reformat(format=pix_fmt)


def number_of(frame: Frame) -> int:
    """The number that a decoded picture tells."""
    left = float(frame.y[4:-4, 4 : frame.width // 2 - 8].mean())
    if frame.full_range:
        left = 16 + left * 219 / 255 if left > 255 else left
    return round((left - _DARKEST) / _STEP)


def make_clip(
    path: Path,
    *,
    codec: str = "libx264",
    size: tuple[int, int] = (320, 240),
    count: int = 50,
    pix_fmt: str = "yuv420p",
    ticks: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
    noisy: bool = False,
) -> Path:
    """Encode `count` numbered pictures at 25 a second, or at `ticks` of a 25th of a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS, options=options or {})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.codec_context.gop_size = 10
        stream.codec_context.time_base = Fraction(1, FPS)
        for number in range(count):
            frame = picture(number, size, pix_fmt, noisy)
            frame.pts = number if ticks is None else ticks[number]
            frame.time_base = Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
