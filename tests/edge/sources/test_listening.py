"""A drone's app that sends RTMP by itself, played by PyAV: the agent waits for it, and again when it has gone."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from calibration.errors import SourceGone
from edge.sources import State, Timeouts, open_source
from edge.sources.camera import ListeningCamera
from tests.edge.delivery.mosquitto import free_port
from tests.edge.sources.footage import make_clip

SENDER = """
import sys, time
import av
clip, url = sys.argv[1:]
deadline = time.monotonic() + 10
while True:
    try:
        out = av.open(url, "w", format="flv", timeout=5, container_options={"flush_packets": "1"})
        break
    except OSError:
        assert time.monotonic() < deadline
        time.sleep(0.1)
with av.open(clip) as source, out:
    stream = out.add_stream_from_template(source.streams.video[0])
    began_s = time.monotonic()
    for packet in source.demux(source.streams.video[0]):
        if packet.dts is not None:
            time.sleep(max(0.0, began_s + float(packet.dts * packet.time_base) - time.monotonic()))
            packet.stream = stream
            out.mux(packet)
"""


def test_it_waits_for_who_sends_and_is_lost_when_that_ends(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "flight.mp4", count=50)
    port = free_port()
    source = open_source("drone", f"rtmp://0.0.0.0:{port}/live/drone", timeouts=Timeouts(read_s=1.0))
    assert isinstance(source, ListeningCamera)
    url = f"rtmp://127.0.0.1:{port}/live/drone"
    sender = threading.Timer(2.5, subprocess.run, ([sys.executable, "-c", SENDER, str(clip), url],), {"timeout": 30})
    sender.start()
    frames = []

    def watch() -> None:
        for frame in source.frames():
            frames.append(frame)
            assert source.stats.state is State.STREAMING

    with pytest.raises(SourceGone):
        watch()
    sender.join(5)
    assert len(frames) >= 25
    assert frames[-1].time_s - frames[0].time_s == pytest.approx(len(frames) / 25, abs=1.0)


def test_closing_ends_the_waiting() -> None:
    source = open_source("drone", f"rtmp://0.0.0.0:{free_port()}/live/drone")
    began_s = time.monotonic()
    threading.Timer(0.5, source.close).start()
    with pytest.raises(SourceGone):
        list(source.frames())
    assert time.monotonic() - began_s < 4
    assert source.stats.message


@pytest.mark.parametrize(
    ("url", "listens"),
    [
        ("rtmp://0.0.0.0:1935/live", True),
        ("rtmp://[::]/live", True),
        ("rtmp://media/live", False),
        ("rtsp://0.0.0.0/x", False),
    ],
)
def test_which_addresses_are_listened_at(url: str, listens: bool) -> None:
    assert ListeningCamera.means(url) is listens
