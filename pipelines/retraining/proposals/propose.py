"""Labels from a teacher's proposals: what is sure becomes a label, what is doubtful neither label nor background.

A pupil learns what its labels leave out as background. A thing that the teacher half believes in must therefore not
stand in the picture unlabelled: its place is painted grey, or, where that would spoil a label, the picture is left
out. Labels made by hand, where there are any, win over the teacher.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import boxes as box_math
from pipelines.retraining.data.dataset import Labels
from pipelines.retraining.proposals.teacher import Proposals

SAME_IOU = 0.5
"""A hand-made box and a proposal are one thing from this overlap on, PASCAL VOC's measure."""

TWICE_IOU = 0.65
"""Two proposals of different classes are one thing, named twice, from this overlap on."""

SPOILT = 0.4
"""A label of which grey covers more than this is spoilt: the thing can no longer be told."""

MOSTLY = 0.5
"""A picture of which more than this is grey teaches little."""

SEEN, HIDDEN = 0.5, 0.25
"""Confidence of a keypoint from which it is seen, and from which it is hidden; below, it is not labelled."""

WHISPER = 0.1
"""Confidence from which a proposal may say what a box made by hand holds."""

LEAST_PX = 8
"""A box of which the longer side is shorter than this is doubtful whatever the confidence."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a proposal is sure, and where it is nothing; what lies between is doubtful."""

    high: float = 0.5
    low: float = 0.25

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.high < 1:
            raise ValueError(f"low {self.low}, high {self.high}: expected 0 < low <= high < 1")


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One picture's labels, and the places of which nothing is known: `doubtful` is `(m, 4)` float32, px."""

    labels: Labels
    doubtful: NDArray[np.float32]


def rename(found: Proposals, teacher: Sequence[str], wanted: Mapping[str, str], classes: Sequence[str]) -> Proposals:
    """Proposals under the set's own classes; what is not wanted is gone.

    Args:
        found: under the teacher's classes.
        teacher: names of the teacher's classes.
        wanted: the teacher's name of a class -> the set's.
        classes: names of the set's classes.
    """
    table = np.array([classes.index(wanted[name]) if name in wanted else -1 for name in teacher], np.int64)
    mine = table[found.class_id]
    return Proposals(found.xyxy, found.confidence, mine, found.keypoints).pick(mine >= 0)


def once(found: Proposals) -> Proposals:
    """Each thing under its surest name: a box that lies on a surer one of another class is gone."""
    order = np.argsort(-found.confidence, kind="stable")
    found = found.pick(order)
    overlap = box_math.iou(found.xyxy, found.xyxy)
    keep = np.ones(len(found), bool)
    for i in range(len(found)):
        if keep[i]:
            keep[i + 1 :] &= overlap[i, i + 1 :] < TWICE_IOU
    return found.pick(keep)


def judge(found: Proposals, limits: Limits) -> Judged:
    """Sure proposals as labels, doubtful ones as places; the rest is background."""
    found = once(found)
    longer = (found.xyxy[:, 2:] - found.xyxy[:, :2]).max(axis=1, initial=0)
    sure = (found.confidence >= limits.high) & (longer >= LEAST_PX)
    doubtful = (found.confidence >= limits.low) & ~sure
    chosen = found.pick(sure)
    labels = Labels(chosen.xyxy, chosen.class_id, visibility(chosen.keypoints))
    return Judged(labels, found.xyxy[doubtful])


def visibility(keypoints: NDArray[np.float32]) -> NDArray[np.float32]:
    """`(n, k, 3)` with confidence -> the same with visibility 2 (seen), 1 (hidden) or 0 (not labelled, at 0, 0)."""
    level = (keypoints[:, :, 2] >= SEEN).astype(np.float32) + (keypoints[:, :, 2] >= HIDDEN)
    return np.concatenate([keypoints[:, :, :2] * (level > 0)[:, :, None], level[:, :, None]], axis=2).astype(np.float32)


def merge(
    found: Proposals, limits: Limits, hand: Labels, meanings: Sequence[tuple[int, ...] | None], keypoints: bool = False
) -> Judged:
    """The teacher's labels and those made by hand as one; where they meet, the hand wins.

    Args:
        found: proposals under the set's classes.
        limits: where a proposal is sure.
        hand: boxes under classes of their own.
        meanings: for each class of the hand what it is in this set: one class; several, of which the teacher says
            which (`vehicle`: car, bus or truck); none of them (`machinery`), so that a sure proposal there is
            doubtful and a doubtful one is nothing; or None, a class that says nothing here (`hard hat`).
        keypoints: the set has keypoints: a box made by hand for which the teacher has none is doubtful.

    Returns:
        Labels and doubtful places.
    """
    found = once(found.pick(found.confidence >= WHISPER))
    means = [meanings[class_id] for class_id in hand.class_id]
    partner = _partners(hand, found, means)
    met = partner >= 0
    ours = np.array([bool(one) for one in means], bool)
    told = np.array([bool(one) and len(one) == 1 for one in means], bool) & (not keypoints)
    labelled, unknown = ours & (met | told), ours & ~met & ~told
    refused = partner[met & ~ours]
    free = np.ones(len(found), bool)
    free[partner[met]] = False
    rest = judge(found.pick(free), limits)
    of_hand = _labelled(hand, found, means, partner, np.flatnonzero(labelled))
    labels = Labels(
        np.concatenate([of_hand.xyxy, rest.labels.xyxy]),
        np.concatenate([of_hand.class_id, rest.labels.class_id]),
        np.concatenate([of_hand.keypoints, rest.labels.keypoints]),
    )
    doubted = found.xyxy[refused[found.confidence[refused] >= limits.high]]
    return Judged(labels, np.concatenate([hand.xyxy[unknown], doubted, rest.doubtful]))


def _partners(hand: Labels, found: Proposals, means: Sequence[tuple[int, ...] | None]) -> NDArray[np.int64]:
    """For each box made by hand the proposal of the same thing, -1 where there is none; each proposal serves once."""
    overlap = box_math.iou(hand.xyxy, found.xyxy)
    partner = np.full(len(hand), -1, np.int64)
    for i, one in enumerate(means):
        if one is None or not len(found):
            continue
        fits = np.isin(found.class_id, one) if one else np.ones(len(found), bool)
        best = int(np.where(fits, overlap[i], 0).argmax())
        if fits[best] and overlap[i, best] >= SAME_IOU:
            partner[i] = best
            overlap[:, best] = 0
    return partner


def _labelled(
    hand: Labels,
    found: Proposals,
    means: Sequence[tuple[int, ...] | None],
    partner: NDArray[np.int64],
    which: NDArray[np.int64],
) -> Labels:
    """Those boxes of the hand under the set's classes, with the keypoints of their proposals."""
    points = np.zeros((len(which), *found.keypoints.shape[1:]), np.float32)
    classes = np.zeros(len(which), np.int64)
    for place, i in enumerate(which):
        told, match = list(means[i] or ()), partner[i]
        classes[place] = told[0] if len(told) == 1 else found.class_id[match]
        if match >= 0:
            points[place] = found.keypoints[match]
    return Labels(hand.xyxy[which], classes, visibility(points))


def paint_out(judged: Judged, width: int, height: int) -> tuple[Labels, NDArray[np.int64]] | None:
    """What is left to learn once no doubtful thing can be learnt as background.

    Returns:
        The labels that stay and the places to paint grey, `(m, 4)` whole pixels: the doubtful ones, and the labels
        that those cover by more than `SPOILT`. None if more than half the picture would be grey: leave it out.
    """
    labels, places = judged.labels, judged.doubtful
    while True:
        grey = np.zeros((height, width), bool)
        whole = _whole_pixels(places, width, height)
        for x1, y1, x2, y2 in whole:
            grey[y1:y2, x1:x2] = True
        spoilt = np.array([_share(grey, box) > SPOILT for box in labels.xyxy], bool)
        if not spoilt.any():
            return None if grey.mean() > MOSTLY else (labels, whole)
        places = np.concatenate([places, labels.xyxy[spoilt]])
        labels = labels.pick(~spoilt)


def _whole_pixels(places: NDArray[np.float32], width: int, height: int) -> NDArray[np.int64]:
    grown = box_math.grow(places, 0.1)
    low, high = np.floor(grown[:, :2]), np.ceil(grown[:, 2:])
    whole = np.clip(np.concatenate([low, high], axis=1), 0, [width, height, width, height])
    return np.asarray(whole, np.int64)


def _share(grey: NDArray[np.bool_], box: NDArray[np.float32]) -> float:
    x1, y1, x2, y2 = box.round().clip(0).astype(int)
    inside = grey[y1:y2, x1:x2]
    return float(inside.mean()) if inside.size else 1.0
