"""A real, tiny detector made by hand, and the pictures it is right about: red squares are fire, green ones smoke.

A picture of 64×64 px has 4×4 cells of 16 px; a cell filled with a colour is one thing. The network averages each cell,
passes the averages through two modules like those of a YOLO, and answers in the layout `anchors`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

SIZE, CELL, SIDE = 64, 16, 4
COLOURS = {0: (0, 0, 220), 1: (0, 220, 0)}
NAMES = "{0: 'fire', 1: 'smoke'}"


def weights(slope: float = 12.0, at: tuple[float, float] = (0.5, 0.5), metadata: str = NAMES) -> bytes:
    """The ONNX file.

    Args:
        slope: of the score over the share of a cell that has the colour.
        at: share of full colour with a score of 0.5, for fire and smoke: above 1 the class is missed, below 0 it is
            seen everywhere.
        metadata: names of the classes.
    """
    onnx = pytest.importorskip("onnx")
    helper, from_array = onnx.helper, onnx.numpy_helper.from_array
    average = np.zeros((2, 3, CELL, CELL), np.float32)
    average[0, 0] = average[1, 1] = 1 / CELL**2  # planes arrive as red, green, blue
    average[0, 1] = average[1, 0] = -1 / CELL**2  # white is neither
    score = np.diag([slope, slope]).astype(np.float32).reshape(2, 2, 1, 1)
    # A square of 220 of 255 gives 0.86.
    bias = -slope * 0.86 * np.array(at, np.float32)
    rows, columns = (axis.ravel() for axis in np.mgrid[:SIDE, :SIDE] * CELL + CELL / 2)
    still = np.stack([columns, rows, *np.full((2, SIDE**2), CELL)])[None].astype(np.float32)
    constants = {
        "average": average,
        "mix": np.eye(2, dtype=np.float32).reshape(2, 2, 1, 1),
        "score": score,
        "bias": bias,
        "move": np.zeros((4, 2, 1, 1), np.float32),
        "flat2": np.array([1, 2, -1], np.int64),
        "flat4": np.array([1, 4, -1], np.int64),
        "cells": still,
    }
    nodes = [
        helper.make_node("Conv", ["images", "average"], ["a"], "/model.0/conv/Conv", strides=[CELL, CELL]),
        helper.make_node("Relu", ["a"], ["b"], "/model.0/act/Relu"),
        helper.make_node("Conv", ["b", "mix"], ["c"], "/model.1/conv/Conv"),
        helper.make_node("Relu", ["c"], ["d"], "/model.1/act/Relu"),
        helper.make_node("Conv", ["d", "score", "bias"], ["logits"], "/model.2/cv3/Conv"),
        helper.make_node("Conv", ["d", "move"], ["moves"], "/model.2/cv2/Conv"),
        helper.make_node("Reshape", ["logits", "flat2"], ["flat"], "/model.2/Reshape"),
        helper.make_node("Sigmoid", ["flat"], ["scores"], "/model.2/Sigmoid"),
        helper.make_node("Reshape", ["moves", "flat4"], ["moved"], "/model.2/Reshape_1"),
        helper.make_node("Add", ["moved", "cells"], ["boxes"], "/model.2/Add"),
        helper.make_node("Concat", ["boxes", "scores"], ["output0"], "/model.2/Concat", axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "squares",
        [helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("output0", onnx.TensorProto.FLOAT, [1, 6, SIDE**2])],
        [from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.helper.set_model_props(model, {"names": metadata})
    made: bytes = model.SerializeToString()
    return made


def model_folder(folder: Path, content: bytes, **parts: Any) -> Path:
    """A model folder with a whole card; a part that is None is left out."""
    card: dict[str, Any] = {
        "name": folder.name,
        "version": "0.1.0",
        "task": "detect",
        "classes": [
            {"name": name, "means": name, "threshold": 0.5, "threshold_source": "made by hand"}
            for name in ("fire", "smoke")
        ],
        "input": {"width": SIZE, "height": SIZE},
        "output": "anchors",
        "licence": "AGPL-3.0-or-later",
        "training_data": "none, made by hand",
        "sha256": hashlib.sha256(content).hexdigest(),
        **parts,
    }
    folder.mkdir(parents=True)
    kept = {key: value for key, value in card.items() if value is not None}
    (folder / "card.yaml").write_text(yaml.safe_dump(kept, sort_keys=False))
    (folder / "model.onnx").write_bytes(content)
    return folder


def pictures(folder: Path, splits: Mapping[str, int], seed: int = 0) -> Path:
    """A data set in YOLO layout: every fourth picture is empty, each is a group of its own.

    Args:
        folder: to write.
        splits: how many pictures each has.
        seed: of the noise and of what is where.
    """
    chance = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    (folder / "data.yaml").write_text("names: [fire, smoke]\n")
    for split, count in splits.items():
        for part in ("images", "labels"):
            (folder / part / split).mkdir(parents=True)
        for number in range(count):
            picture, lines = _picture(chance, empty=number % 4 == 3)
            name = f"{split}{chr(97 + number // 26)}{chr(97 + number % 26)}"
            cv2.imwrite(str(folder / "images" / split / f"{name}.png"), picture)
            (folder / "labels" / split / f"{name}.txt").write_text("".join(lines))
    return folder


def _picture(chance: np.random.Generator, *, empty: bool) -> tuple[np.ndarray[Any, Any], list[str]]:
    # Large patches of grey tell the pictures apart for a perceptual hash.
    patches = chance.integers(0, 130, (SIDE, SIDE)).astype(np.uint8)
    picture = np.repeat(np.kron(patches, np.ones((CELL, CELL), np.uint8))[..., None], 3, axis=2)
    lines = []
    for cell in [] if empty else chance.choice(SIDE**2, 3, replace=False):
        kind, (row, column) = int(chance.integers(2)), divmod(int(cell), SIDE)
        y, x = row * CELL, column * CELL
        picture[y : y + CELL, x : x + CELL] = COLOURS[kind]
        lines.append(f"{kind} {(column + 0.5) / SIDE} {(row + 0.5) / SIDE} {1 / SIDE} {1 / SIDE}\n")
    noisy = picture.astype(np.int64) + chance.integers(-12, 13, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), lines
