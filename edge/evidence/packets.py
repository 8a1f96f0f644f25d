"""What a source keeps of its encoded stream: packets with the times of the pictures in them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pipelines.frame import Clock

PICTURES = "picture"  # StreamFormat.codec of a folder of pictures: each packet is a whole picture file


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a picture was taken.

    Attributes:
        time_s: `Frame.time_s` of the picture.
        captured_s: `Frame.captured_s` of the picture, UTC seconds since the epoch.
        clock: whose clock that is.
    """

    time_s: float
    captured_s: float
    clock: Clock


@dataclass(frozen=True, slots=True, eq=False)
class StreamFormat:
    """What has to be known to decode the packets of one connection; compared by identity.

    Attributes:
        codec: libav's name, such as `h264`, or `picture`.
        header: a NUT file without pictures, whose one stream carries the codec's parameters; empty for pictures.
        time_base: seconds of one tick of `pts`.
        frame_s: seconds from one picture to the next, nominally.
        rotation: degrees counter-clockwise by which a decoded picture is turned to stand upright.
    """

    codec: str
    header: bytes = b""
    time_base: Fraction = Fraction(1, 90_000)
    frame_s: float = 0.04
    rotation: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class EncodedPacket:
    """One encoded picture.

    Attributes:
        data: as it came from the camera.
        stamp: when the picture in it was taken.
        keyframe: decoding can begin here.
        pts: presentation time in ticks of the format's time base; None where the stream has none.
    """

    data: bytes
    stamp: Stamp
    keyframe: bool
    pts: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Packets of one connection in decoding order, from a keyframe on.

    Attributes:
        source: name of the source.
        format: how to decode them.
        packets: at least one; the first is a keyframe.
        start_s, end_s: the time asked for; the packets may begin earlier and end earlier.
    """

    source: str
    format: StreamFormat
    packets: tuple[EncodedPacket, ...]
    start_s: float
    end_s: float
