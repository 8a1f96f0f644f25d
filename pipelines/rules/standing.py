"""Detected things that stay where they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.boxes import Boxes, iou

# A box overlapping this much with where it was first seen has not moved: half a box width of sway, or a
# person turning round, stays above it; a step aside does not.
SAME_PLACE = 0.5

# A look that misses it costs three times what a look that sees it earns, so it must be there for three
# quarters of the time: detectors blink, and people pass in front.
_MISS_COST = 3.0


@dataclass(slots=True)
class Spot:
    """One thing in one place.

    Attributes:
        box: `(4,)` 0–1, where it was first seen; it does not follow, so that what creeps away is lost.
        first_s: when it was first seen there.
        stood_s: time it has been seen to stand there, less what misses cost.
        confidence: mean over the looks that saw it.
    """

    box: NDArray[np.float32]
    first_s: float
    stood_s: float = 0.0
    confidence: float = 0.0
    sightings: int = 0


class Standing:
    """Matches boxes to spots by place alone: ids change when a detector blinks, places do not.

    Args:
        enough_s: time after which a spot counts.
    """

    def __init__(self, enough_s: float) -> None:
        self._enough_s = enough_s
        self._spots: list[Spot] = []

    def __iter__(self) -> Iterator[Spot]:
        return iter(self._spots)

    def reset(self) -> None:
        """Forget every spot."""
        self._spots.clear()

    def update(self, boxes: Boxes, confidence: NDArray[np.float32], time_s: float, elapsed_s: float) -> None:
        """Take in one look.

        Args:
            boxes: `(n, 4)` 0–1, what was found.
            confidence: `(n,)`.
            time_s: when.
            elapsed_s: since the look before, as far as that may count.
        """
        known = np.array([spot.box for spot in self._spots], np.float32).reshape(-1, 4)
        same = iou(known, boxes)
        for spot, overlaps in zip(self._spots, same, strict=True):
            best = int(overlaps.argmax()) if len(boxes) else -1
            if best >= 0 and overlaps[best] >= SAME_PLACE:
                spot.sightings += 1
                spot.stood_s = min(spot.stood_s + elapsed_s, self._enough_s)
                spot.confidence += (float(confidence[best]) - spot.confidence) / spot.sightings
            else:
                spot.stood_s -= elapsed_s * _MISS_COST
        self._spots = [spot for spot in self._spots if spot.stood_s >= 0]
        new = np.flatnonzero(same.max(axis=0, initial=0) < SAME_PLACE)
        self._spots += [Spot(boxes[i], time_s, confidence=float(confidence[i]), sightings=1) for i in new]

    def lasting(self) -> Iterator[Spot]:
        """The spots that have stood long enough."""
        return (spot for spot in self._spots if spot.stood_s >= self._enough_s - 0.02)
