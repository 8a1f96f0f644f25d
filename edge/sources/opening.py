"""Which kind of source an address means."""

from __future__ import annotations

from pathlib import Path

from calibration.errors import SourceUnusable
from edge.address import without_secrets
from edge.clock import AgentClock
from edge.evidence.ring import PacketRing
from edge.sources.camera import DeviceCamera, ListeningCamera, NetworkCamera
from edge.sources.pictures import SUFFIXES, PictureFolder
from edge.sources.recording import Recording
from edge.sources.source import Opening, Pace, Source, Timeouts

_SCHEMES = ("rtsp://", "rtsps://", "rtmp://", "rtmps://", "http://", "https://")


def open_source(  # noqa: PLR0913 - one argument for each setting of a source in the site file
    name: str,
    url: str,
    *,
    pace: Pace = Pace.LIVE,
    loop: bool = False,
    fps: float = 1.0,
    transport: str = "tcp",
    keep_s: float = 12.0,
    ring_bytes: int = 32 * 2**20,
    clock: AgentClock | None = None,
    timeouts: Timeouts | None = None,
    ring: PacketRing | None = None,
) -> Source:
    """Make the source that an address means; nothing is connected before its `frames` are asked for.

    Args:
        name: in frames, messages and the status.
        url: a video file, a folder of pictures or a picture, `/dev/video…`, or an rtsp, rtmp or http address.
        pace: how fast a recording is read.
        loop: begin a recording again at its end.
        fps: pictures a second of a folder of pictures.
        transport: `tcp` or `udp`, for RTSP.
        keep_s: seconds of the encoded stream to keep for the clip of an alarm.
        ring_bytes: never keep more than this.
        clock: the agent's.
        timeouts: when a network source is left that says nothing.
        ring: keep the packets here, as when a lost source is opened again; a new ring when left out.

    Raises:
        SourceUnusable: no source can have such an address, or a setting does not fit it.
    """
    kept = ring if ring is not None else PacketRing(name, keep_s, ring_bytes)
    opening = Opening(name, url, clock or AgentClock(), kept, timeouts or Timeouts())
    if ListeningCamera.means(url):
        return ListeningCamera(opening)
    if url.lower().startswith(_SCHEMES):
        return NetworkCamera(opening, transport)
    if "://" in url:
        allowed = ", ".join(_SCHEMES)
        raise SourceUnusable(
            f"source {name}: {without_secrets(url)}: an address begins with one of {allowed}, or is a path"
        )
    if url.startswith("/dev/video"):
        return DeviceCamera(opening)
    path = Path(url)
    if path.is_dir() or path.suffix.lower() in SUFFIXES:
        return PictureFolder(opening, pace, loop, fps)
    return Recording(opening, pace, loop)
