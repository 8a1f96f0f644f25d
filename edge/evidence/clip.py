"""A short clip of an alarm: H.264 in MP4."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from itertools import chain
from pathlib import Path

import av
import av.error

from calibration.errors import EvidenceError
from edge.evidence.decode import window_frames
from edge.evidence.film import Film
from edge.evidence.header import open_header
from edge.evidence.packets import EncodedPacket, Window
from pipelines.frame import Frame

Render = Callable[[Frame], Frame]

_TICKS = 90_000  # a second
_LONG_SIDE_PX = 1280  # a clip that has to be encoded here is not larger: a 4K one would take minutes
_MOST_REORDERED_S = 1.0
_FULL_RANGE = 2
_ENCODERS = ("libx264", "libopenh264")
_QUALITY = {"libx264": {"preset": "veryfast", "crf": "25"}, "libopenh264": {"b": "2000000"}}
_MOOV_FIRST = {"movflags": "+faststart"}


def write_clip(path: Path, window: Window, render: Render | None = None) -> None:
    """Write a window of packets as an MP4 that any browser plays.

    H.264 is put into the file as it came from the camera, from the keyframe before the window on. Anything
    else, and a drill, which has to be drawn into the frames again, is decoded and encoded, cut to the window.

    Args:
        path: where to write; an existing file is replaced.
        window: what to write.
        render: draws a drill into a frame, by the frame's time.

    Raises:
        EvidenceError: nothing in the window can be decoded, or the file can not be written.
    """
    try:
        packets = None if render is not None else _copyable(window)
        if packets is not None:
            _copy(path, window, packets)
        else:
            _encode(path, window, render)
    except (av.error.FFmpegError, OSError) as error:
        why = error.strerror or type(error).__name__
        raise EvidenceError(f"source {window.source}: the clip {path} can not be written: {why}") from error


def _copyable(window: Window) -> list[EncodedPacket] | None:
    """The packets that can stand in an MP4 as they are; None if it would not play."""
    if window.format.codec != "h264" or window.format.rotation:
        return None
    first = window.packets[0].pts
    if first is None or any(packet.pts is None for packet in window.packets):
        return None
    # Pictures of the first group that are shown before its keyframe lean on a group that is not here.
    second = next((i for i, packet in enumerate(window.packets) if i and packet.keyframe), len(window.packets))
    packets = [packet for i, packet in enumerate(window.packets) if i >= second or (packet.pts or 0) >= first]
    stamps = {packet.pts for packet in packets}
    late = _reordering(packets) * window.format.time_base
    return packets if len(stamps) == len(packets) and late <= _MOST_REORDERED_S else None


def _reordering(packets: list[EncodedPacket]) -> int:
    """Ticks by which decoding has to begin before showing."""
    stamps = [packet.pts or 0 for packet in packets]
    return max(shown - stamp for shown, stamp in zip(sorted(stamps), stamps, strict=True))


def _copy(path: Path, window: Window, packets: list[EncodedPacket]) -> None:
    header, template = open_header(window.format)
    with closing(header), av.open(str(path), "w", format="mp4", options=_MOOV_FIRST) as container:
        stream = container.add_stream_from_template(template, opaque=True)
        shown = sorted(packet.pts or 0 for packet in packets)
        lead = _reordering(packets)
        for packet, decoded in zip(packets, shown, strict=True):
            copy = av.Packet(packet.data)
            copy.time_base = window.format.time_base
            copy.pts = (packet.pts or 0) - shown[0]
            copy.dts = decoded - shown[0] - lead
            copy.is_keyframe = packet.keyframe
            copy.stream = stream
            container.mux(copy)


def _encode(path: Path, window: Window, render: Render | None) -> None:
    frames = (frame for frame in window_frames(window) if frame.time_s >= window.start_s - window.format.frame_s)
    first = next(frames, None)
    if first is None:
        raise EvidenceError(f"source {window.source}: no picture of the clip {path.name} can be decoded")
    with Film(path, 1 / window.format.frame_s) as film:
        for frame in chain([first], frames):
            film.add(frame if render is None else render(frame))
