from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.thresholds import reliability
from pipelines.retraining.scoring.average_precision import average_precision
from pipelines.retraining.scoring.plots import draw_precision_recall, draw_reliability
from tests.pipelines.retraining.scenes import paper


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "plots"


def ink(path: Path) -> int:
    """Pixels that are neither white nor grey: curves."""
    picture = cv2.imread(str(path))
    assert picture is not None
    return int((np.ptp(picture.astype(int), axis=2) > 60).sum())


def test_a_reliability_plot(folder: Path) -> None:
    (matches,) = average_precision(paper()).matches
    draw_reliability({}, folder / "none.png")
    draw_reliability({"fire": reliability(matches.score, matches.right)}, folder / "reliability.png")
    assert ink(folder / "reliability.png") > ink(folder / "none.png") + 500


def test_a_precision_recall_plot(folder: Path) -> None:
    (matches,) = average_precision(paper()).matches
    draw_precision_recall({}, folder / "none.png")
    draw_precision_recall({"fire": (matches, 0.5)}, folder / "pr.png")
    assert ink(folder / "pr.png") > ink(folder / "none.png") + 100
