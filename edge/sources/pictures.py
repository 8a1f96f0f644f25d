"""A folder of pictures, or one picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from calibration.errors import SourceUnusable
from edge.evidence.packets import PICTURES, EncodedPacket, Stamp, StreamFormat
from edge.sources.planes import picture_planes
from edge.sources.source import Opening, Pace, Source
from pipelines.frame import Clock, Frame

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


class PictureFolder(Source):
    """Pictures in the order of their names, numbers by their value.

    Args:
        opening: name, path and the rest.
        pace: how fast.
        loop: begin again at the end, with times that go on rising.
        fps: pictures a second.

    Raises:
        SourceUnusable: `fps` is not above 0.
    """

    def __init__(self, opening: Opening, pace: Pace, loop: bool, fps: float) -> None:
        super().__init__(opening)
        if not fps > 0:
            raise SourceUnusable(f"source {self.name}: fps of a folder of pictures is above 0, found {fps:g}")
        self._pace = pace
        self._loop = loop
        self._frame_s = 1 / fps

    def _read(self) -> Iterator[Frame]:
        paths = self._paths()
        self._tally.codec = PICTURES
        self.ring.begin(StreamFormat(PICTURES, frame_s=self._frame_s))
        origin_s = self._clock.monotonic() if self._pace is Pace.LIVE else 0.0
        turn = 0
        while not self._stop.is_set():
            before = self._tally.frames
            yield from self._round(paths, origin_s + turn * len(paths) * self._frame_s)
            if self._tally.frames == before and not self._stop.is_set():
                raise SourceUnusable(f"source {self.name}: {self.url}: none of its {len(paths)} pictures can be read")
            if not self._loop:
                return
            turn += 1

    def _round(self, paths: list[Path], start_s: float) -> Iterator[Frame]:
        for i, path in enumerate(paths):
            time_s = start_s + i * self._frame_s
            if self._pace is Pace.LIVE:
                lag_s = self._clock.monotonic() - time_s
                if lag_s > self._frame_s:
                    self._tally.dropped += 1
                    continue
                self._stop.wait(max(0.0, -lag_s))
            if self._stop.is_set():
                return
            frame = self._picture(path, time_s)
            if frame is not None:
                yield frame

    def _picture(self, path: Path, time_s: float) -> Frame | None:
        try:
            content, taken_s = path.read_bytes(), path.stat().st_mtime
        except OSError as error:
            self._left_out(path, error.strerror or "can not be read")
            return None
        planes = picture_planes(content)
        if planes is None:
            self._left_out(path, "is not a picture")
            return None
        stamp = Stamp(time_s, taken_s, Clock.FILE)
        frame = self._frame(planes, stamp)
        self.ring.push(EncodedPacket(content, stamp, keyframe=True))
        return frame

    def _left_out(self, path: Path, why: str) -> None:
        self._tally.corrupt += 1
        self._tally.message = f"{path.name} was left out: {why}"

    def _paths(self) -> list[Path]:
        folder = Path(self.url)
        if folder.is_file():
            return [folder]
        try:
            paths = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()]
        except OSError as error:
            raise SourceUnusable(f"source {self.name}: {self.url}: {error.strerror}") from error
        if not paths:
            raise SourceUnusable(f"source {self.name}: {self.url}: no pictures in this folder ({_allowed()})")
        return sorted(paths, key=lambda path: _natural(path.name))


def _allowed() -> str:
    return "looked for " + ", ".join(sorted(SUFFIXES))


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts `2.jpg` before `10.jpg`."""
    return [(int(part), "") if part.isdigit() else (-1, part.lower()) for part in re.split(r"(\d+)", name)]
