"""A small library of clips, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bench.clips import Library
from edge.bench.reel import Encoding

MAIN = Encoding((640, 360), 1_000_000, 3.0)
SUB = Encoding((320, 180), 300_000, 3.0)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Library:
    """Clips of 640×360: quiet 4 s, busy 6 s."""
    yard = root / "datasets" / "demo" / "yard.mp4"
    return Library(tmp_path_factory.mktemp("clips"), yard, shorter=0.2, main=MAIN, sub=SUB)
