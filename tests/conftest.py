"""Fixtures that every part of the tests may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONG = pytest.mark.skipif(not os.environ.get("LOOKOUT_LONG"), reason="takes long; on request: LOOKOUT_LONG=1")
"""For what another test shows in short, too: two cores have fifteen minutes for all of them."""


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared data beside the checkout; skips where it is missing."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("needs the shared data folder beside the checkout (../shared/data)")
    return folder
