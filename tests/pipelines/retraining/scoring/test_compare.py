from __future__ import annotations

from dataclasses import replace

import pytest

from calibration.errors import DatasetError
from pipelines.retraining.scoring.average_precision import Precision, average_precision
from pipelines.retraining.scoring.compare import compare
from pipelines.retraining.scoring.predictions import Predictions
from tests.pipelines.retraining.scenes import ELSEWHERE, A, Row, predictions_of

LABELLED: list[list[Row]] = [[(*A, 0)]] * 10 + [[]] * 10


def model(scores: list[float], false: list[float]) -> Predictions:
    """Ten pictures with a fire found at these scores, ten empty ones with a false one at those."""
    found: list[list[Row]] = [[(*A, 0, s)] for s in scores] + [[(*ELSEWHERE, 0, s)] for s in false]
    return predictions_of(LABELLED, found)


def scored(predictions: Predictions) -> tuple[Predictions, Precision]:
    return predictions, average_precision(predictions)


# Both find all ten; the second sees fire on every empty picture as surely as on five of the others.
CALM = model([0.9] * 5 + [0.6] * 5, [0.3] * 10)
NERVOUS = model([0.9] * 5 + [0.4] * 5, [0.5] * 10)


def test_false_positives_at_equal_recall() -> None:
    comparison = compare(scored(CALM), scored(NERVOUS))
    rows = {row.recall: row for row in comparison.classes["fire"].boxes}
    assert rows[0.4].fp_per_empty == (0.0, 0.0)
    assert rows[0.6].fp_per_empty == (0.0, 1.0)
    assert rows[0.6].threshold == pytest.approx((0.6, 0.4))
    assert rows[0.6].fp_per_picture == (0.0, 0.5)
    assert comparison.map50 is not None
    assert comparison.map50 > 0.1
    assert comparison.interval is not None
    assert comparison.interval[0] <= comparison.map50 <= comparison.interval[1]


def test_a_model_against_itself() -> None:
    comparison = compare(scored(CALM), scored(CALM))
    assert (comparison.map50, comparison.interval) == (0.0, (0.0, 0.0))


def test_levels_that_one_does_not_reach_are_left_out() -> None:
    blind = predictions_of(LABELLED, [[(*A, 0, 0.9)]] * 3 + [[]] * 17)
    comparison = compare(scored(CALM), scored(blind))
    assert [row.recall for row in comparison.classes["fire"].pictures] == [0.2, 0.3]


def test_other_pictures_are_refused() -> None:
    other = replace(CALM, pictures=tuple(replace(p, sha256="f" * 64) for p in CALM.pictures))
    with pytest.raises(DatasetError, match="same pictures"):
        compare(scored(CALM), scored(other))


def test_other_classes_are_refused() -> None:
    with pytest.raises(DatasetError, match="was scored on fire, tiny on smoke"):
        compare(scored(CALM), scored(replace(CALM, classes=("smoke",))))
