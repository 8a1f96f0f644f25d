"""Kept pictures on disk: a JPEG and a JSON file of the same name, within a limit."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
from pydantic import ValidationError

from calibration.errors import EvidenceError
from edge.clock import AgentClock
from pipelines.frame import Frame
from pipelines.harvest import FOLDER, NOTES, PICTURE, VERDICTS, Find, KeptPicture, Verdict, Why, parse_verdicts, worth

log = logging.getLogger(__name__)

_PART = ".part"  # a file that is still being written
_DAYS = "????-??-??"

# The disk is the outbox's first: with less than this left, nothing more is kept.
LEAVE_FREE_BYTES = 256 * 10**6


@dataclass(frozen=True, slots=True)
class _Entry:
    """What has to be known of a kept picture all the time; its boxes are read from its notes when asked for.

    There are thousands of them: neither paths, at half a kilobyte each, nor what most of them lack.
    """

    id: str
    why: Why
    score: float
    kept_s: float
    incidents: tuple[str, ...]
    day: str
    size: int  # bytes of both files


def _entry(kept: KeptPicture, notes: Path, size: int) -> _Entry:
    incidents = tuple({claim.incident for claim in kept.claims})
    return _Entry(kept.id, kept.why, kept.score, kept.kept_s, incidents, sys.intern(notes.parent.name), size)


class HarvestStore:
    """Keeps pictures in `data/harvest/YYYY-MM-DD/id.jpg` with `id.json` beside each; one thread at a time.

    The JSON file is written last, each file appears all at once, and what an earlier run left half done is removed:
    a picture is kept whole or not at all, whenever the process is killed. When the limit is reached the pictures
    worth least go first (`pipelines.harvest.worth`: by kind and score, halved every week), never one of an incident
    that somebody has judged.

    Args:
        data: the agent's data folder; verdicts are read there too.
        budget_bytes: the sum of all files never exceeds it.
        jpeg_quality: up to 100.
        clock: the agent's.

    Raises:
        EvidenceError: the folder can not be made or read.
    """

    def __init__(
        self, data: Path, budget_bytes: int, *, jpeg_quality: int = 90, clock: AgentClock | None = None
    ) -> None:
        self.root = data / FOLDER
        self.budget_bytes = budget_bytes
        self._verdicts_file = data / VERDICTS
        self._jpeg_quality = jpeg_quality
        self._clock = clock or AgentClock()
        self._judged: Mapping[str, Verdict] = {}
        self._judged_stamp: tuple[int, int] | None = None
        self._noted: set[str] = set()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._entries = {entry.id: entry for entry in _scan(self.root)}
            self._make_room(0)
        except OSError as error:
            raise _disk_error(self.root, error) from error

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in list(self._entries.values()))

    @property
    def finds(self) -> tuple[KeptPicture, ...]:
        """What is kept, the oldest first; read from the disk."""
        found = (_read(self._notes(entry)) for entry in list(self._entries.values()))
        return tuple(sorted((find for find in found if find is not None), key=lambda find: find.captured_s))

    @property
    def counts(self) -> Mapping[str, int]:
        """Pictures by kind."""
        return Counter(str(entry.why) for entry in list(self._entries.values()))

    def keep(self, find: Find, frame: Frame) -> KeptPicture:
        """Write a frame as it is, nothing drawn in, with its find beside it.

        Raises:
            EvidenceError: it does not fit beside what people have judged, the disk is full or may not be written.
        """
        content = self._jpeg(find, frame)
        digest = hashlib.sha256(content).hexdigest()
        kept = KeptPicture(**find.model_dump(), sha256=digest, kept_s=round(self._clock.now(), 3))
        notes = kept.model_dump_json(indent=1).encode() + b"\n"
        size = len(content) + len(notes)
        day = self.root / datetime.fromtimestamp(find.captured_s, UTC).strftime("%Y-%m-%d")
        path = day / f"{find.id}{NOTES}"
        try:
            self._make_room(size)
            day.mkdir(parents=True, exist_ok=True)
            _write_whole(path.with_suffix(PICTURE), content)
            _write_whole(path, notes)
        except OSError as error:
            path.with_suffix(PICTURE).unlink(missing_ok=True)
            raise _disk_error(path, error) from error
        self._entries[find.id] = _entry(kept, path, size)
        return kept

    def _jpeg(self, find: Find, frame: Frame) -> bytes:
        done, content = cv2.imencode(PICTURE, frame.bgr(), [cv2.IMWRITE_JPEG_QUALITY, self._jpeg_quality])
        if not done:
            raise EvidenceError(f"harvest {find.id}: {frame.width}×{frame.height} can not be encoded as JPEG")
        return content.tobytes()

    def _make_room(self, size: int) -> None:
        """Remove what is worth least until so many bytes more fit."""
        over = self._over(size)
        if over <= 0:
            return
        # Somebody may have taken some.
        self._entries = {key: entry for key, entry in self._entries.items() if self._notes(entry).exists()}
        over = self._over(size)
        now_s = self._clock.now()
        self._read_verdicts()
        for entry in sorted(self._entries.values(), key=lambda entry: worth(entry, now_s)):
            if over <= 0:
                return
            if self._judged.keys().isdisjoint(entry.incidents):
                self._remove(entry)
                over -= entry.size
        if size and over > 0:
            raise EvidenceError(
                f"harvest {self.root}: {size} bytes do not fit into {self.budget_bytes}, and what is left has been "
                f"judged; take it with `lookout dataset harvest --remove`, or raise agent.harvest.budget_mb"
            )

    def _over(self, size: int) -> int:
        """Bytes that have to go before `size` more fit: into the budget, and onto the disk."""
        free = shutil.disk_usage(self.root).free
        return max(self.size + size - self.budget_bytes, size + LEAVE_FREE_BYTES - free)

    def _remove(self, entry: _Entry) -> None:
        # The notes first: a picture without them is removed at the next start.
        notes = self._notes(entry)
        notes.unlink(missing_ok=True)
        notes.with_suffix(PICTURE).unlink(missing_ok=True)
        del self._entries[entry.id]

    def _notes(self, entry: _Entry) -> Path:
        return self.root / entry.day / f"{entry.id}{NOTES}"

    def _read_verdicts(self) -> None:
        """Which incidents have been judged by now."""
        try:
            status = self._verdicts_file.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp == self._judged_stamp:
                return
            read = parse_verdicts(self._verdicts_file.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            return
        self._judged, self._judged_stamp = read.of, stamp
        for note in set(read.notes) - self._noted:
            log.warning("verdict not used", extra={"file": str(self._verdicts_file), "note": note})
        self._noted |= set(read.notes)


def _scan(root: Path) -> Iterator[_Entry]:
    """What an earlier run left, without what it did not finish."""
    for part in root.glob(f"{_DAYS}/*{_PART}"):
        part.unlink()
    for path in sorted(root.glob(f"{_DAYS}/*{NOTES}")):
        picture = path.with_suffix(PICTURE)
        try:
            kept = KeptPicture.model_validate_json(path.read_bytes())
        except ValidationError as error:
            log.warning("kept picture removed: its notes can not be read", extra={"file": str(path), "why": str(error)})
            picture.unlink(missing_ok=True)
        else:
            if kept.id == path.stem and picture.is_file():
                yield _entry(kept, path, path.stat().st_size + picture.stat().st_size)
                continue
        path.unlink()
    for picture in root.glob(f"{_DAYS}/*{PICTURE}"):
        if not picture.with_suffix(NOTES).exists():
            picture.unlink()


def _read(notes: Path) -> KeptPicture | None:
    """None: somebody has taken it, or damaged it."""
    try:
        return KeptPicture.model_validate_json(notes.read_bytes())
    except (OSError, ValidationError):
        return None


def _write_whole(path: Path, content: bytes) -> None:
    """Let a file appear all at once, with its content on the disk."""
    part = path.with_name(path.name + _PART)
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _disk_error(path: Path, error: OSError) -> EvidenceError:
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    return EvidenceError(f"harvest {path}: {'the disk is full' if full else error.strerror or error}")
