"""Gives the same thing the same number from look to look."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from calibration.boxes import iou
from pipelines.detections import Detections
from pipelines.track.assign import assign

Array = NDArray[np.float32]

# Meanings between which one and the same thing may flip from look to look.
_SAME_THING = {
    "machinery": "vehicle",
    "hard_hat": "head",
    "no_hard_hat": "head",
    "vest": "torso",
    "no_vest": "torso",
    "mask": "face",
    "no_mask": "face",
}

# How far, in box sizes (the root of its area), a box may be from where it was expected: some at once, more
# with time. A person walks 1.4 m/s and is 0.9 m "large": 1.5 sizes a second; one who runs, twice that.
# Once the speed is known only its changes are left.
_REACH = 0.5
_REACH_NEW_PER_S = 2.0
_REACH_KNOWN_PER_S = 1.0
_REACH_GROWS_S = 1.5  # no further than this many seconds' worth: beyond, a place says nothing any more

_SIZE_RATIO = 2.5  # areas of the same thing in two looks differ by no more
_FAINT_REACH = 0.6  # boxes of low confidence must be this much nearer
_TWIN_IOU = 0.65  # an unmatched box that overlaps a tracked one this much is the same thing found twice
_SPEED_GAIN = 0.6  # weight of the newest measurement of the speed
_FORGET = 10  # a track whose place nobody looks at is kept this many times `lost_s`


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """What the tracker has to know about the model.

    Attributes:
        meanings: what each class means, by class id, as on the model's card.
        confident: confidence of each class from which a box starts a track and is matched first;
            those below only carry on tracks that exist.
        lost_s: how long a track is kept while its place is looked at and it is not found.
    """

    meanings: tuple[str, ...]
    confident: tuple[float, ...]
    lost_s: float = 3.0

    def __post_init__(self) -> None:
        if len(self.meanings) != len(self.confident):
            raise ValueError(f"{len(self.meanings)} meanings, but {len(self.confident)} confidences")


@dataclass(slots=True)
class _Tracks:
    """Parallel arrays, one row a track."""

    track_id: NDArray[np.int64]
    group: NDArray[np.int64]
    centre: Array  # (n, 2) px
    sides: Array  # (n, 2) px
    speed: Array  # (n, 2) px/s
    known: NDArray[np.bool_]  # the speed has been measured
    seen_s: NDArray[np.float64]
    missed_s: NDArray[np.float64]  # time it was looked for in vain

    @classmethod
    def none(cls) -> _Tracks:
        pairs = np.empty((0, 2), np.float32)
        times = np.empty(0, np.float64)
        numbers = np.empty(0, np.int64)
        return cls(numbers, numbers, pairs, pairs, pairs, np.empty(0, bool), times, times)

    def pick(self, which: NDArray[np.bool_]) -> _Tracks:
        return replace(self, **{f.name: getattr(self, f.name)[which] for f in fields(self)})

    def join(self, other: _Tracks) -> _Tracks:
        return replace(
            self,
            **{f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)},
        )


class Tracker:
    """ByteTrack's two stages on arrays, for looks a fifth of a second to several seconds apart.

    A walking person's boxes in two looks a second apart may not overlap at all, so the cost of a pair is
    made of overlap and of the distance to the predicted place in box sizes; the prediction uses the true
    time between looks.

    Args:
        settings: classes and timing.
    """

    def __init__(self, settings: TrackSettings) -> None:
        self._settings = settings
        things = [_SAME_THING.get(meaning, meaning) for meaning in settings.meanings]
        names = sorted(set(things))
        self._groups = np.array([names.index(thing) for thing in things], np.int64)
        self._confident = np.array(settings.confident, np.float32)
        self._next_id = 1
        self.reset()

    def reset(self) -> None:
        """Forget all tracks; their ids are not used again."""
        self._tracks = _Tracks.none()
        self._time_s: float | None = None

    def update(self, detections: Detections, time_s: float, looked: Array | None = None) -> Detections:
        """Number the boxes of one look.

        Args:
            detections: of any confidence.
            time_s: the frame's monotonic time.
            looked: `(k, 4)` px, the parts of the picture that the model was given; all of it if left out.
                Tracks elsewhere are not missed.

        Returns:
            The same boxes in the same order, with `track_id` -1 for those that belong to no track.
        """
        tracks = self._tracks
        group = self._groups[detections.class_id]
        confident = detections.confidence >= self._confident[detections.class_id]
        cost = self._cost(detections, group, time_s)
        track_of = np.full(len(detections), -1, np.int64)
        free = np.ones(len(tracks.track_id), bool)
        for stage, reach in ((confident, 1.0), (~confident, _FAINT_REACH)):
            rows, columns = np.flatnonzero(free), np.flatnonzero(stage)
            part = cost[np.ix_(rows, columns)]
            i, j = assign(np.where(part <= reach, part, np.inf).astype(np.float32))
            track_of[columns[j]] = rows[i]
            free[rows[i]] = False
        matched = np.flatnonzero(track_of >= 0)
        self._follow(track_of[matched], detections.xyxy[matched], time_s)
        self._age(free, time_s, looked)
        track_id = np.full(len(detections), -1, np.int64)
        track_id[matched] = tracks.track_id[track_of[matched]]
        fresh = np.flatnonzero(confident & (track_of < 0))
        fresh = fresh[~self._twins(detections, group, fresh, matched)]
        track_id[fresh] = self._start(detections.xyxy[fresh], group[fresh], time_s)
        self._time_s = time_s
        return detections.with_tracks(track_id)

    def _cost(self, detections: Detections, group: NDArray[np.int64], time_s: float) -> Array:
        """Cost of each pair, `(tracks, detections)`: 0 (same place) to 1, infinite if not allowed."""
        tracks = self._tracks
        ahead_s = np.clip(time_s - tracks.seen_s, 0, _REACH_GROWS_S).astype(np.float32)
        expected = tracks.centre + tracks.speed * ahead_s[:, None]
        boxes = np.concatenate([expected - tracks.sides / 2, expected + tracks.sides / 2], axis=1)
        centre, sides = _centre_sides(detections.xyxy)
        area, found_area = tracks.sides.prod(axis=1)[:, None], sides.prod(axis=1)[None]
        larger, smaller = np.maximum(area, found_area), np.maximum(np.minimum(area, found_area), 1e-3)
        size = np.sqrt(np.sqrt(larger * smaller))
        away = np.linalg.norm(expected[:, None] - centre[None], axis=2) / np.maximum(size, 1e-3)
        pace = np.where(tracks.known, _REACH_KNOWN_PER_S, _REACH_NEW_PER_S)
        reach = (_REACH + pace * ahead_s)[:, None]
        allowed = (tracks.group[:, None] == group[None]) & (away <= reach) & (larger <= smaller * _SIZE_RATIO)
        cost = 0.5 * away / reach + 0.5 * (1 - iou(boxes, detections.xyxy))
        return np.where(allowed, cost, np.inf).astype(np.float32)

    def _follow(self, rows: NDArray[np.int64], xyxy: Array, time_s: float) -> None:
        """Move matched tracks to where they were found."""
        tracks = self._tracks
        centre, sides = _centre_sides(xyxy)
        elapsed_s = time_s - tracks.seen_s[rows]
        measured = elapsed_s > 0
        speed = (centre - tracks.centre[rows]) / np.where(measured, elapsed_s, 1)[:, None]
        gain = np.where(tracks.known[rows], _SPEED_GAIN, 1.0)[:, None] * measured[:, None]
        tracks.speed[rows] += (gain * (speed - tracks.speed[rows])).astype(np.float32)
        tracks.known[rows] |= measured
        tracks.centre[rows], tracks.sides[rows] = centre, sides
        tracks.seen_s[rows], tracks.missed_s[rows] = time_s, 0.0

    def _age(self, missed: NDArray[np.bool_], time_s: float, looked: Array | None) -> None:
        """Drop the tracks that were looked for in vain for too long."""
        tracks = self._tracks
        elapsed_s = 0.0 if self._time_s is None else time_s - self._time_s
        if looked is not None:
            x, y = tracks.centre[:, 0, None], tracks.centre[:, 1, None]
            left, top, right, bottom = looked.T
            missed = missed & ((left <= x) & (x <= right) & (top <= y) & (y <= bottom)).any(axis=1)
        tracks.missed_s[missed] += elapsed_s
        lost_s = self._settings.lost_s
        keep = (tracks.missed_s <= lost_s) & (time_s - tracks.seen_s <= lost_s * _FORGET)
        self._tracks = tracks.pick(keep)

    def _twins(
        self, detections: Detections, group: NDArray[np.int64], fresh: NDArray[np.int64], matched: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Which of the fresh boxes show something that is tracked, or a surer fresh box shows: `(fresh,)`."""
        others = np.concatenate([matched, fresh])
        same = iou(detections.xyxy[fresh], detections.xyxy[others]) >= _TWIN_IOU
        same &= group[fresh][:, None] == group[others][None]
        surer = detections.confidence[others][None] > detections.confidence[fresh][:, None]
        surer[:, : len(matched)] = True
        twins: NDArray[np.bool_] = (same & surer).any(axis=1)
        return twins

    def _start(self, xyxy: Array, group: NDArray[np.int64], time_s: float) -> NDArray[np.int64]:
        """New tracks for these boxes: their ids."""
        count = len(xyxy)
        track_id = np.arange(self._next_id, self._next_id + count)
        self._next_id += count
        centre, sides = _centre_sides(xyxy)
        times = np.full(count, time_s, np.float64)
        still = np.zeros((count, 2), np.float32)
        new = _Tracks(track_id, group, centre, sides, still, np.zeros(count, bool), times, np.zeros(count))
        self._tracks = self._tracks.join(new)
        return track_id


def _centre_sides(xyxy: Array) -> tuple[Array, Array]:
    middle = np.asarray((xyxy[:, :2] + xyxy[:, 2:]) / 2, np.float32)
    return middle, np.asarray(xyxy[:, 2:] - xyxy[:, :2], np.float32)
