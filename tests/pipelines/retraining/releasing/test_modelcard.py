"""The model card in prose says what its figures are worth."""

from __future__ import annotations

from pipelines.retraining.releasing.gate import Measured
from pipelines.retraining.releasing.modelcard import Story, tell
from pipelines.retraining.scoring.evaluate_images import evaluate_images
from tests.pipelines.retraining.scenes import A, Row, predictions_of


def test_classes_with_few_or_no_labels_are_named() -> None:
    labelled: list[list[Row]] = [[(*A, 0)]] * 10 + [[(*A, 1)]] * 2
    found: list[list[Row]] = [[(*A, 0, 0.9)]] * 10 + [[(*A, 1, 0.9)]] * 2
    names = ("person", "bicycle", "suitcase")
    images = evaluate_images(predictions_of(labelled, found, classes=names))
    card = {
        "name": "yard", "version": "1.0.0", "task": "detect", "licence": "CC0", "weights": "model.onnx", "sha256": "0",
        "base": "a.pt", "recipe": "0", "training_data": "drawn", "input": {"width": 64, "height": 64}, "made_for": [],
        "classes": [{"name": name, "threshold": 0.5, "threshold_source": "by hand"} for name in (*names, "bus")],
        "metrics": {"data": "yard (12 pictures)"},
    }  # fmt: skip
    story = Story(card, {}, Measured("yard", images, None), {"images": "lookout evaluate images"}, None, "", ())
    page = tell(story)
    assert "- So few boxes are labelled of bicycle (2) that their figures are luck.\n" in page
    assert "- Nothing is known of suitcase and bus: the data has no labels of it.\n" in page
