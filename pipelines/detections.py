"""What a model saw in one frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray


def _no_ids() -> NDArray[np.int64]:
    return np.empty(0, np.int64)


def _no_keypoints() -> NDArray[np.float32]:
    return np.empty((0, 0, 3), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Boxes as parallel arrays.

    Attributes:
        xyxy: `(n, 4)` float32, pixels of the frame.
        confidence: `(n,)` float32, 0–1.
        class_id: `(n,)` int64, index into the card's classes.
        track_id: `(n,)` int64, -1 where the tracker has not (yet) given one.
        keypoints: `(n, k, 3)` float32, x and y in pixels of the frame and confidence 0–1, in the order of the card's
            `keypoints`; `k` is 0 where the model gives none.

    Raises:
        ValueError: the arrays do not belong together.
    """

    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    class_id: NDArray[np.int64]
    track_id: NDArray[np.int64] = field(default_factory=_no_ids)
    keypoints: NDArray[np.float32] = field(default_factory=_no_keypoints)

    def __post_init__(self) -> None:
        n = len(self.xyxy)
        if len(self.track_id) != n and len(self.track_id) == 0:
            object.__setattr__(self, "track_id", np.full(n, -1, np.int64))
        if len(self.keypoints) != n and self.keypoints.size == 0:
            object.__setattr__(self, "keypoints", np.empty((n, *self.keypoints.shape[1:]), np.float32))
        if self.xyxy.ndim != 2 or self.xyxy.shape[1] != 4:
            raise ValueError(f"xyxy: expected shape (n, 4), found {self.xyxy.shape}")
        for name in ("confidence", "class_id", "track_id"):
            shape = getattr(self, name).shape
            if shape != (n,):
                raise ValueError(f"{name}: expected shape ({n},) to match xyxy, found {shape}")
        points = self.keypoints.shape
        if len(points) != 3 or points[0] != n or points[2] != 3:
            raise ValueError(f"keypoints: expected shape ({n}, k, 3) to match xyxy, found {points}")

    @classmethod
    def none(cls) -> Detections:
        """No detections."""
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64))

    @classmethod
    def concatenate(cls, parts: Iterable[Detections]) -> Detections:
        """All parts behind one another; those without a box may be of a model with other keypoints."""
        parts = list(parts)
        parts = [p for p in parts if len(p)] or parts[:1] or [cls.none()]
        return cls(
            np.concatenate([p.xyxy for p in parts]),
            np.concatenate([p.confidence for p in parts]),
            np.concatenate([p.class_id for p in parts]),
            np.concatenate([p.track_id for p in parts]),
            np.concatenate([p.keypoints for p in parts]),
        )

    def __len__(self) -> int:
        return len(self.xyxy)

    def pick(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Detections:
        """Those chosen by a mask or by indices."""
        return Detections(
            self.xyxy[which],
            self.confidence[which],
            self.class_id[which],
            self.track_id[which],
            self.keypoints[which],
        )

    def with_tracks(self, track_id: NDArray[np.int64]) -> Detections:
        """The same boxes with the tracker's ids."""
        return replace(self, track_id=track_id)
