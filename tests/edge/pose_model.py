"""A tiny pose model that sees one body in every picture, for tests without a trained one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import yaml

from calibration.skeleton import COCO_KEYPOINTS
from tests.edge.onnx_file import onnx_file
from tests.pipelines.rules.bodies import Body, box_of

SIDE_PX = 64


def pose_model(folder: Path, posture: str = "lying") -> Path:
    """Write a model folder; its body fills most of the input."""
    points = Body(posture, at=(10, 0), tall=50).keypoints()
    x1, y1, x2, y2 = box_of(points)
    answer = np.zeros((1, 5 + points.size, 8), np.float32)
    answer[0, :, 0] = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, 0.9, *points.ravel()]
    weights = onnx_file((1, 3, SIDE_PX, SIDE_PX), answer.shape, answer=answer.ravel().tolist())
    card = {
        "name": folder.name,
        "version": "1",
        "task": "pose",
        "input": {"width": SIDE_PX, "height": SIDE_PX},
        "output": "anchors",
        "keypoints": list(COCO_KEYPOINTS),
        "classes": [{"name": "person", "means": "person", "threshold": 0.3}],
        "licence": "none",
        "training_data": "none",
        "sha256": hashlib.sha256(weights).hexdigest(),
    }
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(weights)
    (folder / "card.yaml").write_text(yaml.safe_dump(card))
    return folder
