"""From a model's output to boxes: both layouts, and suppression of doubles."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration import boxes as box_math
from pipelines.detections import Detections


def decode_anchors(output: NDArray[np.float32], floors: NDArray[np.float32]) -> Detections:
    """`(4 + classes + 3 keypoints, n)` of centre x, centre y, width, height, scores, keypoints; in input pixels.

    Each anchor keeps its best class only, as Ultralytics does.

    Args:
        output: the model's output without its batch dimension.
        floors: `(classes,)`, scores below are dropped.
    """
    classes = len(floors)
    scores = output[4 : 4 + classes]
    # Of thousands of anchors a few dozen are left by the lowest floor; which class they are is asked of these alone.
    some = np.flatnonzero(scores.max(axis=0) >= floors.min())
    found = output[:, some]
    class_id = found[4 : 4 + classes].argmax(axis=0)
    best = found[4 + class_id, np.arange(len(some))]
    above = best >= floors[class_id]
    found, class_id, best = found[:, above], class_id[above], best[above]
    centre, half = found[:2].T, found[2:4].T / 2
    xyxy = np.concatenate([centre - half, centre + half], axis=1)
    return Detections(xyxy, best, class_id, keypoints=_triples(found[4 + classes :].T))


def decode_end_to_end(output: NDArray[np.float32], floors: NDArray[np.float32]) -> Detections:
    """`(n, 6 + 3 keypoints)` of x1, y1, x2, y2, score, class, keypoints; in input pixels, already without doubles."""
    class_id = np.clip(output[:, 5].astype(np.int64), 0, len(floors) - 1)
    keep = output[:, 4] >= floors[class_id]
    return Detections(output[keep, :4], output[keep, 4], class_id[keep], keypoints=_triples(output[keep, 6:]))


def _triples(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """`(n, 3 k) -> (n, k, 3)`, also where one of them is 0."""
    return np.ascontiguousarray(rows).reshape(len(rows), rows.shape[1] // 3, 3)


def suppress(found: Detections, iou: float) -> Detections:
    """Greedy non-maximum suppression, each class by itself, best first."""
    if len(found) < 2:
        return found
    x1, y1, x2, y2 = found.xyxy.T
    boxes = np.stack([x1, y1, x2 - x1, y2 - y1], axis=1)
    kept = cv2.dnn.NMSBoxesBatched(boxes.tolist(), found.confidence.tolist(), found.class_id.tolist(), 0.0, float(iou))
    return found.pick(np.asarray(kept, np.int64))


def merge_views(parts: list[Detections], overlap: float = 0.7) -> Detections:
    """Detections of several overlapping views of one frame, each thing once.

    A box mostly inside a better box of its class from another view is the same thing, or a part
    of it that the other view's edge cut off.
    """
    if len(parts) == 1:
        return parts[0]
    found = Detections.concatenate(parts)
    if len(found) < 2:
        return found
    view = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
    order = np.argsort(-found.confidence, kind="stable")
    found, view = found.pick(order), view[order]
    shared = box_math.intersection(found.xyxy, found.xyxy)
    areas = np.maximum(box_math.area(found.xyxy), 1e-6)
    inside = shared / np.minimum(areas[:, None], areas[None, :]) > overlap
    same = inside & (view[:, None] != view[None, :]) & (found.class_id[:, None] == found.class_id[None, :])
    keep = np.ones(len(found), bool)
    for i in range(len(found)):  # a few dozen boxes at most: they passed each view's suppression
        if keep[i]:
            keep[i + 1 :] &= ~same[i, i + 1 :]
    return found.pick(keep)
