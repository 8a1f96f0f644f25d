"""Is another model fit to take over? Both look at the same pictures, in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from calibration.errors import LookoutError, ModelError
from pipelines.detect import Detector
from pipelines.detections import Detections
from pipelines.frame import Frame

SLOWER = 1.5
"""A model that needs more than this share of the other's time is markedly slower."""

BLIND = 0.5
"""Of the pictures in which the model in use sees something, the other must see something in this share …"""

FEWEST = 4
"""… if there are so many at least."""

_LEAST_TURNS = 12

Run = Callable[[Callable[[], Detections]], Detections]


@dataclass(frozen=True, slots=True)
class Trial:
    """What the comparison came to.

    Attributes:
        pictures: how many both looked at.
        seen: in how many the model in use sees something, at its thresholds.
        kept: in how many of these the other does.
        slowdown: the other's time by the time of the one in use, median.
    """

    pictures: int
    seen: int
    kept: int
    slowdown: float

    def fault(self, *, allow_slower: bool = False, allow_fewer: bool = False) -> str | None:
        """Why the other is not to take over; None if it may.

        Args:
            allow_slower: it may need any time.
            allow_fewer: it may see as little as it likes.
        """
        if self.slowdown > SLOWER and not allow_slower:
            return f"it needs {self.slowdown:.1f} times the time of the model in use, allowed: {SLOWER:g} times"
        if self.seen >= FEWEST and self.kept < BLIND * self.seen and not allow_fewer:
            return f"it sees nothing in {self.seen - self.kept} of {self.seen} pictures in which the model in use does"
        return None

    def record(self) -> dict[str, int | float]:
        """For the answer to the platform."""
        return {
            "pictures": self.pictures, "seen": self.seen, "kept": self.kept, "slowdown": round(self.slowdown, 2),
        }  # fmt: skip


def compare(used: Detector, other: Detector, pictures: Sequence[Frame], alone: Run) -> Trial:
    """Have both look at all of these pictures.

    Their times are comparable only where both have the machine to themselves in the same way.

    Args:
        used: the model in use.
        other: the one that is to take over.
        pictures: stored ones and those of now; at least one.
        alone: calls one of them while no other model runs.

    Raises:
        ModelError: the other fails at one of them.
    """
    times: list[tuple[float, float]] = []
    seen = kept = 0
    for turn in range(max(len(pictures), _LEAST_TURNS)):
        frame = pictures[turn % len(pictures)]
        before, before_s = _timed(used, frame, alone)
        after, after_s = _timed(other, frame, alone)
        times.append((before_s, after_s))
        if turn < len(pictures) and _sees(used, before):
            seen += 1
            kept += _sees(other, after)
    slowdown = statistics.median(new for _, new in times[1:]) / statistics.median(old for old, _ in times[1:])
    return Trial(len(pictures), seen, kept, slowdown)


def _timed(detector: Detector, frame: Frame, alone: Run) -> tuple[Detections, float]:
    spent_s = 0.0

    def look() -> Detections:
        nonlocal spent_s
        began = time.perf_counter()
        found = detector.detect(frame)
        spent_s = time.perf_counter() - began
        return found

    name = detector.card.name
    try:
        found = alone(look)
    except LookoutError:
        raise
    except Exception as error:  # onnxruntime raises its own classes, which share no public base
        raise ModelError(f"model {name}: fails at a picture of {frame.width}×{frame.height}: {error}") from error
    if not (np.isfinite(found.xyxy).all() and np.isfinite(found.confidence).all()):
        raise ModelError(f"model {name}: gives boxes that are no numbers")
    return found, spent_s


def _sees(detector: Detector, found: Detections) -> bool:
    return bool((found.confidence >= detector.card.thresholds[found.class_id]).any())
