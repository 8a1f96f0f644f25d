"""What a reader of telemetry gives, and what a mission adds to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime

from calibration.lens import Lens
from calibration.pose import Accuracy, Attitude, Pose


@dataclass(frozen=True, slots=True)
class Hints:
    """What a mission knows that a file lacks.

    Attributes:
        size: (width, height) of the pictures, pixels: focal lengths and angles become a lens by it.
        lens: of the camera, where the file says nothing of it.
        pitch_deg: of the camera, where the file has none.
        yaw_deg: of the camera, where the file has none.
        height_m: above the ground, where the file has none.
        accuracy: how far the poses may be off, instead of what is usual.
    """

    size: tuple[int, int] | None = None
    lens: Lens | None = None
    pitch_deg: float | None = None
    yaw_deg: float | None = None
    height_m: float | None = None
    accuracy: Accuracy | None = None

    def complete(self, pose: Pose) -> Pose:
        """A pose with what it lacks, where the mission knows it; what it says itself is not touched."""
        attitude = pose.attitude
        if attitude is None and self.pitch_deg is not None and self.yaw_deg is not None:
            attitude = Attitude(self.yaw_deg, self.pitch_deg)
        lens = pose.lens or self.lens
        if lens is not None and self.size is not None and (lens.width, lens.height) != self.size:
            lens = lens.sized(*self.size)
        return replace(
            pose,
            attitude=attitude,
            lens=lens,
            height_m=self.height_m if pose.height_m is None else pose.height_m,
            accuracy=self.accuracy or pose.accuracy,
        )


@dataclass(frozen=True, slots=True)
class Flight:
    """Poses of one recording.

    Attributes:
        poses: in the order of the file.
        started_local: wall clock of the first, in a time zone that the file does not say; None where it has none.
        left_out: what was not understood or is absurd, by reason, and how often.
    """

    poses: tuple[Pose, ...]
    started_local: datetime | None = None
    left_out: Counter[str] = field(default_factory=Counter)
