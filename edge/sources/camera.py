"""Cameras on a network and on USB: streams that never end by themselves."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from urllib.parse import urlsplit

import av
import av.error
from av.container import InputContainer

from calibration.errors import SourceGone, SourceUnusable
from edge.address import without_secrets
from edge.sources.faults import network_fault, silent
from edge.sources.source import Opening
from edge.sources.timeline import LiveTimeline
from edge.sources.video import VideoSource, video_stream
from pipelines.frame import Frame

_LISTENS_S = 2  # at a time: closing a source has to end it soon
_BEGINS_S = 20.0  # who has connected may take so long to send enough to tell what it is


class Camera(VideoSource):
    """A live stream: it is lost, never at its end."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening, paced=True)
        self._pictured_s = 0.0

    @abstractmethod
    def _open(self) -> InputContainer:
        """Connect.

        Raises:
            av.error.FFmpegError, ValueError: what libav says.
        """

    def _read(self) -> Iterator[Frame]:
        with self._connect() as container:
            stream = video_stream(self.name, self.url, container)

            def realtime() -> float | None:
                micros = container.start_time_realtime
                return None if micros is None else micros / 1e6

            self._pictured_s = self._clock.monotonic()
            yield from self._play(container, stream, LiveTimeline(self._clock, realtime))
        if not self._stop.is_set():
            raise SourceGone(f"source {self.name}: {without_secrets(self.url)}: the camera ended the stream")

    def _connect(self) -> InputContainer:
        began_s = self._clock.monotonic()
        try:
            return self._open()
        except (av.error.FFmpegError, ValueError) as error:
            if self._clock.monotonic() - began_s >= self._timeouts.open_s:
                # libav calls an answer that never came "invalid data".
                raise silent(self.name, self.url, "connecting") from error
            raise network_fault(self.name, self.url, error, "connecting") from error

    def _lost(self, error: av.error.FFmpegError) -> None:
        raise network_fault(self.name, self.url, error, "reading") from error

    def _waited(self, seconds: float) -> None:
        if seconds >= self._timeouts.read_s:
            # libav first hands out what its parser held back; the silence would be waited for once more.
            raise silent(self.name, self.url, "reading")

    def _progress(self, pictures: int) -> None:
        now_s = self._clock.monotonic()
        if pictures:
            self._pictured_s = now_s
        elif now_s - self._pictured_s > self._timeouts.picture_s:
            why = f" ({self._fault.strerror})" if self._fault else ""
            raise SourceGone(
                f"source {self.name}: {without_secrets(self.url)}: no picture could be decoded "
                f"for {self._timeouts.picture_s:g} s though packets came{why}"
            )


class NetworkCamera(Camera):
    """RTSP, RTMP or HTTP.

    Args:
        opening: name, address and the rest.
        transport: `tcp` or `udp`, for RTSP.

    Raises:
        SourceUnusable: `transport` is neither.
    """

    def __init__(self, opening: Opening, transport: str = "tcp") -> None:
        super().__init__(opening)
        if transport not in {"tcp", "udp"}:
            raise SourceUnusable(f"source {self.name}: transport is tcp or udp, found {transport!r}")
        self._transport = transport

    def _open(self) -> InputContainer:
        options = {"analyzeduration": "500000", "fpsprobesize": "0"}
        if self.url.lower().startswith("rtsp"):
            options |= {"rtsp_transport": self._transport, "allowed_media_types": "video"}
        return av.open(self.url, "r", options=options, timeout=(self._timeouts.open_s, self._timeouts.read_s))


class ListeningCamera(Camera):
    """Waits at an address of this machine for a camera that sends by itself over RTMP, as drones and their apps do."""

    @staticmethod
    def means(url: str) -> bool:
        """An address of any interface is none to connect to."""
        parts = urlsplit(url)
        return parts.scheme.lower() in ("rtmp", "rtmps") and parts.hostname in ("0.0.0.0", "::")  # noqa: S104

    def _open(self) -> InputContainer:
        options = {"listen": "1", "timeout": str(_LISTENS_S), "analyzeduration": "500000", "fpsprobesize": "0"}
        self._tally.message = "waits for a camera to send"
        while True:
            try:
                found = av.open(self.url, "r", options=options, timeout=(_BEGINS_S, self._timeouts.read_s))
            except av.error.TimeoutError:
                self.alive()
                if self._stop.is_set():
                    raise
            else:
                self._tally.message = ""
                return found


class DeviceCamera(Camera):
    """A V4L2 device such as `/dev/video0`: its compressed pictures where it has them, else raw ones."""

    def _open(self) -> InputContainer:
        try:
            return av.open(self.url, "r", format="v4l2", options={"input_format": "mjpeg"})
        except av.error.ArgumentError:
            return av.open(self.url, "r", format="v4l2")
