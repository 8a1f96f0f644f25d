"""MISB ST 0601: the metadata of a UAS in an MPEG transport stream."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import av.error

from calibration.errors import SourceUnusable
from calibration.lens import Lens
from calibration.pose import Attitude, Pose, PoseClock
from calibration.turns import composed
from edge.sources.telemetry.flight import Flight, Hints

UNIVERSAL_KEY = bytes.fromhex("060e2b34020b01010e01030101000000")
_CHECKSUM = 1
_SCALED: dict[int, tuple[str, float, float]] = {
    5: ("uint", 0.0, 360.0), 6: ("int", 20.0, 0.0), 7: ("int", 50.0, 0.0),
    13: ("int", 90.0, 0.0), 14: ("int", 180.0, 0.0), 15: ("uint", -900.0, 19_900.0),
    16: ("uint", 0.0, 180.0), 17: ("uint", 0.0, 180.0),
    18: ("uint", 0.0, 360.0), 19: ("int", 180.0, 0.0), 20: ("uint", 0.0, 360.0),
    25: ("uint", -900.0, 19_900.0), 75: ("uint", -900.0, 19_900.0),
}  # fmt: skip
"""How a tag's whole number is scaled: an unsigned one from a beginning over a range, a signed one by its largest."""


def read_klv(path: Path, hints: Hints) -> Flight:
    """The poses in a transport stream; their times are those of the stream, from its first picture.

    Raises:
        SourceUnusable: it can not be read, or holds none.
    """
    poses: list[Pose] = []
    left_out: Counter[str] = Counter()
    try:
        for time_s, packet in _packets(path):
            try:
                poses.append(hints.complete(parse_klv(packet, time_s, hints.size)))
            except ValueError as error:
                left_out[str(error)] += 1
    except (av.error.FFmpegError, OSError) as error:
        raise SourceUnusable(f"can not be read: {error.strerror}") from error
    if not poses:
        raise SourceUnusable(f"no metadata of ST 0601 in it{': ' + next(iter(left_out)) if left_out else ''}")
    return Flight(tuple(poses), None, left_out)


def parse_klv(packet: bytes, time_s: float, size: tuple[int, int] | None) -> Pose:
    """The pose in one local set.

    The camera's attitude is that of the platform (tags 5 to 7) and of the sensor on it (18 to 20), one after the other.

    Args:
        packet: beginning with the universal key.
        time_s: of the stream.
        size: of the pictures, for the lens.

    Raises:
        ValueError: it is none, damaged, or absurd.
    """
    values = {tag: _scaled(tag, raw) for tag, raw in _tags(packet).items() if tag in _SCALED}
    found = {tag: value for tag, value in values.items() if value is not None}
    latitude, longitude = found.get(13), found.get(14)
    if latitude is None or longitude is None or (latitude, longitude) == (0.0, 0.0):
        latitude = longitude = None
    altitude, ground = found.get(15, found.get(75)), found.get(25)
    pose = Pose(
        time_s=time_s, clock=PoseClock.MEDIA, latitude_deg=latitude, longitude_deg=longitude, altitude_m=altitude,
        height_m=altitude - ground if altitude is not None and ground is not None else None,
        attitude=_attitude(found),
    )  # fmt: skip
    across = found.get(16)
    if size is not None and across is not None and across > 0:
        pose = replace(pose, lens=Lens.from_field_of_view(*size, across, found.get(17, 0.0)))
    return pose


def _attitude(found: dict[int, float]) -> Attitude | None:
    if not {5, 6, 7, 18, 19} <= set(found):
        return None
    platform = Attitude(found[5], found[6], found[7])
    elevation = found[19]
    if not -90 <= elevation <= 90:
        raise ValueError(f"the sensor's elevation lies between -90° and 90°, found {elevation:.1f}")
    return composed(platform, Attitude(found[18], elevation, found.get(20, 0.0)))


def _tags(packet: bytes) -> dict[int, bytes]:
    """Tags and their bytes, the checksum verified."""
    if not packet.startswith(UNIVERSAL_KEY):
        raise ValueError("not the local set of ST 0601")
    length, at = _length(packet, len(UNIVERSAL_KEY))
    end = at + length
    if end > len(packet):
        raise ValueError("the local set is cut off")
    found: dict[int, bytes] = {}
    while at < end:
        tag, at = _tag(packet, at)
        size, at = _length(packet, at)
        if at + size > end:
            raise ValueError("a tag is cut off")
        found[tag] = packet[at : at + size]
        at += size
        if tag == _CHECKSUM:
            _verify(packet[: at - size], found[tag])
    if _CHECKSUM not in found:
        raise ValueError("the local set has no checksum")
    return found


def _verify(covered: bytes, told: bytes) -> None:
    """ST 0601, section 6.3: the sum of all 16-bit words before the value."""
    even, odd = covered[0::2], covered[1::2]
    if int.from_bytes(told, "big") != (256 * sum(even) + sum(odd)) % 65_536:
        raise ValueError("the checksum is wrong")


def _tag(packet: bytes, at: int) -> tuple[int, int]:
    """BER-OID."""
    tag = 0
    while at < len(packet):
        byte = packet[at]
        tag, at = tag << 7 | byte & 0x7F, at + 1
        if not byte & 0x80:
            return tag, at
    raise ValueError("a tag is cut off")


def _length(packet: bytes, at: int) -> tuple[int, int]:
    """BER, short or long."""
    if at >= len(packet):
        raise ValueError("a length is cut off")
    first = packet[at]
    if first < 0x80:
        return first, at + 1
    count = first & 0x7F
    if count == 0 or count > 4 or at + 1 + count > len(packet):
        raise ValueError("a length is cut off")
    return int.from_bytes(packet[at + 1 : at + 1 + count], "big"), at + 1 + count


def _scaled(tag: int, raw: bytes) -> float | None:
    """The value; None where the sender says that it has none (the least signed number), or the size is odd."""
    kind, first, span = _SCALED[tag]
    if len(raw) not in (2, 4):
        return None
    most: int = (1 << (8 * len(raw) - 1)) - 1
    if kind == "int":
        number = int.from_bytes(raw, "big", signed=True)
        return None if number == -most - 1 else number / most * first
    return first + int.from_bytes(raw, "big") / (2 * most + 1) * span


def _packets(path: Path) -> Iterator[tuple[float, bytes]]:
    with av.open(str(path)) as container:
        streams = [*container.streams.data, *container.streams.video]
        if not container.streams.data:
            return
        first_s = math.inf
        waiting: list[tuple[float, bytes]] = []
        for packet in container.demux(streams):
            if packet.pts is None or packet.time_base is None:
                continue
            time_s = float(packet.pts * packet.time_base)
            if packet.stream.type == "video":
                first_s = min(first_s, time_s)
            else:
                waiting.append((time_s, bytes(packet)))
        start = first_s if math.isfinite(first_s) else waiting[0][0] if waiting else 0.0
        yield from ((time_s - start, content) for time_s, content in waiting)
