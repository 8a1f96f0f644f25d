"""Boxes that mean the same thing vote on where it is and how sure it is, instead of being dropped.

A model that learnt from loosely drawn labels spreads over a thing: dozens of boxes, each a little elsewhere. Greedy
suppression keeps the surest and forgets the others, and with them how many agree. Here each box that suppression drops
votes for the one that dropped it: edges are averaged (box voting, Gidaris and Komodakis 2015, section 4.3), and scores
are joined as by a noisy-or, in which each vote counts in part. Chosen on held-out pictures of `fire-smoke`; see
decision 0023.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration import boxes as box_math
from pipelines.detect.decode import suppress
from pipelines.detections import Detections

SHARE = 0.2
"""A box votes from this share of the winner's score on: what is weaker is noise, and need not be decoded."""

_PART = 0.4  # how much a vote counts beside the winner's own score
_POWER = 0.5  # edges are weighted with this power of the score
_CALM = 3.5  # brings the scores back to where those of single boxes were, so that thresholds keep their meaning
_SURE = 0.999


def vote(found: Detections, iou: float) -> Detections:
    """What greedy suppression leaves, moved and scored by all that it drops, best first.

    Args:
        found: boxes from `SHARE` times the lowest score of interest on; weaker ones have no vote anyway.
        iou: two boxes of a class that overlap more are one.

    Returns:
        The winners. Their scores are in another scale than those of `found`: many that agree raise it, and one
        that stands alone falls.
    """
    if not len(found):
        return found
    kept = suppress(found, iou)
    kept = kept.pick(np.argsort(-kept.confidence, kind="stable"))
    shared = box_math.iou(kept.xyxy, found.xyxy)
    same = (shared >= iou) & (kept.class_id[:, None] == found.class_id[None, :])
    winner = same.argmax(axis=0)  # the best that it overlaps: the one that dropped it
    counts = same.any(axis=0) & (found.confidence >= SHARE * kept.confidence[winner])
    votes = np.zeros_like(shared)
    votes[winner[counts], np.flatnonzero(counts)] = found.confidence[counts]
    weights = np.where(votes > 0, votes**_POWER, 0)
    heard = weights.sum(axis=1, keepdims=True)  # 0 for a box without an area, which overlaps nothing, itself neither
    xyxy = np.where(heard > 0, (weights @ found.xyxy) / np.maximum(heard, 1e-12), kept.xyxy)
    confidence = _joined(kept.confidence, votes)
    told = replace(kept, xyxy=xyxy.astype(np.float32), confidence=confidence)
    return told.pick(np.argsort(-confidence, kind="stable"))


def _joined(own: NDArray[np.float32], votes: NDArray[np.float32]) -> NDArray[np.float32]:
    """`(k,)` and `(k, n)` of scores, the winner's own among the votes `-> (k,)`."""
    own = np.minimum(own, _SURE)
    against = np.log1p(-_PART * votes).sum(axis=1) - np.log1p(-_PART * own) + np.log1p(-own)
    return np.asarray(-np.expm1(against / _CALM), np.float32)
