"""How far two models say the same of the same pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration import boxes as box_math
from pipelines.detections import Detections

# COCO's constants for keypoints run from 0.05 (eyes) to 0.21 (hips).
_KEYPOINT = 0.1


def agreement(ones: Sequence[Detections], others: Sequence[Detections]) -> float:
    """From 0 (nothing in common) to 1 (the same boxes with the same confidence); no labels are needed.

    Each box counts by its confidence, and for how much it shares with the best counterpart of its class in the other
    list: intersection over union times the smaller confidence over the larger, for a pose times the likeness of its
    keypoints.

    Args:
        ones: what one model saw, one item a picture.
        others: what the other saw of the same pictures.
    """
    shared = total = 0.0
    for one, other in zip(ones, others, strict=True):
        total += float(one.confidence.sum() + other.confidence.sum())
        if not len(one) or not len(other):
            continue
        low, high = (pick(one.confidence[:, None], other.confidence) for pick in (np.minimum, np.maximum))
        same = one.class_id[:, None] == other.class_id
        alike = box_math.iou(one.xyxy, other.xyxy) * same * low / high
        if one.keypoints.shape[1]:
            alike = alike * _keypoints_alike(one, other)
        shared += float(alike.max(axis=1) @ one.confidence + alike.max(axis=0) @ other.confidence)
    return shared / total if total else 1.0


def _keypoints_alike(one: Detections, other: Detections) -> NDArray[np.float32]:
    """COCO's object keypoint similarity with one constant for all, each keypoint by its confidence: `(n, m)`."""
    apart = one.keypoints[:, None, :, :2] - other.keypoints[None, :, :, :2]
    size = np.maximum(box_math.area(one.xyxy), 1.0)[:, None, None]
    near = np.exp(-(apart**2).sum(axis=-1) / (2 * size * _KEYPOINT**2))
    weight = np.maximum(one.keypoints[:, None, :, 2], 1e-6)
    alike: NDArray[np.float32] = (near * weight).sum(axis=-1) / weight.sum(axis=-1)
    return alike
