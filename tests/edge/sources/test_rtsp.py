"""A real RTSP server: read, lost, found again; silence is left within two seconds."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest

from calibration.errors import SourceGone, SourceUnusable
from edge.evidence.ring import PacketRing
from edge.sources import Reconnecting, Source, State, open_source
from edge.sources.reconnect import Backoff
from pipelines.frame import Clock, Frame
from tests.edge.conftest import StartServer, silent_socket

LEFT_WITHIN_S = 2.0
QUICK = Backoff(first_s=0.1, cap_s=0.3)


def address(port: int, path: str = "cam", user: str = "") -> str:
    return f"rtsp://{user}127.0.0.1:{port}/{path}"


def take(source: Source, count: int) -> list[Frame]:
    frames = []
    for frame in source.frames():
        frames.append(frame)
        if len(frames) == count:
            source.close()
    return frames


@pytest.mark.slow
def test_one_that_was_begun_goes_on_where_it_was(rtsp_server: StartServer, free_port: int) -> None:
    with rtsp_server(free_port, "--group", "50"):
        source = open_source("gate", address(free_port))
        began = threading.Thread(target=source.begin)
        began.start()
        began.join(10)
        assert source.begun
        time.sleep(0.3)
        since_s = time.monotonic()
        frames = take(source, 20)
    assert time.monotonic() - since_s < 1.5  # no second connection, no other keyframe
    assert not source.begun
    assert [frame.sequence for frame in frames] == list(range(20))
    assert all(a.time_s < b.time_s for a, b in pairwise(frames))


@pytest.mark.slow
def test_one_that_was_begun_and_is_not_wanted_lets_go(rtsp_server: StartServer, free_port: int) -> None:
    with rtsp_server(free_port):
        source = open_source("gate", address(free_port))
        source.begin()
        source.close()
        assert not source.begun
        assert list(source.frames()) == []


class Watched:
    """A reconnecting source read by a thread, as the agent does."""

    def __init__(self, url: str) -> None:
        self.frames: list[Frame] = []
        self.states: list[tuple[float, State, str]] = []
        self.ring = PacketRing("gate", 30.0, 2**24)
        stop = threading.Event()
        self.source = Reconnecting(
            lambda: open_source("gate", url, ring=self.ring), stop, backoff=QUICK, on_state=self.note
        )
        self.thread = threading.Thread(target=self.read)

    def note(self, state: State, message: str) -> None:
        self.states.append((time.monotonic(), state, message))

    def read(self) -> None:
        for frame in self.source.frames():
            self.frames.append(frame)

    @contextmanager
    def running(self) -> Iterator[Watched]:
        self.thread.start()
        try:
            yield self
        finally:
            self.source.close()
            self.thread.join(5)
            assert not self.thread.is_alive()

    def until(self, condition: Callable[[], bool], what: str, timeout_s: float = 12.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"{what}: not within {timeout_s} s; states {self.states[-6:]}"
            time.sleep(0.02)

    def until_more_frames(self, what: str, more: int = 10) -> None:
        count = len(self.frames) + more
        self.until(lambda: len(self.frames) >= count, what)


def test_stopped_restarted_and_replaced_by_a_silent_socket(rtsp_server: StartServer, free_port: int) -> None:
    watched = Watched(address(free_port))
    with watched.running():
        with rtsp_server(free_port) as server:
            watched.until_more_frames("the first frames")
            server.kill()
        watched.until(lambda: watched.states[-1][1] is not State.STREAMING, "the server's end is seen", LEFT_WITHIN_S)
        watched.until(lambda: "refused" in watched.states[-1][2], "nobody listens any more")

        with rtsp_server(free_port) as server:
            watched.until_more_frames("frames of the restarted server")
            # Silence in the middle of a stream: the server's process is frozen, its connection stays.
            server.send_signal(signal.SIGSTOP)
            watched.until(lambda: watched.states[-1][1] is not State.STREAMING, "silence is seen", LEFT_WITHIN_S)
            said = next(message for _, state, message in reversed(watched.states) if state is State.WAITING)
            assert "nothing was heard while reading" in said
            server.send_signal(signal.SIGCONT)
            watched.until_more_frames("frames of the server that woke up")
            server.kill()

        # Silence from the beginning: something else took the port, accepts, and says nothing.
        with silent_socket(free_port):
            heard = len(watched.states)
            watched.until(
                lambda: sum("nothing was heard while connecting" in m for _, _, m in watched.states[heard:]) >= 4,
                "two attempts are given up",
            )
            attempts = watched.states[heard:]
            lasted = [b[0] - a[0] for a, b in pairwise(attempts) if a[1] is State.CONNECTING and b[1] is State.WAITING]
            assert max(lasted) < LEFT_WITHIN_S

        with rtsp_server(free_port):
            watched.until_more_frames("frames after the silence")

    assert [frame.sequence for frame in watched.frames] == list(range(len(watched.frames)))
    assert all(a.time_s < b.time_s for a, b in pairwise(watched.frames))
    stats = watched.source.stats
    assert stats.reconnects >= 3
    assert stats.frames == len(watched.frames)
    # The ring reached over the losses: each connection's packets are still there.
    for frame in (watched.frames[5], watched.frames[-5]):
        window = watched.ring.window(frame.time_s - 0.1, frame.time_s + 0.1)
        assert window is not None
        assert window.packets[0].keyframe


def test_close_is_quick_while_a_server_is_silent(free_port: int) -> None:
    watched = Watched(address(free_port))
    with silent_socket(free_port), watched.running():
        time.sleep(0.3)
        began_s = time.monotonic()
        watched.source.close()
        watched.thread.join(LEFT_WITHIN_S)
        assert time.monotonic() - began_s < LEFT_WITHIN_S


@pytest.mark.parametrize(
    ("codec", "name", "transport"),
    [("h264", "h264", "tcp"), ("h264", "h264", "udp"), ("h265", "hevc", "tcp"), ("jpeg", "mjpeg", "tcp")],
)
def test_codecs_and_transports(rtsp_server: StartServer, free_port: int, codec: str, name: str, transport: str) -> None:
    with rtsp_server(free_port, "--codec", codec):
        source = open_source("gate", address(free_port), transport=transport)
        frames = take(source, 30)
    assert len(frames) == 30
    assert {(frame.width, frame.height) for frame in frames} == {(320, 240)}
    assert all(a.time_s < b.time_s for a, b in pairwise(frames))
    assert source.stats.codec == name
    assert frames[-1].time_s <= time.monotonic()
    window = source.ring.window(frames[15].time_s, frames[25].time_s)
    assert window is not None
    assert window.packets[0].keyframe


def test_the_senders_clock_is_taken_once_it_is_known(rtsp_server: StartServer, free_port: int) -> None:
    with rtsp_server(free_port):
        source = open_source("gate", address(free_port))
        before = None
        for frame in source.frames():
            if frame.clock is Clock.CAMERA:
                source.close()
                assert before is not None, "the first frames come before the sender has told its time"
                assert frame.captured_s == pytest.approx(time.time(), abs=1.0)
                assert frame.captured_s - before.captured_s == pytest.approx(1 / 25, abs=0.5)
            else:
                assert frame.clock is Clock.AGENT
                assert frame.sequence < 250, "no sender report in ten seconds"
                assert frame.captured_s == pytest.approx(time.time(), abs=1.0)
                before = frame


@pytest.mark.parametrize(
    ("path", "user", "error", "message"),
    [
        ("cam", "", SourceUnusable, r"the camera refused the user or password"),
        ("cam", "guard:wrong@", SourceUnusable, r"rtsp://\*\*\*@127\.0\.0\.1:\d+/cam: the camera refused the user"),
        ("attic", "guard:right@", SourceGone, "the server knows no such stream"),
    ],
)
def test_refusals(
    rtsp_server: StartServer, free_port: int, path: str, user: str, error: type[Exception], message: str
) -> None:
    with rtsp_server(free_port, "--user", "guard:right"), pytest.raises(error, match=message):
        next(open_source("gate", address(free_port, path, user)).frames())


def test_the_right_password(rtsp_server: StartServer, free_port: int) -> None:
    with rtsp_server(free_port, "--user", "guard:right"):
        assert len(take(open_source("gate", address(free_port, user="guard:right@")), 3)) == 3


def test_a_reader_that_falls_behind_drops_and_catches_up(rtsp_server: StartServer, free_port: int) -> None:
    with rtsp_server(free_port):
        source = open_source("gate", address(free_port))
        slow_until_s = time.monotonic() + 4.0
        ages = []
        for frame in source.frames():
            ages.append(time.monotonic() - frame.time_s)
            if time.monotonic() < slow_until_s:
                time.sleep(0.12)  # three times slower than the camera
            elif len(ages) > 60:
                source.close()
    assert source.stats.dropped > 10
    assert max(ages) < 3.0, "the lag is bounded"
    assert ages[-1] < 0.5, "and made up for afterwards"


@pytest.mark.parametrize("codec", ["h264", "h265", "jpeg"])
def test_quiet_decodes_a_part_and_waking_all(rtsp_server: StartServer, free_port: int, codec: str) -> None:
    with rtsp_server(free_port, "--codec", codec):
        watched = Watched(address(free_port))
        with watched.running():
            watched.until_more_frames("the first frames", 30)
            watched.until(lambda: watched.source.stats.keyframe_s is not None, "the keyframes' rhythm is known")
            watched.source.keyframes_within_s = 4.0
            watched.until(lambda: watched.source.stats.passed > 60, "pictures are passed over")
            count = len(watched.frames)
            time.sleep(2.5)
            assert 1 <= len(watched.frames) - count <= 3  # some 60 came
            watched.source.keyframes_within_s = None
            watched.until_more_frames("frames after waking", 20)
            assert watched.source.stats.corrupt == 0
        newest = watched.frames[-10:]
        assert max(b.time_s - a.time_s for a, b in pairwise(newest)) < 0.2
