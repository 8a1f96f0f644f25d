"""Clips with their events by eye."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from calibration.errors import DatasetError
from pipelines.hazards import HazardKind

_VIDEOS = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".ts", ".m4v")

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Clip:
    """Footage and what happens in it.

    Attributes:
        path: a video, or a folder of pictures.
        events: start and end in seconds of each hazard; a hazard that is not named does not happen.
        lively: when something else moves in it, persons or vehicles; None if the file does not say.
    """

    path: Path
    events: Mapping[HazardKind, tuple[Span, ...]]
    lively: tuple[Span, ...] | None = None

    @property
    def name(self) -> str:
        """Its file's name without the ending."""
        return self.path.stem


def read_clips(path: Path) -> tuple[Clip, ...]:
    """Read a file that has for each clip `name: {hazard: [[start, end], …]}`.

    The clips lie beside the file, under their name with or without its ending. Keys that are no hazard's say when
    something else moves, if their values are times as well; others (a licence, a note) say nothing here. A clip without
    events is footage on which any alarm is false.

    Raises:
        DatasetError: it can not be read, or is wrong: every fault with its place.
    """
    try:
        written: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: can not be read: {error}") from error
    except yaml.YAMLError as error:
        raise DatasetError(f"{path}: is not YAML: {error}") from error
    if not isinstance(written, dict) or not written:
        raise DatasetError(f"{path}: expected clips by name, found {type(written).__name__}")
    faults: list[str] = []
    clips = [_clip(path.parent, str(name), said, faults) for name, said in written.items()]
    if faults:
        raise DatasetError("\n  ".join([f"{path}: {len(faults)} fault{'s' * (len(faults) != 1)}", *faults]))
    return tuple(clip for clip in clips if clip is not None)


def _clip(folder: Path, name: str, said: Any, faults: list[str]) -> Clip | None:
    found = _file(folder, name)
    if found is None:
        faults.append(f"{name}: no such clip in {folder}, looked for {name} and {name} with {', '.join(_VIDEOS)}")
    if said is not None and not isinstance(said, dict):
        faults.append(f"{name}: found {said!r}, expected {{hazard: [[start, end], …]}}")
        return None
    events, lively = {}, None
    for key, spans in (said or {}).items():
        if key in set(HazardKind):
            events[HazardKind(key)] = _spans(f"{name}.{key}", spans, faults)
        elif _are_spans(spans):
            lively = (*(lively or ()), *_spans(f"{name}.{key}", spans, faults))
    return Clip(found, events, lively) if found is not None else None


def _file(folder: Path, name: str) -> Path | None:
    ways = [*(folder / f"{name}{ending}" for ending in _VIDEOS), folder / name]
    return next((way for way in ways if way.exists()), None)


def _are_spans(spans: Any) -> bool:
    return isinstance(spans, list) and all(
        isinstance(span, list)
        and len(span) == 2
        and all(isinstance(edge, int | float) for edge in span)
        and 0 <= span[0] < span[1]
        for span in spans
    )


def _spans(where: str, spans: Any, faults: list[str]) -> tuple[Span, ...]:
    if not _are_spans(spans):
        faults.append(f"{where}: found {spans!r}, expected a list of [start, end] in seconds")
        return ()
    return tuple((float(start), float(end)) for start, end in spans)
