"""What in an inspection a model could learn from, and how much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.boxes import intersection
from pipelines.activity import Activity
from pipelines.harvest.find import Why
from pipelines.hazards import Box
from pipelines.scene import Scene

STIRRING = frozenset({"fire", "smoke"})
"""What is never still: a detector that sees it where nothing stirs is mistaken, or looks at a picture of it."""

MOVING = frozenset({"person", "vehicle", "machinery"})
"""What moves about: a model that knows these should account for much that changes."""

# A detection whose odds are no more than this many times above or below its threshold's is uncertain.
NEAR_ODDS = 2.0
LEAST_NEARNESS = 0.3

# Strong is what changes in six blocks of the prefilter's 9×16 all over (`Regions.score` is a sum over blocks).
STRONG = 1.0
# Cells of the small picture (90×160) that have a flame's colour and move.
FLAME_CELLS = 8
# Of a sure detection's cells at most this share may move, or the prefilter did see something.
STILL_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Sign:
    """One reason to keep a frame.

    Attributes:
        why: which.
        score: 0–1, within its kind.
        spot: where, x1, y1, x2, y2 in 0–1 of the picture.
    """

    why: Why
    score: float
    spot: Box


def signs(scenes: Sequence[Scene], wanted: Sequence[frozenset[str]]) -> Iterator[Sign]:
    """The reasons to keep this frame, the most telling first.

    Args:
        scenes: what each lane's rules got to see of one frame; at least one.
        wanted: what the rules of each lane ask for, by meaning.
    """
    activity = scenes[0].activity
    if not activity.unsettled:
        for scene, meanings in zip(scenes, wanted, strict=True):
            yield from _unstirred(scene, meanings & STIRRING)
    for scene, meanings in zip(scenes, wanted, strict=True):
        yield from _uncertain(scene, meanings)
    if not activity.unsettled:
        yield from _unexplained(scenes, frozenset().union(*wanted))


def _uncertain(scene: Scene, meanings: frozenset[str]) -> Iterator[Sign]:
    """The detection nearest to its threshold, by the logarithm of its odds: 0.9 is as far from 0.8 as 0.2 from 0.1."""
    found = scene.of(*meanings, scale=0.0)
    if not len(found):
        return
    away = np.abs(_log_odds(found.confidence) - _log_odds(scene.thresholds[found.class_id])) / np.log(NEAR_ODDS)
    best = int(np.argmin(away))
    if (nearness := 1.0 - float(away[best])) >= LEAST_NEARNESS:
        yield Sign(Why.UNCERTAIN, nearness, _box(scene.boxes(found)[best]))


def _unstirred(scene: Scene, meanings: frozenset[str]) -> Iterator[Sign]:
    """The surest detection of what is never still, where nothing stirs."""
    found = scene.of(*meanings)
    for i in np.argsort(-found.confidence, kind="stable"):
        box = _box(scene.boxes(found)[i])
        if float(scene.activity.moving[scene.activity.window(box)].mean()) <= STILL_SHARE:
            yield Sign(Why.UNSTIRRED, float(found.confidence[i]), box)
            return


def _unexplained(scenes: Sequence[Scene], wanted: frozenset[str]) -> Iterator[Sign]:
    """What moves with a flame's colour, or changes much, under no detection of any model, however weak."""
    activity = scenes[0].activity
    boxes = np.concatenate([scene.boxes(scene.detections) for scene in scenes])
    if "fire" in wanted:
        cue = _flame(activity)
        if cue is not None and not _touched(cue.spot, boxes):
            yield cue
    known = frozenset().union(*(scene.meanings for scene in scenes))
    if not known.isdisjoint(MOVING):
        regions = activity.regions
        for box, score in zip(regions.xyxy, regions.score, strict=True):
            if score >= STRONG and not _touched(_box(box), boxes):
                yield Sign(Why.UNEXPLAINED, min(float(score) / (2 * STRONG), 1.0), _box(box))
                return


def _flame(activity: Activity) -> Sign | None:
    cells = activity.flame & activity.moving
    count = int(np.count_nonzero(cells))
    if count < FLAME_CELLS:
        return None
    rows, columns = np.flatnonzero(cells.any(axis=1)), np.flatnonzero(cells.any(axis=0))
    tall, wide = cells.shape
    spot = (columns[0] / wide, rows[0] / tall, (columns[-1] + 1) / wide, (rows[-1] + 1) / tall)
    return Sign(Why.UNEXPLAINED, min(count / (8 * FLAME_CELLS), 1.0), _box(np.array(spot, np.float32)))


def _touched(spot: Box, boxes: NDArray[np.float32]) -> bool:
    return bool((intersection(np.array([spot], np.float32), boxes) > 0).any())


def _log_odds(share: NDArray[np.float32]) -> NDArray[np.float32]:
    inside = np.clip(share, 1e-6, 1 - 1e-6)
    odds: NDArray[np.float32] = np.log(inside / (1 - inside))
    return odds


def _box(row: NDArray[np.float32]) -> Box:
    """Within the picture, and short when it is written down."""
    x1, y1, x2, y2 = (round(float(v), 4) for v in np.clip(row, 0.0, 1.0))
    return x1, y1, x2, y2
