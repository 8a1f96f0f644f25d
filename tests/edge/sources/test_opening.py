"""An address tells the kind of source; a bad one is refused with what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.errors import SourceGone, SourceUnusable
from edge.evidence.ring import PacketRing
from edge.sources import Timeouts, open_source
from edge.sources.camera import DeviceCamera, NetworkCamera
from edge.sources.pictures import PictureFolder
from edge.sources.recording import Recording


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("rtsp://192.168.1.64/stream1", NetworkCamera),
        ("RTSP://192.168.1.64/stream1", NetworkCamera),
        ("http://192.168.1.64/video.mjpg", NetworkCamera),
        ("rtmp://media/live/gate", NetworkCamera),
        ("/dev/video0", DeviceCamera),
        ("gate.mp4", Recording),
        ("gate.jpg", PictureFolder),
        (".", PictureFolder),
    ],
)
def test_kinds(url: str, kind: type) -> None:
    assert type(open_source("gate", url)) is kind


@pytest.mark.parametrize(
    ("url", "transport", "message"),
    [
        ("ftp://host/a", "tcp", r"source gate: ftp://host/a: an address begins with one of rtsp://, .*or is a path"),
        ("rtsp//host/a", "tcp", None),  # a path, after all
        ("rtsp://host/a", "quic", "source gate: transport is tcp or udp, found 'quic'"),
    ],
)
def test_bad_settings(url: str, transport: str, message: str | None) -> None:
    if message is None:
        open_source("gate", url, transport=transport)
        return
    with pytest.raises(SourceUnusable, match=message):
        open_source("gate", url, transport=transport)


@pytest.mark.parametrize(
    "url", ["rtsp://admin:secret@127.0.0.1:9/a", "http://admin:secret@127.0.0.1:9/a", "/dev/video99"]
)
def test_nobody_there_may_come_back(url: str) -> None:
    source = open_source("gate", url, timeouts=Timeouts(open_s=1.0, read_s=1.0))
    with pytest.raises(SourceGone, match="source gate: ") as caught:
        next(source.frames())
    assert "secret" not in str(caught.value)
    assert caught.value.retryable


def test_a_ring_can_be_handed_in(tmp_path: Path) -> None:
    ring = PacketRing("gate", 5.0, 1000)
    assert open_source("gate", str(tmp_path / "a.mp4"), ring=ring).ring is ring
    made = open_source("gate", str(tmp_path / "a.mp4"), keep_s=7.0, ring_bytes=123).ring
    assert (made.keep_s, made.max_bytes) == (7.0, 123)
