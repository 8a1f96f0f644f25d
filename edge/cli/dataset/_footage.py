"""Frames of a video by their numbers, for the commands that make data sets of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from calibration.errors import DatasetError
from edge.sources import Pace, open_source

if TYPE_CHECKING:
    from pipelines.retraining.proposals.derive import Image
    from pipelines.retraining.proposals.looking import Footage

_RANGE = re.compile(r"(?P<path>.+):(?P<first>\d+)-(?P<last>\d+):(?P<step>[1-9]\d*)")


def frames_of(path: Path, numbers: frozenset[int]) -> Iterator[tuple[int, Image]]:
    """The frames of those numbers, counted from 0, BGR, in order."""
    source = open_source(path.stem, str(path), pace=Pace.FAST, keep_s=0.0)
    last = max(numbers, default=-1)
    for number, frame in enumerate(source.frames()):
        if number in numbers:
            yield number, frame.bgr()
        if number >= last:
            break
    source.close()


def footage_of(text: str) -> Footage:
    """From `VIDEO:FIRST-LAST:STEP`.

    Raises:
        DatasetError: it is written otherwise, or there is no such video.
    """
    from pipelines.retraining.proposals.looking import Footage

    match = _RANGE.fullmatch(text)
    if match is None or not Path(match["path"]).is_file():
        raise DatasetError(f"--footage {text}: expected VIDEO:FIRST-LAST:STEP, a file and numbers of frames from 0")
    numbers = range(int(match["first"]), int(match["last"]) + 1, int(match["step"]))
    return Footage(Path(match["path"]), tuple(numbers), frames_of)
