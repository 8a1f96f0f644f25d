"""Reading one video stream through PyAV: shared by recordings, cameras on a network and cameras on USB."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction

import av
import av.error
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from calibration.errors import SourceUnusable
from edge.address import without_secrets
from edge.evidence.header import header_of
from edge.evidence.packets import EncodedPacket, Stamp, StreamFormat
from edge.sources.catch_up import CatchUp, Step
from edge.sources.decoder import Decoder
from edge.sources.planes import decoded_planes
from edge.sources.source import Opening, Source
from edge.sources.stats import SourceStats
from edge.sources.thinning import Thinning
from edge.sources.timeline import Timeline
from edge.sources.turns import DECODING
from pipelines.frame import Frame

_DEFAULT_FPS = Fraction(25)
_DEFAULT_BASE = Fraction(1, 90_000)
_LAG_S = 0.3  # a reader behind by less is in time
_REORDERED = 4  # pictures that may come before one that is shown earlier
_PATIENCE_S = 0.25  # longer for a turn to decode, and what comes of it is too old
# The next keyframe would come seconds later: who has been without a turn for long waits for a good part of that time.
_LEAST_PATIENCE_S, _MOST_PATIENCE_S, _PATIENCE_SHARE = 0.5, 2.0, 0.25
_EARLY_S = 0.1  # nobody waits for what is passed over: several packets at a time cost less than each by itself
_WAITS_S = 0.002  # reading a packet that is already there takes less
NO_PTS = frozenset({"avi"})  # it stores no presentation times: libav's are guesses, its decoding times are right
_NOT_VIDEO = frozenset({"ansi", "bintext", "xbin", "idf"})  # libav shows text files as moving letters


class VideoSource(Source):
    """The way from packets to frames; what differs between the kinds is left to them."""

    def __init__(self, opening: Opening, *, paced: bool) -> None:
        super().__init__(opening)
        self._catch_up = CatchUp() if paced else None
        self._waited_s = 0.0
        self._turn_s = 0.0
        self._fault: av.error.FFmpegError | None = None
        self._thinning: Thinning[av.Packet[VideoStream]] = Thinning()
        self._shown: int | None = None  # ticks of a keyframe that was shown and has to be decoded once more
        self._base = _DEFAULT_BASE  # seconds of a tick of the stream's time stamps

    @property
    def stats(self) -> SourceStats:
        """What it has done so far."""
        thinning = self._thinning
        return replace(self._tally.snapshot(), passed=thinning.passed, keyframe_s=thinning.keyframe_s)

    @abstractmethod
    def _lost(self, error: av.error.FFmpegError) -> None:
        """Reading the next packet failed: raise, or return to hand out what is still in the decoder."""

    def _format(self, stream: VideoStream) -> StreamFormat:
        """What the ring has to know of a stream that was just opened."""
        return stream_format(stream)

    def _waited(self, seconds: float) -> None:
        """Called with the time that reading a packet took."""

    def _due(self, time_s: float) -> None:
        """Called before a frame is handed out: the place to wait for its time."""

    def _progress(self, pictures: int) -> None:
        """Called after each packet with the number of pictures that came of it."""

    def _play(self, container: InputContainer, stream: VideoStream, timeline: Timeline) -> Iterator[Frame]:
        """All frames of an open container."""
        self._base = stream.time_base or _DEFAULT_BASE
        form = self._format(stream)
        guessed = container.format.name in NO_PTS
        self._tally.codec = form.codec
        self._shown = None
        if self._catch_up is not None:
            self._catch_up.limit_s = max(_LAG_S, _REORDERED * form.frame_s)
        self.ring.begin(form)
        with closing(Decoder(stream, form, apart=not guessed, rough=self._catch_up is not None)) as self._decoder:
            for packet in self._packets(container, stream):
                for picture in self._pictures(packet, guessed, timeline):
                    rotation = picture.rotation or self._decoder.rotation
                    if rotation != form.rotation:
                        form = replace(form, rotation=rotation)
                        self.ring.begin(form)
                    stamp = timeline.picture(_seconds(_ticks(picture, guessed), self._base))
                    self._due(stamp.time_s)
                    if self._stop.is_set():
                        return
                    yield self._frame(decoded_planes(picture, rotation), stamp)

    def _pictures(
        self, packet: av.Packet[VideoStream] | None, guessed: bool, timeline: Timeline
    ) -> Iterator[av.VideoFrame]:
        """What is to be seen now that this packet has come; None for what the decoder still holds."""
        for ready in [*self._thinning.rest(), None] if packet is None else self._wanted(packet, guessed, timeline):
            # A recording that is read as fast as it goes has all the time; of a live stream there is more to come.
            urgent = self.urgent and self._catch_up is not None
            with DECODING.turn(self._patience_s, urgent=urgent, last_s=self._turn_s) as mine:
                if not mine:
                    self._tally.dropped += 1
                    self._thinning.lost()
                    return
                self._turn_s = self._clock.monotonic()
                pictures = self._decoded(ready, guessed, newest=ready is packet)
            self._progress(len(pictures))
            yield from pictures

    def _decoded(
        self, packet: av.Packet[VideoStream] | None, guessed: bool, *, newest: bool
    ) -> list[av.VideoFrame]:  # fmt: skip
        """The pictures that come of a packet, each once."""
        decoder = self._decoder
        if packet is not None and packet.is_keyframe and _ticks(packet, guessed) is None:
            decoder.join()  # it could not be told from itself when it is decoded once more
        thin = self._thinning.within_s is not None or (decoder.apart and not decoder.begun)
        if packet is None or not (newest and packet.is_keyframe and thin):
            return self._fresh(self._decode(packet), guessed)
        pictures = self._fresh(self._decode(packet, alone=True), guessed)
        return pictures + self._press(packet, pictures, guessed)

    @property
    def _patience_s(self) -> float | None:
        """How long to wait for a turn to decode; for ever if nobody waits for the picture."""
        if self._catch_up is None:
            return None
        if self.urgent:
            return _PATIENCE_S
        without_s = self._clock.monotonic() - self._turn_s
        return min(max(_PATIENCE_SHARE * without_s, _LEAST_PATIENCE_S), _MOST_PATIENCE_S)

    def _press(
        self, keyframe: av.Packet[VideoStream], given: list[av.VideoFrame], guessed: bool
    ) -> list[av.VideoFrame]:  # fmt: skip
        """Have a decoder that puts pictures in order hand out the keyframe, which only the next would push out."""
        own = _ticks(keyframe, guessed)
        handed = given and (own is None or _ticks(given[-1], guessed) == own)
        if handed and not self._decoder.apart:
            return []
        pictures = [] if handed else self._decode(None, alone=True)
        self._decoder.flush()
        self._thinning.again(keyframe)
        last = (given + pictures)[-1:]
        self._shown = _ticks(last[0], guessed) if last else None
        return pictures

    def _fresh(self, pictures: list[av.VideoFrame], guessed: bool) -> list[av.VideoFrame]:
        """Without the keyframe that was shown before, and what leads up to it and can not be decoded alone."""
        shown = self._shown
        if shown is None:
            return pictures
        fresh = [p for p in pictures if (ticks := _ticks(p, guessed)) is None or ticks > shown]
        if fresh:
            self._shown = None
        return fresh

    def _packets(self, container: InputContainer, stream: VideoStream) -> Iterator[av.Packet[VideoStream] | None]:
        """The packets; at the end None, for the pictures that the decoder still holds."""
        packets = container.demux(stream)
        while not self._stop.is_set():
            asked_s = self._clock.monotonic()
            try:
                packet = next(packets, None)
                self._waited_s = self._clock.monotonic() - asked_s
                self._waited(self._waited_s)
                self.alive()
            except av.error.FFmpegError as error:
                self._lost(error)
                packet = None
            if packet is None:
                yield None
                return
            if packet.size:
                yield packet

    def _wanted(
        self, packet: av.Packet[VideoStream], guessed: bool, timeline: Timeline
    ) -> Sequence[av.Packet[VideoStream]]:
        """Keep a packet in the ring, and tell which to decode now."""
        stamp = timeline.packet(_seconds(_ticks(packet, guessed), self._base))
        if packet.is_corrupt:
            self._tally.corrupt += 1
            return ()
        self.ring.push(EncodedPacket(bytes(packet), stamp, packet.is_keyframe, None if guessed else packet.pts))
        self._thinning.mark(stamp.time_s, packet.is_keyframe)
        self._thinning.within_s, self._thinning.every_s = self.keyframes_within_s, self.keyframes_every_s
        if not self._keeps_up(stamp, packet.is_keyframe, timeline):
            self._thinning.lost()
            return ()
        ready = self._thinning.take(packet, stamp.time_s, packet.is_keyframe)
        if not ready and stamp.time_s - self._clock.monotonic() > _EARLY_S:
            self._due(stamp.time_s)  # a recording gives even what is passed over at its time, some packets at once
        return ready

    def _keeps_up(self, stamp: Stamp, keyframe: bool, timeline: Timeline) -> bool:
        """Whether a packet comes in time to be decoded; those up to the next keyframe do not once one does not."""
        if self._catch_up is None or (self._thinning.within_s is not None and not keyframe):
            return True  # what is passed over costs next to nothing, however late it is
        now_s = self._clock.monotonic()
        lag_s = now_s - stamp.time_s
        step = self._catch_up.step(lag_s, now_s, keyframe, waited=self._waited_s > _WAITS_S)
        if step is Step.SLIP:
            timeline.slip(lag_s)
        self._tally.dropped += step is Step.SKIP
        return step is not Step.SKIP

    def _decode(self, packet: av.Packet[VideoStream] | None, *, alone: bool = False) -> list[av.VideoFrame]:
        """The pictures that come of a packet; damaged ones are counted and left out."""
        try:
            pictures = self._decoder.decode(packet, alone=alone)
        except av.error.FFmpegError as error:
            self._tally.corrupt += 1
            self._fault = error
            return []
        whole = [picture for picture in pictures if not picture.is_corrupt]
        self._tally.corrupt += len(pictures) - len(whole)
        return whole


def video_stream(name: str, url: str, container: InputContainer) -> VideoStream:
    """The stream to look at: the first that is not a cover picture.

    Raises:
        SourceUnusable: there is none, or nothing can decode it.
    """
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    head = f"source {name}: {without_secrets(url)}"
    if not streams:
        found = ", ".join(sorted({s.type for s in container.streams})) or "nothing"
        raise SourceUnusable(f"{head}: has no video in it (found: {found})")
    context: object = streams[0].codec_context
    if context is None:
        raise SourceUnusable(f"{head}: its codec is unknown")
    if streams[0].codec_context.name in _NOT_VIDEO:
        raise SourceUnusable(f"{head}: is not a video but text")
    return streams[0]


def frame_seconds(stream: VideoStream) -> float:
    """Nominal seconds from one picture to the next."""
    rate = stream.average_rate or stream.guessed_rate or _DEFAULT_FPS
    return float(1 / rate) if 0.01 <= rate <= 1000 else float(1 / _DEFAULT_FPS)


def stream_format(stream: VideoStream) -> StreamFormat:
    """What has to be known later to decode packets of this stream or to put them into a file."""
    base = stream.time_base or _DEFAULT_BASE
    return StreamFormat(stream.codec_context.codec.name, header_of(stream), base, frame_seconds(stream))


def _ticks(of: av.VideoFrame | av.Packet[VideoStream], guessed: bool) -> int | None:
    """When a picture, decoded or not, is to be shown, in the stream's ticks."""
    return of.dts if guessed else of.pts


def _seconds(ticks: int | None, base: Fraction) -> float | None:
    return None if ticks is None else ticks * base.numerator / base.denominator
