"""The parameters of a stream without its pictures: kept beside its packets, so that they can be decoded later."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from calibration.errors import EvidenceError
from edge.evidence.packets import StreamFormat


def header_of(stream: VideoStream) -> bytes:
    """A NUT file with the stream's parameters and one byte of nothing, which its reader asks for."""
    memory = io.BytesIO()
    with av.open(memory, "w", format="nut") as container:
        copy = container.add_stream_from_template(stream, opaque=True)
        if copy.codec_context.name == "rawvideo":
            copy.codec_context.codec_tag = stream.codec_context.codec_tag  # it alone tells the pixel format
        packet = av.Packet(b"\0")
        packet.pts = packet.dts = 0
        packet.time_base = copy.time_base or Fraction(1, 90_000)
        packet.is_keyframe = True
        packet.stream = copy
        container.mux(packet)
    return memory.getvalue()


def open_header(form: StreamFormat) -> tuple[InputContainer, VideoStream]:
    """A stream with the format's parameters, in a container that holds nothing else.

    Raises:
        EvidenceError: the header can not be read.
    """
    try:
        container = av.open(io.BytesIO(form.header), "r")
    except av.error.FFmpegError as error:
        raise EvidenceError(f"the stream's parameters ({form.codec}) can not be read: {error.strerror}") from error
    return container, container.streams.video[0]
