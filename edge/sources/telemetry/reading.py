"""The telemetry of a recording, by the end of the file's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from calibration.errors import SourceUnusable
from edge.sources.telemetry.flight import Flight, Hints
from edge.sources.telemetry.plain import read_plain
from edge.sources.telemetry.srt import read_srt

_READERS: dict[str, Callable[[str, Hints], Flight]] = {
    ".srt": read_srt, ".jsonl": read_plain, ".ndjson": read_plain,
}  # fmt: skip


def read_telemetry(path: Path, hints: Hints) -> Flight:
    """Read it.

    Args:
        path: `.srt` (DJI) or `.jsonl` (a pose a line).
        hints: what the mission knows.

    Raises:
        SourceUnusable: it can not be read, or holds no pose.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise SourceUnusable(f"{path}: no telemetry that is known, allowed: {', '.join(_READERS)}")
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError as error:
        raise SourceUnusable(f"{path}: can not be read: {error.strerror}") from error
    try:
        return reader(text, hints)
    except SourceUnusable as error:
        raise SourceUnusable(f"{path}: {error}") from None
