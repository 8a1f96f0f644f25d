"""Two decoders of one stream: one for keyframes by themselves, one for every picture while all are wanted."""

from __future__ import annotations

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from edge.evidence.header import open_header
from edge.evidence.packets import StreamFormat

# Of these a decoder keeps a dozen pictures once it has decoded more than keyframes, for as long as it is there.
_APART = frozenset({"h264", "hevc"})
# The last step of decoding, which smooths the edges of blocks: a keyframe costs a fourteenth less without, and no
# picture is made from it. Measured on keyframes of 260 KB; levels differ by 0.3 in the mean.
_ROUGH = {"skip_loop_filter": "all"}


class Decoder:
    """Decodes the packets of one connection.

    Keyframes by themselves have a decoder of their own. The one for every picture is made when such are wanted, begins
    with a keyframe, and is let go with all its pictures when they are wanted no longer: views are quiet nearly always.
    Codecs whose pictures are small or all alike have one decoder for both.

    Args:
        stream: of the open container.
        form: its parameters.
        apart: a keyframe can be told by its time when it is decoded once more.
        rough: keyframes by themselves need not be smooth.

    Attributes:
        apart: keyframes have a decoder of their own: what follows one needs it once more.
        rotation: degrees counter-clockwise by which the file says pictures are to be turned, by its first keyframe.
        begun: something has been decoded.
    """

    def __init__(self, stream: VideoStream, form: StreamFormat, *, apart: bool, rough: bool) -> None:
        self.apart = apart and form.codec in _APART
        self.rotation = 0
        self.begun = False
        self._form = form
        self._own = stream.codec_context
        self._own.thread_count = 1  # more threads cost more and delay each frame
        self._rough = rough
        self._whole: tuple[InputContainer, VideoStream] | None = None

    def decode(self, packet: av.Packet[VideoStream] | None, *, alone: bool = False) -> list[av.VideoFrame]:
        """The pictures that are to be had now.

        Args:
            packet: the next; None for what the decoder still holds.
            alone: a keyframe of which nothing that follows is wanted for now, or None after it.

        Raises:
            FFmpegError: what is in the packet is damaged.
            EvidenceError: a second decoder of the stream can not be made.
        """
        if not self.begun and self.apart and self._rough:
            self._own.options = _ROUGH
        self.begun = True
        if alone or not self.apart:
            if alone:
                self.close()
            pictures = self._own.decode(packet)
            if pictures:
                self.rotation = pictures[-1].rotation
            return pictures
        if self._whole is None:
            if packet is None:
                return []
            self._whole = open_header(self._form)
            self._whole[1].codec_context.thread_count = 1
        return self._whole[1].codec_context.decode(packet)

    def join(self) -> None:
        """From now on one decoder for both."""
        self.apart = False

    def flush(self) -> None:
        """What comes next to the decoder of keyframes has nothing to do with what came before."""
        self._own.flush_buffers()

    def close(self) -> None:
        """Let the decoder for every picture go; it is made anew when such are wanted."""
        if self._whole is not None:
            self._whole[0].close()
            self._whole = None
