"""Builders of proposals and plans for the tests of the teacher's part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.skeleton import COCO_KEYPOINTS
from pipelines.retraining.data.dataset import Labels
from pipelines.retraining.proposals.derive import Derived
from pipelines.retraining.proposals.teacher import Proposals

Box = tuple[float, float, float, float]


def proposals(*rows: tuple[int, float, Box], points: NDArray[np.float32] | None = None) -> Proposals:
    """Rows of class, confidence and box."""
    n = len(rows)
    return Proposals(
        np.array([row[2] for row in rows], np.float32).reshape(n, 4),
        np.array([row[1] for row in rows], np.float32),
        np.array([row[0] for row in rows], np.int64),
        np.empty((n, 0, 3), np.float32) if points is None else points,
    )


def labels(*rows: tuple[int, Box]) -> Labels:
    """Rows of class and box."""
    boxes = np.array([row[1] for row in rows], np.float32).reshape(len(rows), 4)
    return Labels(boxes, np.array([row[0] for row in rows], np.int64))


def body(x1: float, y1: float, x2: float, y2: float) -> NDArray[np.float32]:
    """`(17, 3)`: a person on their feet who fills that box, facing us, all of them seen."""
    places = {
        "nose": (0.5, 0.08), "eye": (0.45, 0.06), "ear": (0.4, 0.07), "shoulder": (0.25, 0.2), "elbow": (0.15, 0.35),
        "wrist": (0.1, 0.5), "hip": (0.35, 0.52), "knee": (0.35, 0.75), "ankle": (0.35, 0.97),
    }  # fmt: skip
    points = []
    for name in COCO_KEYPOINTS:
        across, down = places[name.rpartition("_")[2]]
        across = 1 - across if name.startswith("left_") else across
        points.append((x1 + across * (x2 - x1), y1 + down * (y2 - y1), 2))
    return np.array(points, np.float32)


def derived(name: str = "one", **fields: Any) -> Derived:
    """A picture of a plan."""
    usual: dict[str, Any] = {
        "source": f"{name}.png", "sha256": "0" * 64, "size": (200, 160), "group": name, "split": "train"
    }  # fmt: skip
    return Derived(name=name, **usual | fields)


def standing(name: str = "one", boxes: Sequence[Box] = ((80, 30, 120, 130),), **fields: Any) -> Derived:
    """A picture of a plan with persons on their feet."""
    made = derived(name, **fields)
    points = np.array([body(*box) for box in boxes], np.float32).reshape(len(boxes), 17, 3)
    return made.with_labels(Labels(np.array(boxes, np.float32), np.zeros(len(boxes), np.int64), points))
