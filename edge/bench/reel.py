"""Encoded video as groups of pictures that can be put together anew without encoding them again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from calibration.errors import SourceUnusable
from edge.bench.scenes import FPS
from pipelines.frame import Frame, Plane

GOP = 2 * FPS
"""Pictures from one keyframe to the next."""

EPOCH_S = 1_767_225_600.0
"""When each clip says it was filmed, 2026-01-01: capture times in events so tell the time within the clip."""

_EPOCH = "2026-01-01T00:00:00.000000Z"
_NOISE_MARGIN = 64
_TICK = Fraction(1, FPS)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a stream is encoded.

    Attributes:
        size: width and height.
        bit_rate: bits a second.
        noise: standard deviation of the sensor's noise, levels of luma.
    """

    size: tuple[int, int]
    bit_rate: int
    noise: float


@dataclass(frozen=True, slots=True)
class Reel:
    """The packets of a clip without B-frames, in groups that each begin with a keyframe.

    Attributes:
        path: where they came from; its header serves every clip made of them.
        groups: encoded pictures.
    """

    path: Path
    groups: tuple[tuple[bytes, ...], ...]

    @property
    def keyframe_bytes(self) -> float:
        """Mean size of a keyframe."""
        return float(np.mean([len(group[0]) for group in self.groups]))


class Sensor:
    """Adds the noise of a sensor, another in each picture."""

    def __init__(self, size: tuple[int, int], sigma: float) -> None:
        self._rng = np.random.default_rng(1)
        shape = (size[1] + _NOISE_MARGIN, size[0] + _NOISE_MARGIN)
        self._field = np.clip(np.rint(self._rng.normal(0, sigma, shape)), -100, 100).astype(np.int8)

    def expose(self, luma: Plane) -> Plane:
        """The luma plane as a sensor would give it."""
        top, left = self._rng.integers(0, _NOISE_MARGIN, 2)
        height, width = luma.shape
        noise = self._field[top : top + height, left : left + width]
        return np.asarray(cv2.add(luma, noise, dtype=cv2.CV_8U), np.uint8)


def encode(frames: Iterable[Frame], how: Encoding, path: Path) -> None:
    """Write frames as H.264 with a keyframe every `GOP` pictures and nowhere else."""
    sensor = Sensor(how.size, how.noise)
    part = path.with_suffix(".part.mp4")
    with av.open(str(part), "w") as container:
        options = {"preset": "veryfast", "x264-params": f"scenecut=0:keyint={GOP}:min-keyint={GOP}:bframes=0"}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = how.size
        stream.pix_fmt, stream.bit_rate = "yuv420p", how.bit_rate
        stream.codec_context.time_base = _TICK
        stream.codec_context.thread_count = os.cpu_count() or 1
        for number, frame in enumerate(frames):
            container.mux(stream.encode(_picture(frame, sensor, number)))
        container.mux(stream.encode(None))
    part.rename(path)


def read(path: Path) -> Reel:
    """The packets of a clip.

    Raises:
        SourceUnusable: it can not be read, or does not begin with a keyframe.
    """
    groups: list[list[bytes]] = []
    try:
        with av.open(str(path)) as container:
            for packet in container.demux(video=0):
                if packet.size and packet.is_keyframe:
                    groups.append([])
                if packet.size:
                    groups[-1].append(bytes(packet))
    except (av.error.FFmpegError, IndexError) as error:
        raise SourceUnusable(
            f"benchmark: {path}: is no clip of ours: {error}; remove it to have it made anew"
        ) from error
    return Reel(path, tuple(tuple(group) for group in groups))


def put_together(header: Path, groups: Sequence[Sequence[bytes]], path: Path) -> None:
    """Write groups of pictures one after the other, with the header of a clip that was encoded in the same way."""
    part = path.with_suffix(".part.mp4")
    with av.open(str(header)) as template, av.open(str(part), "w") as container:
        container.metadata["creation_time"] = _EPOCH
        stream = container.add_stream_from_template(template.streams.video[0])
        number = 0
        for group in groups:
            for index, content in enumerate(group):
                packet = av.Packet(content)
                packet.stream, packet.time_base = stream, _TICK
                packet.pts = packet.dts = number
                packet.duration, packet.is_keyframe = 1, index == 0
                container.mux(packet)
                number += 1
    part.rename(path)


def turned(groups: Sequence[Sequence[bytes]], phase: int, phases: int, count: int) -> list[Sequence[bytes]]:
    """Groups of an endless loop, begun elsewhere: so that neither the keyframes nor the activity of cameras coincide.

    They end with a keyframe alone: a reader that passes pictures over shows what it kept at the end of a recording,
    which cameras do not have.

    Args:
        groups: of the loop.
        phase: which of the beginnings.
        phases: how many there are.
        count: groups wanted besides that.
    """
    start = phase * len(groups) // phases
    first, *rest, last = (groups[(start + i) % len(groups)] for i in range(count + 1))
    return [first[: lead_of(phase, phases, len(first))], *rest, last[:1]]


def lead_of(phase: int, phases: int, length: int = GOP) -> int:
    """Pictures left of the first group, so that the next keyframe comes when its turn is."""
    return max(1, length * (phases - phase % phases) // phases)


def _picture(frame: Frame, sensor: Sensor, number: int) -> av.VideoFrame:
    picture = av.VideoFrame(frame.width, frame.height, "yuv420p")
    for plane, content in zip(picture.planes, (sensor.expose(frame.y), frame.u, frame.v), strict=True):
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        rows[: plane.height, : plane.width] = content
    picture.pts, picture.time_base = number, _TICK
    return picture
