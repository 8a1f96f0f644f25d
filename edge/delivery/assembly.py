"""Files that come in parts are put together, in whatever order and however often the parts arrive."""

from __future__ import annotations

from collections import OrderedDict

MOST_BYTES = 256 * 1024 * 1024
"""What is kept of unfinished files, all together; the oldest file gives way."""


class Assembly:
    """Parts by the topic of their file. One thread.

    A part names the place of its first byte, so parts of any sizes fit together: those of a file that was cut once
    more, because a broker takes less than before, too.

    Args:
        most_bytes: what is kept of unfinished files.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._files: OrderedDict[str, dict[int, bytes]] = OrderedDict()

    def add(self, topic: str, first: int, content: bytes) -> None:
        """Keep a part of the file on `topic`; of two with the same first byte the longer one stays."""
        parts = self._files.setdefault(topic, {})
        if len(content) > len(parts.get(first, b"")):
            parts[first] = content
        while len(self._files) > 1 and self._bytes() > self._most_bytes:
            self._files.popitem(last=False)

    def take(self, topic: str, size: int) -> bytes | None:
        """The file of `size` bytes, once: None as long as a byte is missing."""
        parts = sorted(self._files.get(topic, {}).items())
        reach = 0  # asked after each part: nothing is copied before the last one is there
        for first, content in parts:
            if first > reach:
                break
            reach = max(reach, first + len(content))
        if not parts or reach < size:
            return None
        del self._files[topic]
        whole = bytearray(reach)
        for first, content in parts:
            if first < reach:
                whole[first : first + len(content)] = content
        return bytes(whole[:size])

    def _bytes(self) -> int:
        return sum(len(content) for parts in self._files.values() for content in parts.values())
