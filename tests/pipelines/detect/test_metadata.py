from __future__ import annotations

from typing import Any

import pytest

from calibration.errors import ModelError
from calibration.skeleton import COCO_KEYPOINTS
from pipelines.detect.card import make_card
from pipelines.detect.metadata import USUAL_THRESHOLD, complete_card, silent_fields

# As Ultralytics writes them: every value is the str() of a Python value.
METADATA = {
    "description": "Ultralytics YOLO11n model trained on /data/fire.yaml",
    "author": "Ultralytics",
    "version": "8.3.40",
    "license": "AGPL-3.0 License (https://ultralytics.com/license)",
    "stride": "32",
    "task": "detect",
    "batch": "1",
    "imgsz": "[384, 640]",
    "names": "{0: 'fire', 1: 'smoke'}",
    "args": "{'batch': 1, 'half': False, 'dynamic': False, 'nms': False}",
    "channels": "3",
}


def card(**parts: Any) -> dict[str, Any]:
    """A user's card that leaves out what the ONNX file says; None takes a part away."""
    whole = {
        "name": "mine",
        "version": "1",
        "licence": "AGPL-3.0-or-later",
        "training_data": "my own",
        "sha256": "0" * 64,
        **parts,
    }
    return {key: value for key, value in whole.items() if value is not None}


def complete(written: dict[str, Any], **metadata: str | None) -> dict[str, Any]:
    said = {key: value for key, value in {**METADATA, **metadata}.items() if value is not None}
    return complete_card(written, said, "card.yaml")


def test_a_silent_card_becomes_whole() -> None:
    found = make_card(complete(card()), "card.yaml")
    assert (found.task, found.output) == ("detect", "anchors")
    assert (found.input.width, found.input.height) == (640, 384)  # imgsz is height, width
    assert [(c.name, c.means, c.threshold) for c in found.classes] == [
        ("fire", "fire", USUAL_THRESHOLD),
        ("smoke", "smoke", USUAL_THRESHOLD),
    ]


def test_the_card_wins() -> None:
    classes = [
        {"name": "fire", "means": "fire", "threshold": 0.6},
        {"name": "smoke", "means": "none", "threshold": 0.9},
    ]
    written = card(input={"width": 320, "height": 320, "colour": "bgr"}, classes=classes, output="end_to_end")
    found = make_card(complete(written), "card.yaml")
    assert (found.input.width, found.input.height, found.input.colour) == (320, 320, "bgr")
    assert found.meanings == ("fire", "none")
    assert found.output == "end_to_end"


def test_nothing_is_changed_in_place() -> None:
    written = card(input={"colour": "bgr"}, classes=[{"name": "fire"}, {"name": "smoke"}])
    complete(written)
    assert written == card(input={"colour": "bgr"}, classes=[{"name": "fire"}, {"name": "smoke"}])


def test_classes_may_be_half_written() -> None:
    written = card(classes=[{"name": "fire", "threshold": 0.6}, {"name": "haze", "means": "smoke"}])
    found = make_card(complete(written, names="{0: 'fire', 1: 'haze'}"), "card.yaml")
    assert [(c.means, c.threshold) for c in found.classes] == [("fire", 0.6), ("smoke", USUAL_THRESHOLD)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"imgsz": "640"}, (640, 640)),
        ({"imgsz": "(416, 416)"}, (416, 416)),
        ({"imgsz": "[640, 640, 3]"}, None),
        ({"imgsz": "large"}, None),
        ({"imgsz": None}, None),
        ({"imgsz": "__import__('os').getcwd()"}, None),  # read, never run
    ],
)
def test_input_size(said: dict[str, str | None], expected: tuple[int, int] | None) -> None:
    found = complete(card(), **said).get("input")
    assert (found and (found["width"], found["height"])) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, "anchors"),
        ({"end2end": "True"}, "end_to_end"),  # YOLOv10, YOLO26
        ({"end2end": "False"}, "anchors"),
        ({"args": "{'nms': True}"}, "end_to_end"),  # suppression built into the graph
        ({"names": None}, None),  # not one of Ultralytics' files: nothing is guessed
    ],
)
def test_output_layout(said: dict[str, str | None], expected: str | None) -> None:
    assert complete(card(), **said).get("output") == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"kpt_shape": "[17, 3]"}, COCO_KEYPOINTS),
        ({"kpt_shape": "[2, 3]", "kpt_names": "{0: ['head', 'tail']}"}, ("head", "tail")),
        ({"kpt_shape": "[17, 3]", "kpt_names": "None"}, COCO_KEYPOINTS),
        # What Ultralytics writes for a data set that names none.
        ({"kpt_shape": "[17, 3]", "kpt_names": str({0: [str(i) for i in range(17)]})}, COCO_KEYPOINTS),
        ({"kpt_shape": "[2, 3]", "kpt_names": "{0: ['0', '1']}"}, ()),
        ({"kpt_shape": "[5, 3]"}, ()),  # nobody says what they are: the card must
    ],
)
def test_keypoints(said: dict[str, str | None], expected: tuple[str, ...]) -> None:
    assert tuple(complete(card(), task="pose", **said)["keypoints"]) == expected
    assert complete(card(keypoints=["mine"]), task="pose", **said)["keypoints"] == ["mine"]
    assert "keypoints" not in complete(card(), **said)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("{0: 'Fire', 1: 'SMOKE', 2: 'person'}", ["fire", "smoke", "person"]),
        ("['flame', 'smoke']", ["fire", "smoke"]),
    ],
)
def test_obvious_meanings(names: str, expected: list[str]) -> None:
    assert [c["means"] for c in complete(card(), names=names)["classes"]] == expected


@pytest.mark.parametrize(
    ("written", "said", "message"),
    [
        # Meanings are guessed only where there is no doubt: a fire extinguisher is not a fire
        (card(), {"names": "{0: 'fire', 1: 'fire extinguisher', 2: 'car'}"}, "under classes: fire extinguisher, car"),
        # The order is what counts: swapped names would call every fire smoke
        (
            card(classes=[{"name": "smoke"}, {"name": "fire"}]),
            {},
            "the card says smoke, fire; the weights say fire, smoke",
        ),
        (card(classes=[{"name": "fire"}]), {}, "the card says fire; the weights say fire, smoke"),
    ],
)
def test_contradictions_are_refused(written: dict[str, Any], said: dict[str, str], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        complete(written, **said)


def test_what_neither_says_is_named_by_the_card_itself() -> None:
    with pytest.raises(ModelError, match=r"(?s)task.*classes.*input.*output"):
        make_card(complete_card(card(), {}, "card.yaml"), "card.yaml")


def test_another_task_is_refused() -> None:
    with pytest.raises(ModelError, match="task"):
        make_card(complete(card(), task="segment"), "card.yaml")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (card(), ("task", "classes", "input", "output")),
        (card(task="detect", output="anchors", input={"colour": "bgr"}, classes=[]), ("input",)),
        (card(task="pose", output="anchors", input={"width": 1, "height": 1}, classes=[]), ("keypoints",)),
        (
            card(task="detect", output="anchors", input={"width": 1, "height": 1}, classes=[{"name": "fire"}]),
            ("classes",),
        ),
        (
            card(
                task="detect",
                output="anchors",
                input={"width": 1, "height": 1},
                classes=[{"name": "fire", "means": "fire", "threshold": 0.5}],
            ),
            (),
        ),
    ],
)
def test_silent_fields(written: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert silent_fields(written) == expected
