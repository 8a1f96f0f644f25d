"""The telemetry of a recording, by the end of the file's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from calibration.errors import SourceUnusable
from edge.sources.telemetry.flight import Flight, Hints
from edge.sources.telemetry.klv import read_klv
from edge.sources.telemetry.mavlink import read_tlog
from edge.sources.telemetry.plain import read_lines
from edge.sources.telemetry.srt import read_srt


def _text(read: Callable[[str, Hints], Flight]) -> Callable[[Path, Hints], Flight]:
    def of_file(path: Path, hints: Hints) -> Flight:
        try:
            return read(path.read_bytes().decode("utf-8-sig", "replace"), hints)
        except OSError as error:
            raise SourceUnusable(f"can not be read: {error.strerror}") from error

    return of_file


READERS: dict[str, Callable[[Path, Hints], Flight]] = {
    ".srt": _text(read_srt), ".jsonl": _text(read_lines), ".tlog": read_tlog, ".ts": read_klv,
}  # fmt: skip
"""By the end of the file's name."""


def read_telemetry(path: Path, hints: Hints) -> Flight:
    """Read it.

    Args:
        path: `.srt` (DJI), `.jsonl` (a pose or a message of DJI's cloud a line), `.tlog` (MAVLink) or `.ts` (KLV).
        hints: what the mission knows.

    Raises:
        SourceUnusable: it can not be read, or holds no pose.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise SourceUnusable(f"{path}: no telemetry that is known, allowed: {', '.join(READERS)}")
    try:
        return reader(path, hints)
    except SourceUnusable as error:
        raise SourceUnusable(f"{path}: {error}") from None
