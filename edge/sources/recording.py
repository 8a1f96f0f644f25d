"""A video file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from calibration.errors import SourceUnusable
from edge.evidence.packets import StreamFormat
from edge.sources.faults import file_fault
from edge.sources.source import Opening, Pace
from edge.sources.timeline import RecordingTimeline
from edge.sources.video import NO_PTS, VideoSource, frame_seconds, stream_format, video_stream
from pipelines.frame import Frame

_SHORT_S = 1.0  # a recording that ends this much before its own length says was cut off
_SHORT_SHARE = 0.02


class Recording(VideoSource):
    """A video file, as fast as it goes or as a camera would give it.

    Args:
        opening: name, path and the rest.
        pace: how fast.
        loop: begin again at the end, with times that go on rising.
    """

    def __init__(self, opening: Opening, pace: Pace, loop: bool) -> None:
        super().__init__(opening, paced=pace is Pace.LIVE)
        self._pace = pace
        self._loop = loop
        self._damage: av.error.FFmpegError | None = None
        self._first_format: StreamFormat | None = None

    def _read(self) -> Iterator[Frame]:
        timeline: RecordingTimeline | None = None
        while not self._stop.is_set():
            with self._open() as container:
                stream = video_stream(self.name, self.url, container)
                if timeline is None:
                    timeline = self._timeline(container, stream)
                start_s, frames = timeline.media_s, self._tally.frames + self._tally.dropped
                yield from self._play(container, stream, timeline)
                if not self._stop.is_set():
                    came = self._tally.frames + self._tally.dropped - frames
                    self._check_whole(container, stream, timeline.media_s - start_s, came)
            if not self._loop:
                return
            timeline.restart()

    def _open(self) -> InputContainer:
        path = Path(self.url)
        if path.is_file() and path.stat().st_size == 0:
            raise SourceUnusable(f"source {self.name}: {self.url}: the file is empty (0 bytes)")
        try:
            return av.open(self.url, "r")
        except av.error.FFmpegError as error:
            raise file_fault(self.name, self.url, error) from error

    def _timeline(self, container: InputContainer, stream: VideoStream) -> RecordingTimeline:
        first = None if container.format.name in NO_PTS else stream.start_time
        first_s = float(first * stream.time_base) if first is not None and stream.time_base else None
        origin_s = self._clock.monotonic() if self._pace is Pace.LIVE else 0.0
        return RecordingTimeline(_recorded_s(self.url, container), frame_seconds(stream), first_s, origin_s)

    def _due(self, time_s: float) -> None:
        if self._pace is Pace.LIVE and (early_s := time_s - self._clock.monotonic()) > 0:
            self._stop.wait(early_s)

    def _format(self, stream: VideoStream) -> StreamFormat:
        if self._first_format is None:
            self._first_format = stream_format(stream)
        return self._first_format  # the same over all turns of a loop, so that a clip can span its seam

    def _lost(self, error: av.error.FFmpegError) -> None:
        self._damage = error

    def _check_whole(self, container: InputContainer, stream: VideoStream, seen_s: float, frames: int) -> None:
        head = f"source {self.name}: {self.url}"
        if frames == 0:
            why = self._fault or self._damage
            raise SourceUnusable(f"{head}: no picture in it can be decoded{f' ({why.strerror})' if why else ''}")
        if self._damage is not None:
            raise SourceUnusable(f"{head}: is damaged after {seen_s:.1f} s ({self._damage.strerror})")
        length_s = _length_s(container, stream)
        if length_s is not None and seen_s < length_s - max(_SHORT_S, _SHORT_SHARE * length_s):
            raise SourceUnusable(f"{head}: is cut off, it ends after {seen_s:.1f} s of {length_s:.1f} s")


def _length_s(container: InputContainer, stream: VideoStream) -> float | None:
    """How long the file says its video is; None where it does not say."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration and len(container.streams) == 1:
        return container.duration / av.time_base
    return None


def _recorded_s(url: str, container: InputContainer) -> float:
    """When the recording began: by its own word, else by the file's date."""
    text = container.metadata.get("creation_time", "")
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return Path(url).stat().st_mtime
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
