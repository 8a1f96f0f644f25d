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
        whole = bytearray()
        for first, content in sorted(self._files.get(topic, {}).items()):
            if first > len(whole):
                return None
            whole += content[len(whole) - first :]
            if len(whole) >= size:
                del self._files[topic]
                return bytes(whole[:size])
        return None

    def _bytes(self) -> int:
        return sum(len(content) for parts in self._files.values() for content in parts.values())
