"""What an exporter wrote into the ONNX file, put where the card is silent.

Ultralytics writes `names`, `imgsz`, `task`, `kpt_shape`, `end2end` and more, each as the `str()` of a Python value.
The card always wins. What a class means to the rules is guessed only where its name leaves no doubt.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from calibration.errors import ModelError
from calibration.skeleton import COCO_KEYPOINTS

OBVIOUS = {"fire": "fire", "flame": "fire", "smoke": "smoke", "person": "person"}
"""Names of classes whose meaning needs no card."""

USUAL_THRESHOLD = 0.25
"""Confidence from which Ultralytics itself shows a detection; a card should know better."""


def silent_fields(card: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that the metadata could fill, in this card."""
    missing = [name for name in ("task", "classes", "input", "output") if card.get(name) is None]
    if not {"width", "height"} <= set(_mapping(card.get("input"))) and "input" not in missing:
        missing.append("input")
    if card.get("task") == "pose" and card.get("keypoints") is None:
        missing.append("keypoints")
    if "classes" not in missing and any(not {"means", "threshold"} <= set(c) for c in _class_list(card)):
        missing.append("classes")
    return tuple(missing)


def complete_card(card: Mapping[str, Any], metadata: Mapping[str, str], where: str) -> dict[str, Any]:
    """Fill a card's silent fields.

    Args:
        card: the fields as written in `card.yaml`.
        metadata: the ONNX file's custom metadata, name → text.
        where: the card's file, for messages.

    Returns:
        A new mapping; fields that neither says are still missing, for the card's own check to name.

    Raises:
        ModelError: the metadata contradicts the card, or a class's meaning is said by neither.
    """
    said = {name: _value(text) for name, text in metadata.items()}
    full = dict(card)
    if full.get("task") is None and said.get("task") is not None:
        full["task"] = said["task"]
    if full.get("output") is None and "names" in said:
        full["output"] = "end_to_end" if _is_end_to_end(said) else "anchors"
    if full.get("task") == "pose" and full.get("keypoints") is None:
        full["keypoints"] = keypoint_names(metadata)
    size = _size(said.get("imgsz"))
    if size is not None:
        full["input"] = {"width": size[0], "height": size[1], **_mapping(card.get("input"))}
    full_classes = _classes(card, class_names(metadata), where)
    if full_classes:
        full["classes"] = full_classes
    return full


def class_names(metadata: Mapping[str, str]) -> list[str]:
    """Class names by id, from `{0: 'fire', 1: 'smoke'}` or a list; none where the exporter wrote none."""
    value = _value(metadata.get("names", ""))
    if isinstance(value, dict) and value and set(value) == set(range(len(value))):
        return [str(value[i]) for i in range(len(value))]
    return [str(name) for name in value] if isinstance(value, list) else []


def keypoint_names(metadata: Mapping[str, str]) -> list[str]:
    """Names of the keypoints in order, from `{0: ['nose', …]}`; COCO's where there are 17 without names.

    Where a data set names none, Ultralytics counts them, and a number is no name.
    """
    said = _value(metadata.get("kpt_names", ""))
    names = next(iter(said.values()), None) if isinstance(said, dict) else said
    if isinstance(names, list | tuple) and names and [str(name) for name in names] != _counted(len(names)):
        return [str(name) for name in names]
    shape = _value(metadata.get("kpt_shape", ""))
    count = shape[0] if isinstance(shape, list | tuple) and shape else 0
    return list(COCO_KEYPOINTS) if count == len(COCO_KEYPOINTS) else []


def _counted(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def refuse_other_names(listed: Sequence[str], names: Sequence[str], where: str) -> None:
    """Compare the classes of a card with those of its weights: in another order, every fire is called smoke.

    Args:
        listed: names in the card, by class id.
        names: names in the weights, by class id; nothing is compared where there are none.
        where: the card or model, for messages.

    Raises:
        ModelError: they differ.
    """
    if names and list(listed) != list(names):
        raise ModelError(
            f"{where}: classes are not those of the weights: "
            f"the card says {', '.join(listed)}; the weights say {', '.join(names)}"
        )


def _classes(card: Mapping[str, Any], names: list[str], where: str) -> list[Any]:
    """The card's classes, or the metadata's where it has none, with obvious meanings filled in."""
    written = _class_list(card)
    if card.get("classes") is not None:
        refuse_other_names([str(c.get("name")) for c in written], names, where)
    else:
        written = [{"name": name} for name in names]
    unclear = [str(c.get("name")) for c in written if "means" not in c and _meaning(c) is None]
    if unclear:
        raise ModelError(
            f"{where}: what these classes mean to the rules must be said under classes: {', '.join(unclear)} "
            f"(only {', '.join(OBVIOUS)} go without saying)"
        )
    return [{"means": _meaning(c), "threshold": USUAL_THRESHOLD, **c} for c in written]


def _meaning(written: Mapping[str, Any]) -> str | None:
    return OBVIOUS.get(str(written.get("name")).strip().lower())


def _class_list(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    classes = card.get("classes")
    return [c for c in classes if isinstance(c, dict)] if isinstance(classes, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _value(text: str) -> Any:
    """The Python value that a metadata text stands for; the text itself where it is plain."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _size(value: Any) -> tuple[int, int] | None:
    """Width and height; Ultralytics writes `[height, width]`, or one number for a square."""
    if isinstance(value, int):
        return value, value
    if isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(v, int) for v in value):
        return value[1], value[0]
    return None


def _is_end_to_end(said: Mapping[str, Any]) -> bool:
    return said.get("end2end") is True or _mapping(said.get("args")).get("nms") is True
