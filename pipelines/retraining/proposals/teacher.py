"""A teacher: a large or well-read model whose proposals become labels of a smaller one.

It looks at each picture twice, as it is and mirrored: a thing that it finds only one way round is a guess.
Imports ultralytics and torch inside the functions only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration import boxes as box_math
from calibration.errors import DatasetError
from calibration.skeleton import COCO_KEYPOINTS

AGREE_IOU = 0.55
"""Two looks mean one thing from this overlap on; below it boxes of neighbours in a group begin to match."""

ONE_LOOK = 0.5
"""Share of its confidence that a proposal keeps which only one of the two looks made."""

POINT_APART = 0.1
"""Two looks put a keypoint at one place if they are nearer than this share of the box's longer side."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """What a teacher sees in one picture, as parallel arrays.

    Attributes:
        xyxy: `(n, 4)` float32, pixels of the picture.
        confidence: `(n,)` float32, 0 to 1.
        class_id: `(n,)` int64, index into the teacher's classes.
        keypoints: `(n, k, 3)` float32: x and y in pixels, confidence; k = 0 without.
    """

    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    class_id: NDArray[np.int64]
    keypoints: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.xyxy)

    def pick(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Proposals:
        """Those chosen by a mask or by indices."""
        return Proposals(self.xyxy[which], self.confidence[which], self.class_id[which], self.keypoints[which])


def flip_indices(names: tuple[str, ...]) -> tuple[int, ...]:
    """Which keypoint each one becomes in a mirror: left and right change places, the others stay.

    >>> flip_indices(("nose", "left_eye", "right_eye"))
    (0, 2, 1)
    """
    swapped = (n.replace("left_", "right_") if n.startswith("left_") else n.replace("right_", "left_") for n in names)
    return tuple(names.index(name) for name in swapped)


def mirrored(found: Proposals, width: int, flip: tuple[int, ...]) -> Proposals:
    """The same proposals in the mirrored picture of that `width`, px."""
    xyxy = found.xyxy.copy()
    xyxy[:, [0, 2]] = width - found.xyxy[:, [2, 0]]
    keypoints = found.keypoints[:, list(flip)] if len(flip) else found.keypoints.copy()
    keypoints[:, :, 0] = width - keypoints[:, :, 0]
    return Proposals(xyxy, found.confidence, found.class_id, keypoints)


def agree(first: Proposals, second: Proposals) -> Proposals:
    """Two looks at one picture as one: what both saw is the mean of both, what one saw loses half its confidence.

    Boxes of one class match one to one, the surest first, from `AGREE_IOU` on. A keypoint that the two looks put at
    different places loses half its confidence too.
    """
    overlap = box_math.iou(first.xyxy, second.xyxy)
    overlap[first.class_id[:, None] != second.class_id[None, :]] = 0
    pairs: list[tuple[int, int]] = []
    for i in np.argsort(-first.confidence, kind="stable"):
        j = int(overlap[i].argmax()) if len(second) else 0
        if len(second) and overlap[i, j] >= AGREE_IOU:
            pairs.append((int(i), j))
            overlap[:, j] = 0
    one, two = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    both = _mean(first.pick(one), second.pick(two))
    alone = [_doubted(part, used) for part, used in ((first, one), (second, two))]
    parts = [both, *alone]
    return Proposals(
        np.concatenate([p.xyxy for p in parts]),
        np.concatenate([p.confidence for p in parts]),
        np.concatenate([p.class_id for p in parts]),
        np.concatenate([p.keypoints for p in parts]),
    )


def _mean(a: Proposals, b: Proposals) -> Proposals:
    keypoints = (a.keypoints + b.keypoints) / 2
    if keypoints.size:
        longer = (a.xyxy[:, 2:] - a.xyxy[:, :2]).max(axis=1)
        apart = np.linalg.norm(a.keypoints[:, :, :2] - b.keypoints[:, :, :2], axis=2)
        keypoints[:, :, 2] *= np.where(apart > POINT_APART * longer[:, None], ONE_LOOK, 1.0)
    xyxy, confidence = (a.xyxy + b.xyxy) / 2, (a.confidence + b.confidence) / 2
    return Proposals(xyxy.astype(np.float32), confidence.astype(np.float32), a.class_id, keypoints.astype(np.float32))


def _doubted(found: Proposals, used: NDArray[np.int64]) -> Proposals:
    rest = np.ones(len(found), bool)
    rest[used] = False
    left = found.pick(rest)
    return Proposals(left.xyxy, left.confidence * np.float32(ONE_LOOK), left.class_id, left.keypoints)


class Teacher:
    """An Ultralytics checkpoint that proposes labels.

    Args:
        weights: a detection or pose checkpoint (`.pt`).
        size_px: longer side at which it looks; small pictures are enlarged to it.
        floor: confidence under which it says nothing.

    Raises:
        DatasetError: ultralytics is missing, the file is, or it is neither a detection nor a pose model.
    """

    def __init__(self, weights: Path, size_px: int = 640, floor: float = 0.1) -> None:
        try:
            import torch
            from ultralytics import YOLO
        except ImportError as error:
            raise DatasetError("a teacher needs ultralytics: pip install 'lookout-agent[train]'") from error
        if not weights.is_file():
            raise DatasetError(f"{weights}: no such file; a teacher is an Ultralytics checkpoint (.pt)")
        torch.set_num_threads(1)  # a training may run beside it
        self._model: Any = YOLO(str(weights))
        if self._model.task not in {"detect", "pose"}:
            raise DatasetError(f"{weights}: a model for {self._model.task!r}, allowed: detect, pose")
        self.classes = tuple(str(self._model.names[i]) for i in sorted(self._model.names))
        self.keypoints = COCO_KEYPOINTS if self._model.task == "pose" else ()
        self._flip = flip_indices(self.keypoints)
        self._size_px, self._floor = size_px, floor

    def look(self, image: NDArray[np.uint8]) -> Proposals:
        """Both looks at `(h, w, 3)` BGR, as one."""
        other = mirrored(self._once(cv2.flip(image, 1)), image.shape[1], self._flip)
        return agree(self._once(image), other)

    def _once(self, image: Any) -> Proposals:
        result = self._model.predict(image, imgsz=self._size_px, conf=self._floor, device="cpu", verbose=False)[0]
        boxes = result.boxes
        n, k = len(boxes), len(self.keypoints)
        points = result.keypoints.data.numpy() if k and n else np.empty((n, k, 3), np.float32)
        return Proposals(
            boxes.xyxy.numpy().astype(np.float32).reshape(n, 4),
            boxes.conf.numpy().astype(np.float32),
            boxes.cls.numpy().astype(np.int64),
            points.astype(np.float32),
        )
