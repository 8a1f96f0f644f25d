"""Frames into an H.264 file that any browser plays."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.error
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from calibration.errors import EvidenceError
from pipelines.frame import Frame, Plane

_TICKS = 90_000  # a second
_LONG_SIDE_PX = 1280  # a film that has to be encoded here is not larger: a 4K one would take minutes
_FULL_RANGE = 2
_ENCODERS = ("libx264", "libopenh264")
_QUALITY = {"libx264": {"preset": "veryfast", "crf": "25"}, "libopenh264": {"b": "2000000"}}


class Film:
    """Writes frames as H.264 in MP4, at the times they were captured.

    Args:
        path: where to write; an existing file is replaced.
        fps: about how many frames a second will come.

    Raises:
        EvidenceError: this build has no encoder, or the file can not be written.
    """

    def __init__(self, path: Path, fps: float) -> None:
        self._path = path
        self._fps = fps
        self._stream: VideoStream | None = None
        self._first_s = 0.0
        try:
            self._container: OutputContainer = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        except (av.error.FFmpegError, OSError) as error:
            raise EvidenceError(f"{path} can not be written: {error.strerror or error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, frame: Frame) -> None:
        """Append a frame; its `time_s` must be later than the last one's.

        Raises:
            EvidenceError: it can not be encoded or written.
        """
        if self._stream is None:
            self._stream = self._encoder(frame)
            self._first_s = frame.time_s
        stream = self._stream
        picture = _picture(frame, (stream.width, stream.height))
        picture.pts = round((frame.time_s - self._first_s) * _TICKS)
        picture.time_base = Fraction(1, _TICKS)
        try:
            self._container.mux(stream.encode(picture))
        except (av.error.FFmpegError, OSError) as error:
            raise EvidenceError(f"{self._path} can not be written: {error.strerror or error}") from error

    def close(self) -> None:
        """Finish the file."""
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))
            self._stream = None
        self._container.close()

    def _encoder(self, first: Frame) -> VideoStream:
        name = next((name for name in _ENCODERS if name in av.codecs_available), None)
        if name is None:
            raise EvidenceError(f"this build of PyAV has no H.264 encoder (looked for {', '.join(_ENCODERS)})")
        rate = Fraction(self._fps).limit_denominator(1001)
        stream = self._container.add_stream(name, rate=rate, options=_QUALITY[name])
        if not isinstance(stream, VideoStream):
            raise EvidenceError(f"{name} is not a video encoder")
        stream.width, stream.height = _even_size(first.width, first.height)
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = Fraction(1, _TICKS)
        context.gop_size = max(1, round(2 * self._fps))
        context.thread_count = 1  # the cores belong to inference
        if first.full_range:
            context.color_range = _FULL_RANGE
        return stream


def _picture(frame: Frame, size: tuple[int, int]) -> av.VideoFrame:
    """The frame as the encoder wants it, in its size."""
    picture = av.VideoFrame(*size, "yuv420p")
    if frame.full_range:
        picture.color_range = _FULL_RANGE
    for plane, source in zip(picture.planes, (frame.y, frame.u, frame.v), strict=True):
        rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        target = rows[: plane.height, : plane.width]
        if source.shape == target.shape:
            target[:] = source
        else:
            target[:] = cv2.resize(source, (plane.width, plane.height), interpolation=cv2.INTER_AREA)
    return picture


def _even_size(width: int, height: int) -> tuple[int, int]:
    """Width and height for the encoder: even, and no longer than the limit."""
    scale = min(1.0, _LONG_SIDE_PX / max(width, height))
    return max(2, round(width * scale) // 2 * 2), max(2, round(height * scale) // 2 * 2)
