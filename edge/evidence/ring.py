"""The last seconds of a stream, encoded, kept in memory for the clip of an alarm."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from itertools import groupby

from edge.evidence.packets import EncodedPacket, StreamFormat, Window


class _Group:
    """A keyframe and what depends on it."""

    def __init__(self, form: StreamFormat, first: EncodedPacket) -> None:
        self.format = form
        self.packets = [first]
        self.size = len(first.data)

    @property
    def start_s(self) -> float:
        return self.packets[0].stamp.time_s

    @property
    def end_s(self) -> float:
        return self.packets[-1].stamp.time_s

    def add(self, packet: EncodedPacket) -> None:
        self.packets.append(packet)
        self.size += len(packet.data)


class PacketRing:
    """Encoded packets from a keyframe on; the oldest group of pictures leaves first.

    One thread pushes, any thread takes a window.

    Args:
        source: name of the source.
        keep_s: seconds to keep at least, as far as `max_bytes` allows.
        max_bytes: never more than this.
    """

    def __init__(self, source: str, keep_s: float, max_bytes: int) -> None:
        self.source = source
        self.keep_s = keep_s
        self.max_bytes = max_bytes
        self._groups: deque[_Group] = deque()
        self._format: StreamFormat | None = None
        self._size = 0
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes kept now."""
        return self._size

    def begin(self, form: StreamFormat) -> None:
        """A connection was made: what follows is of this format, beginning at its next keyframe."""
        with self._lock:
            self._format = form

    def push(self, packet: EncodedPacket) -> None:
        """Keep a packet; those before the first keyframe of a connection are of no use and are left."""
        with self._lock:
            if self._format is None:
                return
            if packet.keyframe:
                self._groups.append(_Group(self._format, packet))
            elif self._groups and self._groups[-1].format is self._format:
                self._groups[-1].add(packet)
            else:
                return
            self._size += len(packet.data)
            self._shrink(packet.stamp.time_s)

    def cut(self, time_s: float) -> None:
        """Forget what came before this time: a clip can not span a change of the picture's size."""
        with self._lock:
            while self._groups and self._groups[0].start_s < time_s - 1e-6:
                self._size -= self._groups.popleft().size

    def window(self, start_s: float, end_s: float) -> Window | None:
        """The packets that show this time, from the keyframe before it on.

        Where the connection was lost within that time, the longer part.

        Returns:
            None when nothing of that time is kept.
        """
        with self._lock:
            groups = [group for group in self._groups if group.start_s <= end_s]
            runs = [list(run) for _, run in groupby(groups, key=lambda group: id(group.format))]
            parts = [(run[0].format, _cut_out(run, start_s, end_s)) for run in runs]
        parts = [(form, packets) for form, packets in parts if packets]
        if not parts:
            return None
        form, packets = max(parts, key=lambda part: len(part[1]))
        return Window(self.source, form, tuple(packets), start_s, end_s)

    def _shrink(self, newest_s: float) -> None:
        while len(self._groups) > 1 and self._groups[1].start_s <= newest_s - self.keep_s:
            self._size -= self._groups.popleft().size
        while self._size > self.max_bytes:
            # A single group larger than the limit goes as well; the ring fills again from the next keyframe.
            self._size -= self._groups.popleft().size


def _cut_out(run: Sequence[_Group], start_s: float, end_s: float) -> list[EncodedPacket]:
    """Packets of consecutive groups of one format, from the keyframe before the start on."""
    if run[-1].end_s < start_s:
        return []
    first = max((i for i, group in enumerate(run) if group.start_s <= start_s), default=0)
    packets = [packet for group in run[first:] for packet in group.packets]
    # In decoding order a picture after the end may come first: it is needed by those before the end.
    last = max((i for i, packet in enumerate(packets) if packet.stamp.time_s <= end_s), default=-1)
    return packets[: last + 1]
