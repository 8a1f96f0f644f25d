from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.errors import ModelError
from calibration.skeleton import COCO_KEYPOINTS
from pipelines.detect import parse_card

GOOD: dict[str, Any] = {
    "name": "tiny",
    "version": "1.0.0",
    "task": "detect",
    "classes": [{"name": "flame", "means": "fire", "threshold": 0.3}],
    "input": {"width": 64, "height": 32},
    "output": "anchors",
    "licence": "AGPL-3.0-or-later",
    "training_data": "none",
    "sha256": "0" * 64,
}


def test_a_good_card() -> None:
    card = parse_card(yaml.safe_dump(GOOD), "x/card.yaml")
    assert card.meanings == ("fire",)
    assert card.thresholds.tolist() == pytest.approx([0.3])
    assert card.weights == "model.onnx"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"classes": [{"name": "x", "means": "dragon", "threshold": 0.3}]},
            "classes.0.means: .*unknown meaning 'dragon'",
        ),
        ({"classes": [{"name": "x", "means": "fire", "threshold": 1.3}]}, "classes.0.threshold: .*less than 1"),
        ({"classes": GOOD["classes"] * 2}, "found twice: flame"),
        ({"input": {"width": 63, "height": 32}}, "input.width: .*multiple of 32"),
        ({"sha256": "abc"}, "sha256"),
        ({"colour": "mauve"}, "colour: Extra inputs"),
        ({"made_for": ["fire", "burglary"]}, "made_for.1: Input should be 'fire', 'smoke'"),
        ({"task": "pose"}, "task pose: found 0 keypoints, allowed: their names"),
        ({"keypoints": ["nose"]}, "task detect: found 1 keypoints, allowed: none"),
        ({"task": "pose", "keypoints": ["nose", "nose"]}, "keypoints must differ, found twice: nose"),
    ],
)
def test_every_fault_names_its_place(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        parse_card(yaml.safe_dump({**GOOD, **change}), "x/card.yaml")


@pytest.mark.parametrize(
    ("means", "keypoints", "expected"),
    [
        ("person", COCO_KEYPOINTS, ("person", "pose")),
        ("person", ("nose", "tail"), ("person",)),  # not a body's: boxes of use, poses not
        ("none", COCO_KEYPOINTS, ()),
    ],
)
def test_what_a_pose_model_sees(means: str, keypoints: tuple[str, ...], expected: tuple[str, ...]) -> None:
    classes = [{"name": "x", "means": means, "threshold": 0.3}]
    pose = {**GOOD, "task": "pose", "keypoints": list(keypoints), "classes": classes}
    assert parse_card(yaml.safe_dump(pose), "x/card.yaml").sees == expected


@pytest.mark.parametrize(("text", "words"), [("a: [", "not valid YAML"), ("- 1", "expected a mapping")])
def test_what_is_no_card(text: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        parse_card(text, "x/card.yaml")


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["fire", "anchors"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD, "x", "alternative"]), inner),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(change=st.dictionaries(st.sampled_from([*GOOD, "alternative", "keypoints", "nms_iou", "x"]), JUNK, max_size=4))
def test_whatever_a_card_says_it_is_taken_or_refused(change: dict[str, Any]) -> None:
    with contextlib.suppress(ModelError):
        parse_card(yaml.safe_dump({**GOOD, **change}), "x/card.yaml")


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=200) | st.binary(max_size=200).map(lambda found: found.decode("utf-8", "replace")))
def test_whatever_text_it_is_it_is_refused(text: str) -> None:
    with pytest.raises(ModelError):
        parse_card(text, "x/card.yaml")


@pytest.mark.parametrize("name", ["fire-smoke", "ppe"])
def test_the_models_that_ship(root: Path, name: str) -> None:
    folder = root / "models" / name
    card = parse_card((folder / "card.yaml").read_text(encoding="utf-8"), str(folder))
    assert card.name == name
    assert (folder / card.weights).stat().st_size < 12_000_000
