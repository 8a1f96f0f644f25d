"""Watches one view's own health: whether what the camera sends could have shown a hazard."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import cv2
import numpy as np

from pipelines.coverage.compare import compare
from pipelines.coverage.faults import ViewFault
from pipelines.coverage.picture import Picture, picture_of, planes_of
from pipelines.frame import Frame, Plane

FRESH_S = 5.0
"""A view whose newest picture is older than this is offline, whatever the reader says."""

_FROZEN_S, _FROZEN_LOOKS = 6.0, 3
_JUDGE_S = 1.9
_HOLD_S = 3.0  # a fault is one when it has lasted so long, and is over when it has been gone for so long
_LEARN_LOOKS = (
    4  # pictures, two seconds apart, that have to agree before they are the reference: a car that passes is not
)
_STILL_SHARE = 0.2  # of the view's own restlessness: below it no sensor took the picture
_LEAST_RESTLESS = 0.3
_MOST_STEP = 4
_DOWN, _UP = 0.02, 0.002
_BLACK, _WHITE, _FLAT = 34, 222, 6.0
_TORN_ROWS = 0.22  # share of the height that is grey, or one row over and over
# A view is in its place while no more of it has changed since it was found there by its features, by more than a few
# levels of pixels that are means of 36; it is looked for again after a while all the same.
_CHANGED_LEVELS, _CHANGED_SHARE, _SURE_S = 4, 0.02, 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What a view looks like when all is well, by day and by night, as the installer pointed it.

    Attributes:
        day: in colour; None until it has been seen.
        night: under infrared; None until it has been seen.
        restless: how much two pictures differ by the sensor's noise alone, levels; 0 while that is not known.
    """

    day: Picture | None = None
    night: Picture | None = None
    restless: float = 0.0

    def like(self, picture: Picture) -> Picture | None:
        """The one that a picture can be compared with."""
        return self.day if picture.coloured else self.night

    def with_(self, picture: Picture) -> Reference:
        """With this one in the place of its kind."""
        return replace(self, day=picture) if picture.coloured else replace(self, night=picture)


class Coverage:
    """The faults of one view; `look` belongs to one thread.

    Costs some ten microseconds a look, and every two seconds a millisecond, or some where something has changed.

    Args:
        reference: what an earlier run learnt; nothing is known yet if None.
        moves: the camera does: there is no picture of how its view should be.

    Attributes:
        reference: what is known now; changes while it is being learnt.
        size: of the last frame, pixels.
    """

    def __init__(self, reference: Reference | None = None, *, moves: bool = False) -> None:
        self.reference = reference or Reference()
        self._moves = moves
        self.size = (0, 0)
        self._since: dict[ViewFault, float] = {}
        self._gone: dict[ViewFault, float] = {}
        self._named: frozenset[ViewFault] = frozenset()  # replaced as a whole: others read it
        self._judged_s = float("-inf")
        self._judged: set[ViewFault] = set()
        self._sample: Plane | None = None
        self._steps: deque[tuple[float, float]] = deque()
        self._learning: list[Picture] = []
        self._in_place: tuple[float, Plane] | None = None  # when it was last found there, and how it looked
        self._patience_s = _FROZEN_S

    def look(self, frame: Frame, keyframe_s: float | None = None) -> None:
        """One more picture of the view, as the camera sent it.

        Args:
            frame: the picture.
            keyframe_s: seconds between two keyframes of the stream. Between them an encoder may repeat a still view to
                the bit: only at the next one a frozen picture shows itself.
        """
        now_s = frame.time_s
        self._patience_s = max(_FROZEN_S, 1.2 * (keyframe_s or 0.0))
        if self.size != (frame.width, frame.height):
            self.size = (frame.width, frame.height)
            self._sample, self._learning, self._in_place = None, [], None
            self._steps.clear()
        found = self._frozen(frame, now_s)
        if now_s - self._judged_s >= _JUDGE_S:
            self._judged_s = now_s
            # A frozen picture says nothing of the lens.
            self._judged = set() if found else self._judge(frame)
        self._hold(found | self._judged, now_s)

    def faults(self) -> frozenset[ViewFault]:
        """What keeps the view from being seen, by its pictures; from any thread."""
        return self._named

    def _hold(self, found: set[ViewFault], now_s: float) -> None:
        for fault in found:
            self._gone.pop(fault, None)
            since_s = self._since.setdefault(fault, now_s)
            if now_s - since_s >= (0.0 if fault is ViewFault.FROZEN else _HOLD_S):
                self._named |= {fault}
        for fault in set(self._since) - found:
            gone_s = self._gone.setdefault(fault, now_s)
            if fault not in self._named or now_s - gone_s >= _HOLD_S:
                self._named -= {fault}
                del self._since[fault], self._gone[fault]

    def _frozen(self, frame: Frame, now_s: float) -> set[ViewFault]:
        """Pictures come, and hardly differ: not even by what a sensor adds to each."""
        sample = np.ascontiguousarray(frame.y[min(3, frame.height // 2) :: 8, min(3, frame.width // 2) :: 8])
        last, self._sample = self._sample, sample
        if last is None or last.shape != sample.shape:
            return set()
        # What moves counts little, and noise in full: it is all over the picture.
        step = float(np.minimum(cv2.absdiff(sample, last), _MOST_STEP).mean())
        self._steps.append((now_s, step))
        while len(self._steps) > 2 and now_s - self._steps[1][0] >= self._patience_s:
            self._steps.popleft()
        if len(self._steps) < _FROZEN_LOOKS or now_s - self._steps[0][0] < self._patience_s:
            return set()
        most = max(step for _, step in self._steps)
        known = self.reference.restless
        frozen = most == 0.0 or (known >= _LEAST_RESTLESS and most < _STILL_SHARE * known)
        if not frozen:
            # Down soon, up slowly: the quiet end of what is normal.
            learnt = known + (_DOWN if most < known else _UP) * (most - known) if known else most
            self.reference = replace(self.reference, restless=learnt)
        return {ViewFault.FROZEN} if frozen else set()

    def _judge(self, frame: Frame) -> set[ViewFault]:
        if self._moves:
            fault = blank(frame)
            return {fault} if fault is not None else set()
        plane, finer = planes_of(frame)
        tone = _tone(plane)
        if tone is not None:
            return {tone}
        in_place = self._stands(plane, frame.time_s)
        picture = picture_of(frame, plane, finer, in_place=in_place)
        known = self.reference.like(picture)
        if known is None and in_place:  # infrared has just been switched on
            in_place, picture = False, picture_of(frame, plane, finer)
        if _torn(plane):
            return {ViewFault.TORN}
        if known is None:
            self._learn(picture)
            return set()
        compared = compare(picture, known, in_place=in_place)
        if not in_place:
            self._in_place = (frame.time_s, plane) if compared.same else None
        faults = {
            ViewFault.COVERED: compared.covered, ViewFault.DEFOCUSED: compared.defocused,
            ViewFault.MOVED: compared.moved,
        }  # fmt: skip
        return {fault for fault, there in faults.items() if there}

    def _stands(self, plane: Plane, now_s: float) -> bool:
        """Has next to nothing changed since the view was found in its place?"""
        if self._in_place is None or now_s - self._in_place[0] > _SURE_S:
            return False
        changed = np.asarray(cv2.absdiff(plane, self._in_place[1])) > _CHANGED_LEVELS
        return bool(changed.mean() < _CHANGED_SHARE)

    def _learn(self, picture: Picture) -> None:
        """Of a few pictures in a row that show the same, the last becomes the reference."""
        if self._learning and not compare(picture, self._learning[-1]).same:
            self._learning = []
        self._learning.append(picture)
        if len(self._learning) >= _LEARN_LOOKS:
            self.reference = self.reference.with_(picture)
            self._learning = []


def blank(frame: Frame) -> ViewFault | None:
    """Why a picture shows nothing, whatever came before it: black or white all over, or torn; None if it does."""
    plane, _ = planes_of(frame)
    return _tone(plane) or (ViewFault.TORN if _torn(plane) else None)


def _tone(plane: Plane) -> ViewFault | None:
    """Black or white all over, with nothing in it; a dark picture in which something shows is none."""
    low, high = np.percentile(plane[::2, ::2], (2, 98))
    if high < _BLACK and high - low < 2 * _FLAT:
        return ViewFault.DARK
    if low > _WHITE and high - low < 3 * _FLAT:
        return ViewFault.BLOWN_OUT
    return None


def _torn(plane: Plane) -> bool:
    """Rows that are one and the same, or the grey that decoders put where nothing came, over much of the height."""
    rows = plane[1:].astype(np.float32)
    changes = cv2.absdiff(plane[1:], plane[:-1]).astype(np.float32).mean(axis=1)
    means = rows.mean(axis=1)
    spread = np.sqrt(np.maximum(np.einsum("ij,ij->i", rows, rows) / rows.shape[1] - means**2, 0))
    smeared = (changes < 0.15) & (spread > 3)
    grey = (changes < 0.4) & (spread < 1.5) & (np.abs(means - 128) < 10)
    return max(_longest(smeared), _longest(grey)) > _TORN_ROWS * len(plane)


def _longest(flags: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> int:
    """Length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max()) if len(edges) else 0
