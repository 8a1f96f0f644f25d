"""A data set out of what a teacher saw: judged, painted, grouped and split, as a plan that makes its pictures.

The plan names sources and holds labels, so that the set can be made again without the teacher; see `derive`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration import boxes as box_math
from pipelines.retraining.data.dataset import Labels
from pipelines.retraining.proposals.derive import Derived
from pipelines.retraining.proposals.propose import SAME_IOU, Judged, Limits, judge, merge, paint_out
from pipelines.retraining.proposals.teacher import Proposals

HOLD_PERCENT = 12
"""Of the groups, how many are held back from training, to choose recipe and thresholds on."""

CARRIED = ("backpack", "handbag", "suitcase", "bottle")
"""Things that a person carries; one that fills much of a picture is something else (a car from above, a wheel)."""

_CARRIED_SHARE = 0.12


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One picture and what is known of it.

    Attributes:
        name: of the picture to make, without suffix.
        source: file relative to a root; a picture, or a video with `frame`.
        frame: number from 0, None for a picture.
        sha256: digest of the source file.
        size: width and height, px.
        group: what it was taken with.
        split: `val` for what is kept for the last score, None for what may be trained on.
        found: the teacher's proposals, under the set's classes.
        hand: labels made by hand, under classes of their own; None if there are none.
        meanings: of those classes, as `propose.merge` takes them.
        witnessed: `(m, 4)` float32, what a second teacher is sure of: where there is no label, it is doubtful.
    """

    name: str
    source: str
    frame: int | None
    sha256: str
    size: tuple[int, int]
    group: str
    split: str | None
    found: Proposals
    hand: Labels | None = None
    meanings: Sequence[tuple[int, ...] | None] = ()
    witnessed: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the proposals.

    Attributes:
        pictures: that are in the plan.
        left_out: that would have been mostly grey, or would show nothing but grey places.
        painted: of `pictures`, those with at least one grey place.
        places: painted, in all.
        scarce: boxes of each class dropped for having too few; painted grey too.
        boxes: of each class that stays.
    """

    pictures: int
    left_out: int
    painted: int
    places: int
    scarce: Mapping[str, int]
    boxes: Mapping[str, int]


def distil(
    seen: Sequence[Seen], classes: Sequence[str], limits: Limits, least: int = 30
) -> tuple[tuple[Derived, ...], tuple[str, ...], Tally]:
    """Pictures to make, with labels, under the classes of which there are enough.

    Args:
        seen: what the teacher saw; of keypoints all or none.
        classes: wanted, under which the proposals are.
        limits: where a proposal is sure.
        least: a class with fewer boxes to train on is dropped, and its boxes become doubtful places.

    Returns:
        The pictures, the classes that stay, and the count of all that was done.
    """
    judged = [_implausible(_judge(one, limits), one.size, classes) for one in seen]
    counts: Counter[int] = Counter()
    for one, verdict in zip(seen, judged, strict=True):
        counts.update(verdict.labels.class_id.tolist() if one.split is None else ())
    kept = tuple(name for i, name in enumerate(classes) if counts[i] >= least)
    table = np.array([kept.index(name) if name in kept else -1 for name in classes], np.int64)
    made = [_derive(one, _without_scarce(verdict, table)) for one, verdict in zip(seen, judged, strict=True)]
    pictures = tuple(picture for picture in made if picture is not None)
    boxes = Counter(kept[box[0]] for picture in pictures for box in picture.boxes)
    tally = Tally(
        pictures=len(pictures),
        left_out=len(seen) - len(pictures),
        painted=sum(bool(picture.grey) for picture in pictures),
        places=sum(len(picture.grey) for picture in pictures),
        scarce={name: counts[i] for i, name in enumerate(classes) if name not in kept},
        boxes={name: boxes[name] for name in kept},
    )
    return pictures, kept, tally


def split_of(group: str) -> str:
    """`hold` or `train`, by the group's name alone: what is added later changes nothing.

    >>> split_of("metu_clip01") == split_of("metu_clip01")
    True
    """
    return "hold" if int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) % 100 < HOLD_PERCENT else "train"


def _judge(one: Seen, limits: Limits) -> Judged:
    if one.hand is None:
        judged = judge(one.found, limits)
    else:
        judged = merge(one.found, limits, one.hand, one.meanings, keypoints=one.found.keypoints.shape[1] > 0)
    if one.witnessed is None or not len(one.witnessed):
        return judged
    known = box_math.iou(one.witnessed, judged.labels.xyxy).max(axis=1, initial=0) >= SAME_IOU
    return replace(judged, doubtful=np.concatenate([judged.doubtful, one.witnessed[~known]]))


def _implausible(judged: Judged, size: tuple[int, int], classes: Sequence[str]) -> Judged:
    """Labels that their size belies become doubtful."""
    carried = np.isin(judged.labels.class_id, [i for i, name in enumerate(classes) if name in CARRIED])
    wrong = carried & (box_math.area(judged.labels.xyxy) > _CARRIED_SHARE * size[0] * size[1])
    return _doubt(judged, wrong)


def _without_scarce(judged: Judged, table: NDArray[np.int64]) -> Judged:
    judged = _doubt(judged, table[judged.labels.class_id] < 0)
    return replace(judged, labels=replace(judged.labels, class_id=table[judged.labels.class_id]))


def _doubt(judged: Judged, which: NDArray[np.bool_]) -> Judged:
    return Judged(judged.labels.pick(~which), np.concatenate([judged.doubtful, judged.labels.xyxy[which]]))


def _derive(one: Seen, judged: Judged) -> Derived | None:
    painted = paint_out(judged, *one.size)
    if painted is None:
        return None
    labels, places = painted
    if len(places) and not len(labels):
        return None
    picture = Derived(
        name=one.name,
        source=one.source,
        frame=one.frame,
        sha256=one.sha256,
        size=one.size,
        group=one.group,
        split=one.split or split_of(one.group),
        grey=tuple(tuple(place) for place in places.tolist()),
    )
    return picture.with_labels(labels)
