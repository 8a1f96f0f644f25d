"""Proof on disk: pictures and clips of incidents, within a limit."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from calibration.errors import EvidenceError
from calibration.zones import Zone
from edge.clock import AgentClock
from edge.disk import flush
from edge.evidence.annotate import Caption, Seen, annotate, side_by_side
from edge.evidence.clip import Render, write_clip
from edge.evidence.files import MEDIA_TYPES, EvidenceFile, digest_of
from edge.evidence.packets import Window
from pipelines.events import Event, Phase
from pipelines.frame import Frame, Plane

_RESOLVED = ".resolved"  # an empty file in an incident's folder; its date tells when
_PART = ".part"  # a file that is still being written
_JPEG, _MP4 = "image/jpeg", "video/mp4"
_BEFORE = "open-before.jpg"
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(slots=True)
class _Folder:
    """What is known of an incident's folder."""

    path: Path
    size: int
    touched_s: float
    resolved_s: float | None
    writers: int = 0  # files being written just now


class EvidenceStore:
    """Pictures and clips in `root/YYYY-MM-DD/incident/name`; any thread may use it.

    When the limit is reached the incident that was resolved first leaves first. Files of an open incident
    leave only when nothing resolved is left, and never those of the incident that is being written. Files that
    are wanted leave after all others: an alarm without its proof on the way is worth less than an old clip.

    Args:
        root: folder to keep everything in; made when missing.
        budget_bytes: the sum of all files never exceeds it.
        clock: the agent's.
        wanted: tells which files are still to be sent; asked when room is needed.
        jpeg_quality: of the pictures, up to 100.

    Raises:
        EvidenceError: the folder can not be made or read.
    """

    def __init__(
        self,
        root: Path,
        budget_bytes: int,
        clock: AgentClock | None = None,
        *,
        wanted: Callable[[], Collection[Path]] = frozenset,
        jpeg_quality: int = 90,
    ) -> None:
        self.root = root
        self.budget_bytes = budget_bytes
        self._clock = clock or AgentClock()
        self._wanted = wanted
        self._jpeg_quality = jpeg_quality
        self._lock = threading.RLock()
        try:
            root.mkdir(parents=True, exist_ok=True)
            self._folders = {folder.path.name: folder for folder in _scan(root)}
        except OSError as error:
            raise _disk_error(root, error) from error
        with self._lock:
            self._make_room(0, "")

    @property
    def size(self) -> int:
        """Bytes of all files."""
        with self._lock:
            return sum(folder.size for folder in self._folders.values())

    def pictures(
        self,
        event: Event,
        frame: Frame,
        *,
        seen: Seen | None = None,
        zone: Zone | None = None,
        caption: Caption | None = None,
    ) -> tuple[EvidenceFile, ...]:
        """Keep the pictures of an event: the full one and the annotated one.

        Args:
            event: what they prove.
            frame: the picture of the event.
            seen: what else was found in it.
            zone: the zone it concerns.
            caption: language, place and time zone of the annotation.

        Raises:
            EvidenceError: the disk is full, or may not be written.
        """
        head = "open" if event.phase is Phase.OPEN else f"{event.phase}-{event.sequence}"
        full = frame.bgr()
        marked = annotate(frame, event, seen or Seen(), zone, caption or Caption(), full)
        pictures = ((f"{head}-full.jpg", full), (f"{head}-annotated.jpg", marked))
        return tuple(
            self._keep(event.incident, name, _JPEG, event.captured_s, _writer(_jpeg(name, picture, self._jpeg_quality)))
            for name, picture in pictures
        )

    def before(self, event: Event, frame: Frame) -> EvidenceFile:
        """Keep a picture of an alarm's view from before the hazard.

        Raises:
            EvidenceError: the disk is full, or may not be written.
        """
        write = _writer(_jpeg(_BEFORE, frame.bgr(), self._jpeg_quality))
        return self._keep(event.incident, _BEFORE, _JPEG, event.captured_s, write)

    def snapshot(self, key: str, name: str, frame: Frame) -> EvidenceFile:
        """Keep one picture that somebody asked for; it may leave as soon as room is needed.

        Args:
            key: what it was asked for by: its folder, as an incident's id is for others.
            name: of the file, such as `gate-3.jpg`.
            frame: the picture.

        Raises:
            EvidenceError: the disk is full, or may not be written.
        """
        write = _writer(_jpeg(name, frame.bgr(), self._jpeg_quality))
        file = self._keep(key, name, _JPEG, frame.captured_s, write)
        self.resolve(key)
        return file

    def find(self, incident: str, name: str) -> EvidenceFile | None:
        """A picture or clip that was kept before, if it is still there."""
        with self._lock:
            folder = self._folders.get(incident)
            path = folder.path / _plain(name) if folder is not None else None
        if path is None or not path.is_file():
            return None
        try:
            return EvidenceFile(incident, name, path, MEDIA_TYPES[path.suffix], path.stat().st_size, digest_of(path))
        except (OSError, KeyError):
            return None

    def pair(self, event: Event, before: Path, frame: Frame, lang: str) -> EvidenceFile:
        """Keep a picture of before and after, side by side.

        Args:
            event: the answer of the verification.
            before: the picture of the alarm.
            frame: the picture of now.
            lang: `zh` or `en`.

        Raises:
            EvidenceError: the picture of before can not be read, the disk is full, or may not be written.
        """
        then = cv2.imread(str(before), cv2.IMREAD_COLOR)
        if then is None:
            raise EvidenceError(f"evidence {before}: is not a picture")
        name = f"{event.phase}-{event.sequence}-pair.jpg"
        picture = side_by_side(np.asarray(then, np.uint8), frame.bgr(), lang)
        write = _writer(_jpeg(name, picture, self._jpeg_quality))
        return self._keep(event.incident, name, _JPEG, event.captured_s, write)

    def give_way(self, size: int) -> None:
        """Free so many bytes: the disk is full, and an event's text is worth more than an old picture."""
        with self._lock:
            budget, self.budget_bytes = self.budget_bytes, max(self.size - size, 0)
            try:
                self._make_room(0, "")
            finally:
                self.budget_bytes = budget

    def clip(self, incident: str, name: str, window: Window, render: Render | None = None) -> EvidenceFile:
        """Keep a clip of an incident.

        Args:
            incident: its id.
            name: of the file, such as `clip.mp4`.
            window: what to show.
            render: draws a drill into a frame, by the frame's time.

        Raises:
            EvidenceError: nothing can be decoded, the disk is full, or may not be written.
        """
        captured_s = window.packets[0].stamp.captured_s
        return self._keep(incident, name, _MP4, captured_s, lambda path: write_clip(path, window, render))

    def resolve(self, incident: str) -> None:
        """Mark an incident as over: its files may leave when room is needed. Survives a restart.

        Raises:
            EvidenceError: the mark can not be written.
        """
        with self._lock:
            folder = self._folders.get(incident)
            if folder is None or folder.resolved_s is not None:
                return
            now_s = self._clock.now()
            mark = folder.path / _RESOLVED
            try:
                mark.touch()
                os.utime(mark, (now_s, now_s))
            except OSError as error:
                raise _disk_error(mark, error) from error
            folder.resolved_s = now_s

    def reopen(self, incident: str) -> None:
        """Take the mark back."""
        with self._lock:
            folder = self._folders.get(incident)
            if folder is not None:
                folder.resolved_s = None
                (folder.path / _RESOLVED).unlink(missing_ok=True)

    def _keep(
        self, incident: str, name: str, media_type: str, captured_s: float, write: Callable[[Path], None]
    ) -> EvidenceFile:
        """Write a file under another name, make room, and let it appear all at once."""
        with self._lock:
            folder = self._folder(incident, captured_s)
            path = folder.path / _plain(name)
            folder.writers += 1
        part = path.with_name(path.name + _PART)
        try:
            write(part)  # a clip takes seconds, and its way to the disk: an alarm's pictures do not wait for it
            size, digest = part.stat().st_size, digest_of(part)
            flush(part)
            with self._lock:
                replaced = path.stat().st_size if path.exists() else 0
                self._make_room(size - replaced, incident)
                part.replace(path)
                folder.size += size - replaced
                folder.touched_s = self._clock.now()
            flush(path.parent)
        except OSError as error:
            raise _disk_error(path, error) from error
        finally:
            part.unlink(missing_ok=True)
            with self._lock:
                folder.writers -= 1
        return EvidenceFile(incident, name, path, media_type, size, digest)

    def _folder(self, incident: str, captured_s: float) -> _Folder:
        known = self._folders.get(incident)
        if known is not None:
            return known
        day = datetime.fromtimestamp(captured_s, UTC).strftime("%Y-%m-%d")
        path = self.root / day / _plain(incident)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _disk_error(path, error) from error
        folder = self._folders[incident] = _Folder(path, 0, self._clock.now(), None)
        return folder

    def _make_room(self, size: int, incident: str) -> None:
        """Remove files of other incidents until so many bytes more fit for this one."""
        if self._fits(size):
            return
        others = sorted((f for f in self._folders.values() if f.size and not f.writers), key=_leaves_first)
        for spared in (self._wanted(), ()):
            for folder in others:
                self._remove(folder, spared)
                if self._fits(size):
                    return
        if size > 0:
            raise EvidenceError(
                f"evidence of incident {incident}: {size} bytes do not fit, "
                f"the limit of {self.budget_bytes} bytes under {self.root} is used up by what is being written"
            )

    def _fits(self, size: int) -> bool:
        return self.size + size <= self.budget_bytes

    def _remove(self, folder: _Folder, spared: Collection[Path]) -> None:
        """Remove an incident; of one that has files to spare, all the others."""
        # Somebody may have cleared the folder by hand.
        files = set(folder.path.iterdir()) if folder.path.is_dir() else set()
        kept = {path for path in files if path in spared}
        if kept:
            for path in files - kept - {folder.path / _RESOLVED}:
                path.unlink(missing_ok=True)
            folder.size = sum(path.stat().st_size for path in kept)
        else:
            self._folders.pop(folder.path.name, None)
            folder.size = 0
            shutil.rmtree(folder.path, ignore_errors=True)
            with suppress(OSError):  # not empty: other incidents of the day
                folder.path.parent.rmdir()


def _leaves_first(folder: _Folder) -> tuple[bool, float]:
    """Resolved before open; among the resolved the one resolved first, among the open the one written first."""
    resolved_s = folder.resolved_s
    return resolved_s is None, folder.touched_s if resolved_s is None else resolved_s


def _scan(root: Path) -> list[_Folder]:
    """What an earlier run left, without what it did not finish."""
    folders = []
    for path in sorted(root.glob("????-??-??/*/")):
        size, touched_s = 0, 0.0
        for file in path.iterdir():
            if file.suffix == _PART:
                file.unlink()
            elif file.name != _RESOLVED:
                status = file.stat()
                size, touched_s = size + status.st_size, max(touched_s, status.st_mtime)
        mark = path / _RESOLVED
        folders.append(_Folder(path, size, touched_s, mark.stat().st_mtime if mark.exists() else None))
    return folders


def _writer(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def _jpeg(name: str, picture: Plane, quality: int) -> bytes:
    done, content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise EvidenceError(f"{name}: a picture of {picture.shape[1]}×{picture.shape[0]} can not be encoded as JPEG")
    return content.tobytes()


def _plain(name: str) -> str:
    """A name that stays inside its folder."""
    if not name or name.startswith(".") or "/" in name or "\0" in name or name.endswith(_PART):
        raise EvidenceError(f"evidence: {name!r} is no file name (no slash, no leading dot)")
    return name


def _disk_error(path: Path, error: OSError) -> EvidenceError:
    if error.errno in _FULL:
        return EvidenceError(f"evidence {path}: the disk is full")
    return EvidenceError(f"evidence {path}: {error.strerror or error}")
