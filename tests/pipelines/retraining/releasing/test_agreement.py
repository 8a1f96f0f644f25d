from __future__ import annotations

import numpy as np
import pytest

from pipelines.detections import Detections
from pipelines.retraining.releasing.agreement import agreement


def seen(
    *rows: tuple[float, float, float, float, float, int], keypoints: list[list[float]] | None = None
) -> Detections:
    table = np.array(rows, np.float32).reshape(-1, 6)
    points = np.array([keypoints] * len(rows), np.float32) if keypoints else np.empty((0, 0, 3), np.float32)
    return Detections(table[:, :4], table[:, 4], table[:, 5].astype(np.int64), keypoints=points)


A, B = (0.0, 0.0, 10.0, 10.0), (20.0, 20.0, 40.0, 40.0)


def test_the_same_is_one() -> None:
    both = [seen((*A, 0.9, 0), (*B, 0.2, 1)), seen()]
    assert agreement(both, both) == pytest.approx(1.0)
    assert agreement([seen()], [seen()]) == 1.0


@pytest.mark.parametrize(
    ("other", "value"),
    [
        (seen(), 0.0),
        (seen((*A, 0.9, 1)), 0.0),  # another class
        (seen((*B, 0.9, 0)), 0.0),  # elsewhere
        (seen((*A, 0.45, 0)), 0.5),  # half as sure
        (seen((0.0, 0.0, 10.0, 5.0, 0.9, 0)), 0.5),  # half the box
        (seen((*A, 0.9, 0), (*B, 0.9, 0)), 2 / 3),  # one too many
    ],
)
def test_what_differs_counts_from_both_sides(other: Detections, value: float) -> None:
    one = seen((*A, 0.9, 0))
    assert agreement([one], [other]) == pytest.approx(value, abs=1e-6)
    assert agreement([other], [one]) == pytest.approx(value, abs=1e-6)


def test_what_is_hardly_seen_hardly_counts() -> None:
    assert agreement([seen((*A, 0.9, 0), (*B, 0.01, 0))], [seen((*A, 0.9, 0))]) > 0.99


def test_keypoints_count_too() -> None:
    one = seen((*A, 0.9, 0), keypoints=[[5, 5, 1], [2, 2, 0.0]])
    unseen = seen((*A, 0.9, 0), keypoints=[[5, 5, 1], [9, 9, 0.0]])
    moved = seen((*A, 0.9, 0), keypoints=[[9, 5, 1], [2, 2, 0.0]])
    assert agreement([one], [unseen]) == pytest.approx(1.0, abs=1e-4)
    assert agreement([one], [moved]) < 0.01
