"""From the packets of a window back to frames, with the times they had when they were first seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction

import av
import av.error
from av.stream import Stream
from av.video.stream import VideoStream

from edge.evidence.header import open_header
from edge.evidence.packets import PICTURES, Stamp, Window
from edge.sources.planes import Planes, decoded_planes, picture_planes
from pipelines.frame import Frame

_ORDER = Fraction(1, 1000)  # the decoder only has to bring the numbers of the packets into order


@dataclass(slots=True)
class _Rising:
    """The rule of `RecordingTimeline.picture`: a time that does not rise is the last one and a frame."""

    frame_s: float
    last_s: float = float("-inf")

    def __call__(self, stamp: Stamp) -> Stamp:
        time_s = stamp.time_s if stamp.time_s > self.last_s else self.last_s + self.frame_s
        self.last_s = time_s
        return replace(stamp, time_s=time_s, captured_s=stamp.captured_s + (time_s - stamp.time_s))


def window_frames(window: Window) -> Iterator[Frame]:
    """Every frame of a window in order; what is damaged is left out.

    Numbers begin at 0: they are not those of the frames first seen.
    """
    rising = _Rising(window.format.frame_s)
    pictures = _files(window) if window.format.codec == PICTURES else _decoded(window)
    for number, (found, planes) in enumerate(pictures):
        stamp = rising(found)
        yield Frame(
            window.source, number, stamp.captured_s, stamp.clock, stamp.time_s,
            planes.y, planes.u, planes.v, planes.full_range,
        )  # fmt: skip


def _files(window: Window) -> Iterator[tuple[Stamp, Planes]]:
    for packet in window.packets:
        planes = picture_planes(packet.data)
        if planes is not None:
            yield packet.stamp, planes


def _decoded(window: Window) -> Iterator[tuple[Stamp, Planes]]:
    container, stream = open_header(window.format)
    with closing(container):
        stream.codec_context.thread_count = 1
        for number in range(len(window.packets) + 1):
            for picture in _pictures(stream, _numbered(window, number)):
                if picture.pts is not None and not picture.is_corrupt:
                    stamp = window.packets[picture.pts].stamp
                    yield stamp, decoded_planes(picture, window.format.rotation)


def _numbered(window: Window, number: int) -> av.Packet[Stream] | None:
    """A packet that carries its own number as its time; None after the last, to empty the decoder."""
    if number == len(window.packets):
        return None
    packet = av.Packet(window.packets[number].data)
    packet.pts = packet.dts = number
    packet.time_base = _ORDER
    packet.is_keyframe = window.packets[number].keyframe
    return packet


def _pictures(stream: VideoStream, packet: av.Packet[Stream] | None) -> list[av.VideoFrame]:
    try:
        return stream.codec_context.decode(packet)
    except av.error.FFmpegError:
        return []
