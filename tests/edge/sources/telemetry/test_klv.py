"""ST 0601, packed by hand by the standard's own scales, and muxed into a real transport stream."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.errors import SourceUnusable
from edge.sources.telemetry import Hints, read_telemetry
from edge.sources.telemetry.klv import UNIVERSAL_KEY, parse_klv

SIZE = (1280, 720)


def u16(value: float, first: float, span: float) -> bytes:
    return struct.pack(">H", round((value - first) / span * 65_535))


def i16(value: float, most: float) -> bytes:
    return struct.pack(">h", round(value / most * 32_767))


def u32(value: float, span: float) -> bytes:
    return struct.pack(">I", round(value / span * 4_294_967_295))


def i32(value: float, most: float) -> bytes:
    return struct.pack(">i", round(value / most * 2_147_483_647))


USUAL = {
    2: struct.pack(">Q", 1_790_000_000_500_000),
    5: u16(90.0, 0, 360), 6: i16(5.0, 20), 7: i16(0.0, 50),
    13: i32(22.5, 90), 14: i32(114.0, 180), 15: u16(180.0, -900, 19_900),
    16: u16(40.0, 0, 180), 17: u16(23.0, 0, 180),
    18: u32(30.0, 360), 19: i32(-45.0, 180), 20: u32(0.0, 360), 25: u16(60.0, -900, 19_900), 65: b"\x0d",
}  # fmt: skip


def packed(tags: dict[int, bytes] | None = None, *, long_form: bool = False) -> bytes:
    body = b"".join(bytes([tag, len(value)]) + value for tag, value in (USUAL if tags is None else tags).items())
    size = len(body) + 4
    length = bytes([0x81, size]) if long_form or size >= 0x80 else bytes([size])
    covered = UNIVERSAL_KEY + length + body + b"\x01\x02"
    words = sum(byte << (8 * (1 - i % 2)) for i, byte in enumerate(covered))
    return covered + struct.pack(">H", words % 65_536)


def test_a_usual_packet() -> None:
    pose = parse_klv(packed(), 1.5, SIZE)
    assert pose.time_s == 1.5
    assert (pose.latitude_deg, pose.longitude_deg) == pytest.approx((22.5, 114.0), abs=1e-6)
    assert (pose.altitude_m, pose.height_m) == pytest.approx((180.0, 120.0), abs=0.4)
    assert pose.lens is not None
    assert pose.lens.fx == pytest.approx(1280 / 2 / np.tan(np.radians(20)), rel=1e-3)
    assert parse_klv(packed(), 0.0, None).lens is None
    assert pose.attitude is not None
    # Along the nose by 30°, down by 45°, on a platform that pitches up by 5°.
    assert pose.attitude.pitch_deg == pytest.approx(-40.7, abs=0.5)
    assert pose.attitude.yaw_deg == pytest.approx(117, abs=3)


def test_what_is_not_told_is_none() -> None:
    bare = parse_klv(packed({2: USUAL[2], 13: USUAL[13], 14: USUAL[14]}), 0.0, SIZE)
    assert (bare.attitude, bare.lens, bare.height_m, bare.altitude_m) == (None, None, None, None)
    lost = {**USUAL, 13: struct.pack(">i", -(2**31))}  # the standard's word for an error
    assert parse_klv(packed(lost), 0.0, SIZE).latitude_deg is None


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (b"", "not the local set"),
        (packed()[:-1] + bytes([packed()[-1] ^ 1]), "the checksum is wrong"),
        (packed()[:-20], "cut off"),
        (packed()[:16] + b"\x84\x7f\xff\xff\xff", "cut off"),
        (packed({**USUAL, 19: i32(-120.0, 180)}), "the sensor's elevation"),
        (UNIVERSAL_KEY + b"\x03\x0d\x01\x00", "no checksum"),
    ],
)
def test_damage_is_named(packet: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_klv(packet, 0.0, SIZE)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 80))
def test_whatever_comes_is_a_pose_or_refused(junk: bytes, at: int) -> None:
    whole = packed()
    for packet in (UNIVERSAL_KEY + junk, whole[:at] + junk + whole[at:]):
        try:
            parse_klv(packet, 0.0, SIZE)
        except ValueError as error:
            words = str(error)
            assert words


def test_a_transport_stream(tmp_path: Path) -> None:
    path = tmp_path / "flight.ts"
    with av.open(str(path), "w", format="mpegts") as container:
        video = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        data = container.add_data_stream("klv")
        for number in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((240, 320, 3), number * 10, np.uint8), "rgb24")
            container.mux(video.encode(frame))
            if number % 5 == 0:
                packet = av.Packet(packed({**USUAL, 13: i32(22.5 + number / 1000, 90)}))
                packet.stream, packet.time_base = data, Fraction(1, 90_000)
                packet.pts = packet.dts = number * 9000
                container.mux(packet)
        container.mux(video.encode(None))
    flight = read_telemetry(path, Hints(size=SIZE))
    assert [round(pose.time_s, 1) for pose in flight.poses] == pytest.approx([0.0, 0.5, 1.0, 1.5], abs=0.11)
    assert flight.poses[-1].latitude_deg == pytest.approx(22.515, abs=1e-6)
    (tmp_path / "none.ts").write_bytes(b"x" * 1000)
    with pytest.raises(SourceUnusable, match=r"none\.ts: can not be read"):
        read_telemetry(tmp_path / "none.ts", Hints())
