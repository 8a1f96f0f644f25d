"""A real RTSP server and a socket that says nothing."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest

PYTHON = Path("/usr/bin/python3")
SERVER = Path(__file__).resolve().parents[1] / "rtsp_server.py"
NEEDED = "needs Debian's python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-{base,good,bad,ugly}"


class StartServer(Protocol):
    """Runs the server on a port, with its options; it listens when the context is entered."""

    def __call__(self, port: int, *options: str) -> AbstractContextManager[subprocess.Popen[str]]: ...


@cache
def _workable() -> bool:
    """Whether the system's Python has GStreamer's RTSP server and the encoders that it serves."""
    probe = (
        "import gi; gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0');"
        "from gi.repository import Gst, GstRtspServer; Gst.init(None);"
        "names = ('x264enc', 'x265enc', 'jpegenc', 'rtph264pay', 'rtph265pay', 'rtpjpegpay', 'videotestsrc');"
        "raise SystemExit(not all(Gst.ElementFactory.find(name) for name in names))"
    )
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False).returncode == 0


@contextmanager
def _running(port: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [PYTHON, SERVER, str(port), *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            yield server
        finally:
            server.kill()


@pytest.fixture
def rtsp_server() -> StartServer:
    """Starts the server; skips where the system lacks it."""
    if not _workable():
        pytest.skip(NEEDED)
    return _running


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def silent_socket(port: int) -> Iterator[socket.socket]:
    """Accepts whoever comes and says nothing, as a hung camera does."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(16)
        yield listener
