"""Pictures of this site that a model can be tried on: those of its alarms, and of its cameras now."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from calibration.errors import EvidenceError
from edge.agent.pictures import BEFORE
from edge.agent.reader import Reader
from edge.evidence.decode import window_frames
from pipelines.frame import Frame, from_bgr

_MOST_STORED = 24
_MOST_SOURCES = 8


def newest_picture(reader: Reader, within_s: float) -> Frame | None:
    """What a source shows now.

    Args:
        reader: the source's.
        within_s: how old the packets may be from which it is decoded.
    """
    newest_s = reader.stats.last_frame_s
    window = reader.ring.window(newest_s - within_s, newest_s) if newest_s is not None else None
    frame = deque(window_frames(window), maxlen=1) if window is not None else ()
    if not frame:
        return None
    return reader.drill.render(frame[0]) if reader.drill is not None else frame[0]


def sample_pictures(evidence: Path, readers: Mapping[str, Reader], within_s: float) -> list[Frame]:
    """Stored and fresh ones; a grey one where there is none at all.

    Args:
        evidence: the folder of evidence.
        readers: by source.
        within_s: how old the packets may be from which a fresh one is decoded.
    """
    found = []
    for path in sorted(evidence.glob(f"*/*/{BEFORE}"), key=_written, reverse=True)[:_MOST_STORED]:
        picture = cv2.imread(str(path))
        if picture is not None:  # it may have left to make room
            found.append(from_bgr(np.ascontiguousarray(picture, np.uint8)))
    for reader in list(readers.values())[:_MOST_SOURCES]:
        try:
            frame = newest_picture(reader, within_s)
        except EvidenceError:
            continue
        if frame is not None:
            found.append(frame)
    return found or [from_bgr(np.full((360, 640, 3), 128, np.uint8))]


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
