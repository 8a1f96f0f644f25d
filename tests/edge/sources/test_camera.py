"""What every live stream has in common, seen on recordings that are served as if they were live."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import pytest
from av.container import InputContainer

from calibration.errors import SourceGone
from edge.clock import AgentClock
from edge.evidence.ring import PacketRing
from edge.sources import State, Timeouts, open_source
from edge.sources.camera import Camera
from edge.sources.source import Opening
from tests.edge.sources.footage import make_clip, number_of


class Played(Camera):
    """A camera that plays a file."""

    def _open(self) -> InputContainer:
        return av.open(self.url)


def played(path: Path, timeouts: Timeouts) -> Played:
    return Played(Opening("gate", str(path), AgentClock(), PacketRing("gate", 9.0, 10**7), timeouts))


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_over_http(tmp_path: Path, web: str) -> None:
    make_clip(tmp_path / "a.ts", options={"bf": "0"})
    source = open_source("gate", f"{web}/a.ts")
    numbers: list[int] = []

    def read_on() -> None:
        for frame in source.frames():
            numbers.append(number_of(frame))  # noqa: PERF401 - those before the error count

    with pytest.raises(SourceGone, match=r"source gate: http://127\.0\.0\.1:\d+/a\.ts: the camera ended the stream"):
        read_on()
    assert numbers == list(range(50))
    assert source.stats.state is State.WAITING


def test_over_http_nothing_there(web: str) -> None:
    with pytest.raises(SourceGone, match="the server knows no such stream"):
        next(open_source("gate", f"{web}/missing.ts").frames())


def test_packets_without_pictures_are_left(tmp_path: Path) -> None:
    # The decoder holds back the first pictures: with no patience at all that is enough.
    path = make_clip(tmp_path / "a.ts", options={"bf": "3", "b-adapt": "0"})
    source = played(path, Timeouts(picture_s=0.0))
    with pytest.raises(SourceGone, match=r"no picture could be decoded for 0 s though packets came"):
        list(source.frames())


def test_a_read_that_took_too_long_is_the_end(tmp_path: Path) -> None:
    # libav hands out what its parser held back after the timeout, as if nothing had happened.
    source = played(make_clip(tmp_path / "a.ts"), Timeouts(read_s=0.0))
    with pytest.raises(SourceGone, match="nothing was heard while reading"):
        list(source.frames())
